"""What a context leaves to PyTorch, whose results, errors and warnings are then the same as outside."""

import decimal
import warnings

import pytest

torch = pytest.importorskip("torch")
from torch._subclasses.fake_tensor import FakeTensorMode  # noqa: E402
from torch.fx.experimental.proxy_tensor import make_fx  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

from fastinit.interop.torch import fast_init  # noqa: E402

nan, inf = float("nan"), float("inf")
torch_init = torch.nn.init


def outcome(call):
    """What a call returns, from PyTorch's generator of one seed, or what it raises; and what it warns of."""
    torch.manual_seed(5)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = call()
        except Exception as error:
            result = (type(error), str(error))
    return result, [(each.category, str(each.message)) for each in caught]


def assert_as_outside(call, *, moves=0):
    """Checks that a call does the same in a context as outside, and how far the context's generator moves."""
    expected, expected_warnings = outcome(call)
    state = torch.get_rng_state()
    with fast_init(0) as generator:
        result, its_warnings = outcome(call)
    assert its_warnings == expected_warnings
    if isinstance(expected, torch.Tensor):
        assert type(result) is type(expected)
        assert result.dtype == expected.dtype
        assert result.requires_grad == expected.requires_grad
        assert torch.equal(dense(result), dense(expected))
        assert torch.equal(torch.get_rng_state(), state)
    else:
        assert result == expected
    assert generator._take(0)[2] == moves


def dense(tensor):
    return torch.zeros(()) if tensor.is_meta else torch.nan_to_num(tensor.detach().to_dense())


def leaf():
    return torch.zeros(3, 4, requires_grad=True)


WRONG = {
    "a method of a leaf": lambda: leaf().normal_(),
    "a method of a leaf's view": lambda: leaf()[0].uniform_(0, 1),
    "uniform_ from above to": lambda: torch.empty(3).uniform_(1, 0),
    "uniform_ of nan": lambda: torch_init.uniform_(torch.empty(3), nan),
    "uniform_ to inf": lambda: torch_init.uniform_(torch.empty(3), 0, inf),
    "uniform_ of a string": lambda: torch_init.uniform_(torch.empty(3), "a"),
    "uniform_ of fastinit's keyword": lambda: torch.empty(3).uniform_(low=3),
    "uniform_ of too many": lambda: torch.empty(3).uniform_(0, 1, 2),
    "uniform_ of one twice": lambda: torch.empty(3).uniform_(0, **{"from": 1}),
    "uniform_ of elements that share memory": lambda: torch.empty(1).expand(3).uniform_(),
    "normal_ of a negative std": lambda: torch_init.normal_(torch.empty(3), std=-1),
    "normal_ of a decimal": lambda: torch.empty(3).normal_(0, decimal.Decimal(1)),
    "normal_ of None": lambda: torch.empty(3).normal_(None),
    "normal_ of a vector": lambda: torch.empty(3).normal_(torch.zeros(3)),
    "normal_ of an unknown keyword": lambda: torch_init.normal_(torch.empty(3), shard=None),
    "normal_ of a generator that is none": lambda: torch.empty(3).normal_(generator=3),
    "normal_ of integers": lambda: torch_init.normal_(torch.empty(3, dtype=torch.int64)),
    "normal_ of a sparse tensor": lambda: torch.eye(3).to_sparse().normal_(),
    "normal_ of what is no tensor": lambda: torch_init.normal_([1.0]),
    "bernoulli_ of 2": lambda: torch.empty(3).bernoulli_(2),
    "exponential_ of 0": lambda: torch.empty(3).exponential_(0),
    "cauchy_ of 0": lambda: torch.empty(3).cauchy_(0, 0),
    "log_normal_ of 0": lambda: torch.empty(3).log_normal_(0, 0),
    "geometric_ of 1": lambda: torch.empty(3).geometric_(1),
    "geometric_ of nothing": lambda: torch.empty(3).geometric_(),
    "random_ of 0": lambda: torch.empty(3).random_(0),
    "random_ of a float": lambda: torch.empty(3).random_(3.0),
    "random_ of a bool": lambda: torch.empty(3).random_(True),
    "random_ of from alone": lambda: torch.empty(3).random_(**{"from": 3}),
    "random_ beyond the dtype": lambda: torch.empty(3, dtype=torch.uint8).random_(300),
    "trunc_normal_ of a above b": lambda: torch_init.trunc_normal_(torch.empty(3), a=2, b=-2),
    "trunc_normal_ of std 0": lambda: torch_init.trunc_normal_(torch.empty(3), std=0),
    "trunc_normal_ far from inf": lambda: torch_init.trunc_normal_(torch.empty(3), mean=-5, a=0, b=inf),
    "trunc_normal_ of a string": lambda: torch_init.trunc_normal_(torch.empty(3), "a"),
    "trunc_normal_ of no tensor": lambda: torch_init.trunc_normal_(std=1),
    "xavier_uniform_ of a vector": lambda: torch_init.xavier_uniform_(torch.empty(3)),
    "kaiming_uniform_ of a vector": lambda: torch_init.kaiming_uniform_(torch.empty(3)),
    "kaiming_uniform_ of a mode": lambda: torch_init.kaiming_uniform_(torch.empty(3, 3), mode="fan_avg"),
    "kaiming_uniform_ of mode 3": lambda: torch_init.kaiming_uniform_(torch.empty(3, 3), mode=3),
    "kaiming_normal_ of gelu": lambda: torch_init.kaiming_normal_(torch.empty(3, 3), nonlinearity="gelu"),
    "kaiming_uniform_ of a slope": lambda: torch_init.kaiming_uniform_(torch.empty(3, 3), a=True),
    "orthogonal_ of a vector": lambda: torch_init.orthogonal_(torch.empty(3)),
    "sparse_ of 3 dimensions": lambda: torch_init.sparse_(torch.empty(3, 3, 3), 0.5),
    "sparse_ of nan": lambda: torch_init.sparse_(torch.empty(0, 3), nan),
    "rand of a negative size": lambda: torch.rand(-1),
    "rand of integers": lambda: torch.rand(3, dtype=torch.int64),
    "rand of no size": lambda: torch.rand(dtype=torch.float32),
    "rand_like of a list": lambda: torch.rand_like([1.0]),
    "normal of a negative std": lambda: torch.normal(0.0, -1.0, (3,)),
    "randint of nothing": lambda: torch.randint(0, (3,)),
    "randint without high": lambda: torch.randint(low=3, size=(3,)),
    "randint that requires grad": lambda: torch.randint(3, (3,), requires_grad=True),
    "randint of a float": lambda: torch.randint(3.0, (3,)),
}


