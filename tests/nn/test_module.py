"""Module against PyTorch: the same calls on the same modules, compared as text."""

import copy
import pickle

import pytest

import fastinit
from fastinit import nn
from reference.differential import calls, output

SETUP = """
class Part(nn.Module):
    def __init__(self, **held):
        super().__init__()
        for name, value in held.items():
            setattr(self, name, value)

    def forward(self, *args, **kwargs):
        return args, kwargs

def row(*lengths):
    return nn.Sequential(*[nn.Linear(length, 1) for length in lengths])

P = nn.Parameter(torch.ones(2))
slots = nn.Module()
slots.register_parameter("p", None)
slots.register_buffer("b", None)
slots.register_module("c", None)
net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1))
"""


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def both(torch, program):
    """What the program prints under this library and under torch, each value and exception on its lines."""
    return [output(library, SETUP + program) for library in (fastinit, torch)]


def assert_same(torch, program):
    ours, theirs = both(torch, program)
    assert ours == theirs


def printing(expressions):
    """A program that prints what each expression gives, or the exception that it raises."""
    lines = ["import warnings", "warnings.simplefilter('ignore')"]
    for expression in expressions:
        lines += [
            "try:",
            f"    print({expression!r}, '->', repr({expression}))",
            "except Exception as error:",
            f"    print({expression!r}, '->', type(error).__name__, error)",
        ]
    return "\n".join(lines)


NAMES = ["'a.b'", "''", "'forward'", "'training'", "3", "None", "'p'", "'b'", "'c'", "'new'"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "call",
    [
        "register_parameter({}, P)",
        "register_buffer({}, torch.ones(1))",
        "register_module({}, nn.Module())",
        "add_module({}, nn.Module())",
    ],
)
def test_names_are_taken_and_refused_as_in_torch(torch, name, call):
    assert_same(torch, printing([f"slots.{call.format(name)}", "list(slots.state_dict())", "slots"]))


VALUES = calls("""
3 | torch.ones(2) | torch.ones(2, dtype=torch.int32) | P | nn.Identity() | None | 'x' | np.ones(2) | [1]
nn.Linear | torch.ones(2, dtype=torch.float64) | torch.ones(2) > 0 | P * 1
torch.ones(2, dtype=torch.bfloat16)
""")


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("name", ["p", "b", "c", "new"])
def test_attributes_accept_and_refuse_values_as_in_torch(torch, name, value):
    tables = (
        "[list(t) for t in (slots._parameters, slots._buffers, slots._modules)], slots.__dict__.get('new')"
    )
    assert_same(torch, printing([f"setattr(slots, {name!r}, {value})", tables, "slots.state_dict()"]))


@pytest.mark.parametrize("call", ["register_parameter", "register_buffer", "register_module"])
@pytest.mark.parametrize("value", VALUES)
def test_registered_values_are_checked_as_in_torch(torch, call, value):
    assert_same(torch, printing([f"slots.{call}('x', {value})"]))


def test_what_is_set_before_init_is_refused(torch):
    program = """
def make(statement):
    def __init__(self):
        exec(statement)
    return type("M", (nn.Module,), {"__init__": __init__})
for statement in (
    "self.x = P", "self.x = nn.Module()", "self.x = torch.ones(1)", "self.register_parameter('x', P)",
    "self.register_buffer('x', torch.ones(1))",
):
    scope = {"nn": nn, "torch": torch, "P": P}
    def __init__(self, statement=statement):
        exec(statement, {**scope, "self": self})
    try:
        print(type("M", (nn.Module,), {"__init__": __init__})().__dict__)
    except Exception as error:
        print(type(error).__name__, error)
"""
    assert_same(torch, program)


def test_attributes_are_deleted_as_in_torch(torch):
    assert_same(
        torch,
        printing(
            calls("""
delattr(net, 'foo') | delattr(net[2], 'weight') | net[2].weight | net.foo | delattr(net, '1') | net
list(net.state_dict()) | delattr(net[0], 'in_features') | net.training
""")
        ),
    )


PATHS = calls(
    "'' | '0' | '5' | '0.weight' | '0.weight.x' | '1.weight' | 'x' | '0.in_features' | 'forward' | '0.bias'"
)


@pytest.mark.parametrize("method", ["get_submodule", "get_parameter", "get_buffer"])
def test_members_are_found_by_path_as_in_torch(torch, method):
    program = "nn.init.ones_(net[0].weight)\nnn.init.ones_(net[0].bias)\n"
    assert_same(torch, program + printing([f"net.{method}({path})" for path in PATHS]))


def test_submodules_are_set_by_path_as_in_torch(torch):
    assert_same(
        torch,
        printing(
            calls("""
net.set_submodule('0', nn.Identity()) | net.set_submodule('', nn.Identity())
net.set_submodule('7', nn.Identity()) | net.set_submodule('8', nn.Identity(), strict=True)
net.set_submodule('0.x', 3) | net | net.set_submodule('x.y', nn.Identity())
""")
        ),
    )


SHARED = """
shared = nn.Linear(2, 2)
tied = Part(first=shared, second=Part(again=shared, own=P), third=Part(own=P, weight=shared.weight))
tied.register_buffer("mean", torch.zeros(2))
tied.third.register_buffer("mean", tied.mean, persistent=False)
"""


@pytest.mark.parametrize("method", ["named_parameters", "named_buffers", "named_modules"])
@pytest.mark.parametrize("arguments", calls(" | prefix='net' | remove_duplicate=False"))
def test_members_are_named_as_in_torch(torch, method, arguments):
    assert_same(torch, SHARED + f"print([name for name, _ in tied.{method}({arguments})])")


def test_iteration_visits_what_torch_visits(torch):
    assert_same(
        torch,
        SHARED
        + printing(
            calls("""
len(list(tied.parameters())) | len(list(tied.parameters(recurse=False))) | len(list(tied.buffers()))
[n for n, _ in tied.named_parameters(recurse=False)]
[n for n, _ in tied.third.named_parameters('x', False)] | [name for name, _ in tied.named_children()]
len(list(tied.children())) | len(list(tied.modules())) | type(tied.named_parameters()).__name__
type(tied.parameters()).__name__ | list(tied.state_dict()) | list(tied.state_dict(prefix='p.'))
tied.state_dict()._metadata
""")
        ),
    )


def test_a_plain_tensor_is_not_a_parameter():
    module = nn.Module()
    module.weight = nn.Parameter(fastinit.ones(1))
    module.constant = fastinit.ones(1)
    assert [name for name, _ in module.named_parameters()] == ["weight"]
    assert list(module.state_dict()) == ["weight"]


LOADS = calls("""
S | {} | {}, strict=False | {**S, 'x': 1, '0.y': 2, '0.weight.z': 3} | {**S, 'x': 1}, strict=False | 3 | []
{**S, '0.weight': torch.ones(3)} | {**S, '0.weight': 3} | {**S, '0.weight': np.ones((2, 2))}
{**S, '0.weight': torch.ones(3), 'q': 1, '1.bias': torch.ones(1, 1)}
{k: v for k, v in S.items() if k != '0.bias'} | {**S, '0.weight': torch.ones(2, 2, dtype=torch.int32)}
{**S, '0.weight': torch.ones(3)}, strict=False
{**S, '0.weight': torch.full((2, 2), 5, dtype=torch.float64)}, assign=True | {**S, '1.bias': None}
{**S, '1.bias': nn.Parameter(torch.zeros(1), requires_grad=False)}, assign=True
""")


@pytest.mark.parametrize("arguments", LOADS)
def test_states_are_loaded_and_refused_as_in_torch(torch, arguments):
    program = """
pair = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
for p in pair.parameters():
    nn.init.ones_(p)
S = {name: value * 2 for name, value in pair.state_dict().items()}
"""
    after = "{name: (p.tolist(), p.dtype, p.requires_grad) for name, p in pair.named_parameters()}"
    assert_same(torch, program + printing([f"pair.load_state_dict({arguments})", after]))


@pytest.mark.parametrize("shapes", ["(), (1,)", "(1,), ()", "(), (2,)", "(2,), (1,)"])
def test_scalars_load_as_in_torch(torch, shapes):
    program = f"""
own, given = {shapes}
m = Part(p=nn.Parameter(torch.zeros(own)))
"""
    assert_same(torch, program + printing(["m.load_state_dict({'p': torch.ones(given)})", "m.p"]))


def test_extra_state_is_saved_and_loaded_as_in_torch(torch):
    program = """
class Counter(nn.Module):
    count = 3
    def get_extra_state(self):
        return self.count
    def set_extra_state(self, state):
        self.count = state
m = nn.Sequential(Counter())
"""
    assert_same(
        torch,
        program
        + printing(
            calls("""
m.state_dict() | m.load_state_dict({}, strict=False) | m.load_state_dict({'0._extra_state': 4}) | m[0].count
m.load_state_dict({})
""")
        ),
    )


def test_a_state_dict_shares_memory_and_has_no_graph():
    module = nn.Module()
    module.weight = nn.Parameter(fastinit.ones(2))
    state = module.state_dict()
    state["weight"].zero_()
    assert module.weight.tolist() == [0, 0]
    assert not state["weight"].requires_grad
    assert module.state_dict(keep_vars=True)["weight"] is module.weight


CONVERSIONS = calls("""
half() | double() | bfloat16() | float() | to(torch.float64) | to('cpu') | to('cpu', torch.float16) | to()
to(dtype=torch.float64) | to(torch.ones(1, dtype=torch.float64)) | to(torch.int32) | type(torch.float64)
cpu()
""")


@pytest.mark.parametrize("call", CONVERSIONS)
def test_conversions_keep_parameters_shared_as_in_torch(torch, call):
    facts = (
        "{name: (str(p.dtype), p.requires_grad, p.is_leaf, p.grad is not None and str(p.grad.dtype)) "
        "for name, p in tied.named_parameters()}"
    )
    program = f"""{SHARED}
P.grad = torch.ones(2)
tied.register_buffer('count', torch.tensor(0))
before = list(tied.parameters())
"""
    assert_same(
        torch,
        program
        + printing(
            [
                f"tied.{call} is tied",
                facts,
                "[a is b for a, b in zip(before, tied.parameters())]",
                "{name: str(b.dtype) for name, b in tied.named_buffers()}",
            ]
        ),
    )