@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG)
def test_a_wrong_call_raises_what_pytorch_raises(call):
    assert isinstance(outcome(call)[0], tuple)
    assert_as_outside(call)


def test_orthogonal_of_half_precision_raises_what_pytorch_raises():
    assert_as_outside(lambda: torch_init.orthogonal_(torch.empty(3, 3, dtype=torch.bfloat16)), moves=12)


class Marked(torch.Tensor):
    """A class with a say of its own in what functions do."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        result = super().__torch_function__(func, types, args, kwargs or {})
        return "marked" if func is torch.Tensor.normal_ else result


OTHERS = {
    "meta": lambda: torch_init.normal_(torch.empty(3, device="meta")),
    "a parameter on meta": lambda: torch_init.trunc_normal_(
        torch.nn.Parameter(torch.empty(3, device="meta"))
    ),
    "rand on meta": lambda: torch.rand(3, device="meta"),
    "complex": lambda: torch_init.normal_(torch.empty(3, 3, dtype=torch.complex64)),
    "complex, kaiming": lambda: torch_init.kaiming_uniform_(torch.empty(3, 3, dtype=torch.complex64)),
    "complex, orthogonal": lambda: torch.randn(3, dtype=torch.complex128),
    "no elements": lambda: torch_init.normal_(torch.empty(0, 3)),
    "no elements, kaiming": lambda: torch_init.kaiming_uniform_(torch.empty(0, 3)),
    "no elements, orthogonal": lambda: torch_init.orthogonal_(torch.empty(0, 3)),
    "infinite std": lambda: torch_init.normal_(torch.zeros(3), std=inf),
    "no value between": lambda: torch_init.uniform_(torch.empty(9, dtype=torch.float16), 1.0001, 1.0002),
    "probabilities": lambda: torch.empty(9).bernoulli_(torch.full((9,), 0.5)),
    "out=": lambda: torch.rand(9, out=torch.empty(9)),
    "out= of randint": lambda: torch.randint(9, (9,), out=torch.empty(9, dtype=torch.int64)),
    "tensors of means": lambda: torch.normal(torch.zeros(9), 1.0),
    "a mean without dimensions": lambda: torch.normal(torch.zeros(()), torch.ones(())),
    "bernoulli": lambda: torch.bernoulli(torch.full((9,), 0.5)),
    "randperm": lambda: torch.randperm(9),
    "multinomial": lambda: torch.multinomial(torch.ones(9), 4),
    "dropout": lambda: torch.nn.functional.dropout(torch.ones(9)),
    "beyond what the dtype counts": lambda: torch.empty(9).random_(1 << 30),
    "a graph": lambda: (leaf() * 2).normal_(0, 1),
    "aten": lambda: torch.ops.aten.normal_(torch.empty(9)),
    "a class of its own": lambda: torch.zeros(3).as_subclass(Marked).normal_(),
    "float8": lambda: torch.zeros(3, dtype=torch.float8_e4m3fn).view(torch.uint8).fill_(3),
    "vmap": lambda: torch.vmap(lambda x: x + torch.rand(3), randomness="different")(torch.zeros(2, 3)),
    "vmap that refuses": lambda: torch.vmap(lambda x: x + torch.rand(3))(torch.zeros(2, 3)),
    "vmap of an initialiser": lambda: torch.vmap(torch_init.normal_, randomness="same")(torch.zeros(2, 3)),
    "grad": lambda: torch.func.grad(lambda x: (x * torch_init.normal_(torch.empty(3))).sum())(torch.ones(3)),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("call", OTHERS.values(), ids=OTHERS)
def test_what_fastinit_does_not_fill_is_pytorchs(call):
    assert_as_outside(call)


@pytest.mark.filterwarnings("ignore")  # names are a prototype
def test_named_tensors_are_pytorchs():
    assert_as_outside(lambda: torch.rand(3, 4, names=("N", "C")).rename(None))


def test_a_fill_that_autograd_records_is_recorded():
    weight = leaf()
    with fast_init(0):
        y = weight * 2
        y.normal_()
        y.sum().backward()
    assert (weight.grad == 0).all()


def test_an_inference_tensor_is_filled_where_pytorch_would():
    with torch.inference_mode():
        tensor = torch.zeros(3)
    assert_as_outside(lambda: torch_init.normal_(tensor))
    with fast_init(0) as generator, torch.inference_mode():
        torch_init.normal_(tensor)
    assert generator._take(0)[2] == 4


@pytest.mark.filterwarnings("ignore")  # of parts of PyTorch that it imports
def test_a_dual_tensor_loses_its_tangent():
    def tangent():
        with torch.autograd.forward_ad.dual_level():
            dual = torch.autograd.forward_ad.make_dual(torch.zeros(3), torch.ones(3))
            return torch.autograd.forward_ad.unpack_dual(dual.normal_()).tangent

    tangent()  # imports parts of PyTorch, which warn
    assert_as_outside(tangent)


def test_fake_tensors_are_made_and_stay_fake():
    with fast_init() as generator, FakeTensorMode():
        layer = torch.nn.Linear(2, 3)
        torch.nn.init.orthogonal_(layer.weight)
        assert type(torch.rand(3)).__name__ == "FakeTensor"
    assert generator._take(0)[2] == 0


def test_a_context_opens_under_modes_and_transforms():
    def seed():
        with fast_init() as generator:
            return generator.initial_seed()

    torch.manual_seed(5)
    expected = seed()
    torch.manual_seed(5)
    with FakeTensorMode():
        assert seed() == expected
    torch.manual_seed(5)
    with torch.device("meta"):
        assert seed() == expected
    torch.manual_seed(5)
    seeds = []
    torch.vmap(lambda x: seeds.append(seed()) or x)(torch.zeros(2))
    assert seeds == [expected]


class Watching(TorchDispatchMode):
    """Notes which operations it sees."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.seen.append(func.overloadpacket)
        return func(*args, **(kwargs or {}))