def test_modes_reach_everything_below(torch):
    assert_same(
        torch,
        printing(
            calls("""
net.train('x') | net.train(1) | net.eval() is net | [m.training for m in net.modules()]
net.train()[1].training | net.requires_grad_(False) is net | [p.requires_grad for p in net.parameters()]
""")
        ),
    )


def test_apply_visits_children_first(torch):
    assert_same(torch, "print(net.apply(lambda m: print(type(m).__name__)) is net)")


@pytest.mark.parametrize("set_to_none", [True, False])
def test_zero_grad_forgets_or_clears(torch, set_to_none):
    program = f"""
P.grad = torch.ones(2)
grad, m = P.grad, Part(p=P)
m.zero_grad({set_to_none})
print(P.grad, grad)
"""
    assert_same(torch, program)


REPRS = """
class Described(nn.Module):
    def __init__(self, text, **held):
        super().__init__()
        self.text = text
        for name, value in held.items():
            setattr(self, name, value)
    def extra_repr(self):
        return self.text
for m in (
    nn.Module(), Part(), Described("a=1"), Described("a=1\\nb=2"), Described("a=1", child=Described("c=3")),
    Described("a\\nb", x=Part(), y=Part(z=Described("q\\nr"))), net, slots, nn.Sequential(net, net),
):
    print(m)
    print(str(m) == repr(m))
"""


def test_modules_print_as_in_torch(torch):
    assert_same(torch, REPRS)


def test_dir_lists_what_is_held(torch):
    assert_same(
        torch,
        "m = Part(p=P, c=net)\nm.register_buffer('b', None)\n"
        "print([name for name in ('p', 'c', 'b', 'forward', 'training') if name in dir(m)], '0' in dir(net))",
    )


#: What the tape has to call on tensors.
OF_TENSORS = {"accumulator", "version_counter"}
CLASSES = [name for name in nn.__all__ if isinstance(getattr(nn, name), type)]


@pytest.mark.parametrize("name", CLASSES)
def test_members_that_torch_has_not_are_private(torch, name):
    # A model that derives from the class may use their names for something else.
    theirs = getattr(torch.nn, name)
    own = {member for member in dir(getattr(nn, name)) if not member.startswith("_")}
    assert {member for member in own if not hasattr(theirs, member)} <= set(
        theirs.__annotations__
    ) | OF_TENSORS


def test_a_module_without_forward_says_so(torch):
    assert_same(torch, printing(["nn.Module()(1)", "nn.Module(3)", "nn.Module(a=3)", "nn.Module().foo"]))


@pytest.mark.parametrize(
    "duplicate",
    [copy.deepcopy, lambda module: pickle.loads(pickle.dumps(module))],
    ids=["deepcopy", "pickle"],
)
def test_copies_keep_what_is_shared_shared(duplicate):
    shared = nn.Module()
    shared.weight = nn.Parameter(fastinit.ones(2), requires_grad=False)
    parent = nn.Sequential(shared, shared, nn.Module())
    parent[2].tied = shared.weight
    parent.register_buffer("mean", fastinit.zeros(1), persistent=False)
    other = duplicate(parent)
    assert other[0] is other[1]
    assert other[2].tied is other[0].weight
    assert type(other[0].weight) is nn.Parameter
    assert not other[0].weight.requires_grad
    assert list(other.state_dict()) == list(parent.state_dict())
    other[0].weight.fill_(5)
    assert parent[0].weight.tolist() == [1, 1]
    assert repr(other) == repr(parent)


def test_a_parameter_reached_twice_is_trained_once():
    module = nn.Module()
    module.first = nn.Parameter(fastinit.ones(1))
    module.second = module.first
    assert len(list(module.parameters())) == 1
    (module.first * 3 + module.second * 4).sum().backward()
    assert module.first.grad.item() == 7


def test_the_next_class_is_initialised_where_call_super_init_says_so():
    class Named:
        def __init__(self, name, *, size=0):
            self.name, self.size = name, size

    class Both(nn.Module, Named):
        call_super_init = True

        def __init__(self):
            super().__init__("both", size=3)

    both = Both()
    assert (both.name, both.size, both.training) == ("both", 3, True)


@pytest.mark.parametrize(("args", "kwargs"), [((1,), {}), ((), {"a": 1})])
def test_arguments_that_nobody_takes_are_refused(args, kwargs):
    torch = pytest.importorskip("torch")
    messages = []
    for library in (fastinit, torch):
        with pytest.raises(TypeError) as caught:
            library.nn.Module(*args, **kwargs)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


def test_a_gpu_is_refused_and_compile_changes_nothing():
    net = nn.Linear(2, 2)
    assert net.compile(dynamic=True) is None
    assert net(fastinit.ones(1, 2)).shape == (1, 2)
    for call in (net.cuda, fastinit.ones(2).cuda):
        with pytest.raises(RuntimeError, match="computes on the CPU"):
            call()