def test_a_mode_that_watches_operations_sees_them_all():
    with fast_init(0), Watching() as watching:
        torch.nn.init.normal_(torch.empty(3))
    assert watching.seen == [torch.ops.aten.empty, torch.ops.aten.normal_]


@pytest.mark.filterwarnings("ignore")
def test_what_is_traced_draws_anew_each_time():
    def add(x):
        return x + torch.rand(3)

    for trace in (make_fx(add), lambda x: torch.jit.trace(add, x, check_trace=False)):
        with fast_init(0):
            traced = trace(torch.zeros(3))
        assert not torch.equal(traced(torch.zeros(3)), traced(torch.zeros(3)))


WARNED = {
    "far from the bounds": lambda: torch_init.trunc_normal_(torch.zeros(3), mean=10),
    "nothing to fill": lambda: torch_init.kaiming_normal_(torch.zeros(0, 3)),
    "deprecated": lambda: torch_init.normal(torch.zeros(3)),
}


@pytest.mark.parametrize("call", WARNED.values(), ids=WARNED)
def test_warnings_are_pytorchs(call):
    _, expected = outcome(call)
    assert len(expected) == 1
    with fast_init(0):
        assert outcome(call)[1] == expected
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(expected[0][0]):
                call()


def test_the_warning_of_trunc_normal_stands_where_pytorchs_does():
    def place():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            torch_init.trunc_normal_(torch.zeros(3), mean=10)
        return caught[0].filename

    expected = place()
    with fast_init(0):
        assert place() == expected
