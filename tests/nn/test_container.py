"""The containers against PyTorch: the same operations on the same modules, compared as text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastinit
from fastinit import nn
from reference.differential import calls, outcome, output

SETUP = """
def P(*size):
    return nn.Parameter(torch.ones(*size))
def row(count=3):
    return nn.Sequential(*[nn.Linear(length + 1, 1) for length in range(count)])
def ml(count=3):
    return nn.ModuleList([nn.Linear(length + 1, 1) for length in range(count)])
def md():
    return nn.ModuleDict({"b": nn.Identity(), "a": nn.ReLU()})
def pl():
    return nn.ParameterList([P(2, 3), P(1)])
def pd():
    return nn.ParameterDict({"b": P(2, 3), "a": P(1)})
named = nn.Sequential(OrderedDict(a=nn.Identity(), b=nn.ReLU()))
class Q(nn.Sequential):
    pass
def after(container, statement):
    exec(statement, {**globals(), "c": container})
    return container
"""

SEQUENTIAL = """
row()[0] | row()[-1] | row()[3] | row()[-4] | row()['0'] | row()[1.0] | row()[True] | row()[1:] | row()[::2]
row()[5:9] | row()[::-1] | row()[torch.tensor(1)] | row().append(nn.Identity()) | row().append(3)
len(row()) | row().insert(0, nn.Identity()) | row().insert(-1, nn.ReLU()) | row().insert(3, nn.ReLU())
row().insert(9, nn.ReLU()) | row().insert(-9, nn.ReLU()) | row().insert(0, 3)
row().extend([nn.Identity()]) | row().extend(row(1)) | row().extend(3) | row().extend([3]) | row().pop(0)
row().pop(-1) | row().pop(99) | row().pop(slice(0, 2)) | after(row(), 'del c[0]')
after(row(), 'del c[-1]') | after(row(), 'del c[4]') | after(row(), 'del c[0:2]')
after(row(4), 'del c[::2]') | after(row(), "del c['0']") | after(row(), 'c[0] = nn.ReLU()')
after(row(), 'c[-1] = nn.ReLU()') | after(row(), 'c[4] = nn.ReLU()') | after(row(), "c['0'] = nn.ReLU()")
after(row(), 'c[0] = 3') | after(row(), 'c[0:2] = nn.ReLU()') | after(row(), 'c.pop(0)') | row(1) + row(1)
row(1) + [nn.ReLU()] | row(1) * 2 | 2 * row(1) | row(1) * 0 | row(1) * 1.5 | after(row(1), 'c += row(2)')
after(row(2), 'c *= 2') | named | named.a | named[0] | named.append(nn.Tanh()) | named[1:]
after(named, 'del c[0]') | nn.Sequential() | nn.Sequential(3) | nn.Sequential([nn.ReLU()])
nn.Sequential({'a': nn.ReLU()}) | nn.Sequential(nn.ReLU) | nn.Sequential(None) | list(row(2))
list(reversed(row(2))) | nn.Sequential()(5) | Q(nn.ReLU(), nn.Tanh())[0:1] | Q(nn.ReLU()) + Q(nn.Tanh())
nn.Sequential(OrderedDict([('a.b', nn.ReLU())])) | nn.Sequential(*row(2))
nn.Sequential(OrderedDict([('forward', nn.ReLU())])) | row(2)(torch.ones(1, 1), 3)
[name for name, _ in (row(1) * 2).named_parameters()] | '0' in dir(row(2)) | row(2)(torch.ones(1, 1, 1))
"""

MODULE_LIST = """
nn.ModuleList() | nn.ModuleList([nn.Linear(1, 1) for _ in range(3)]) | nn.ModuleList(3) | nn.ModuleList([3])
nn.ModuleList([nn.Identity(), nn.ReLU(), nn.ReLU(), nn.Tanh(), nn.Tanh(), nn.ReLU()]) | ml()[0] | ml()[-1]
ml()[3] | ml()[-4] | ml()['0'] | ml()[1:] | ml()[::-1] | ml()[1.5] | ml()[True] | after(ml(), 'del c[0]')
len(ml()) | after(ml(), 'del c[-1]') | after(ml(), 'del c[4]') | after(ml(4), 'del c[0:2]')
after(ml(4), 'del c[::2]') | after(ml(), "del c['x']") | after(ml(), 'c[0] = nn.ReLU()')
after(ml(), 'c[-1] = nn.ReLU()') | after(ml(), 'c[4] = nn.ReLU()') | after(ml(), 'c[0] = 3')
after(ml(), 'c[0] = None') | after(ml(), 'c[0:2] = nn.ReLU()') | after(ml(), 'c.insert(1, nn.ReLU())')
after(ml(), 'c.insert(3, nn.ReLU())') | after(ml(), 'c.insert(0, nn.ReLU())') | ml().append(3)
ml().append(nn.ReLU()) | ml().extend(3) | ml().extend([nn.ReLU()]) | ml().pop(0) | ml().pop(-1)
ml().pop(99) | ml().pop(slice(0, 1)) | ml() + [nn.ReLU()] | ml() + 3 | ml()(3) | ml().extend(ml(1))
after(ml(1), 'c += ml(2)') | list(ml(2)) | list(reversed(ml(2)))
nn.ModuleList([nn.Sequential(nn.ReLU(), nn.Tanh()), nn.Sequential(nn.ReLU(), nn.Tanh())])
nn.ModuleList(iter([nn.ReLU()])) | list(ml(2).state_dict()) | ml(2).insert('x', nn.ReLU())
nn.ModuleList(ml(1).parameters()) | ml(1) == ml(1)
"""

MODULE_DICT = """
md() | nn.ModuleDict() | nn.ModuleDict([['x', nn.ReLU()], ('y', nn.Tanh())])
nn.ModuleDict(OrderedDict(z=nn.ReLU(), a=nn.ReLU())) | nn.ModuleDict(3) | nn.ModuleDict([3])
nn.ModuleDict([[1, 2, 3]]) | nn.ModuleDict([['a', 3]]) | nn.ModuleDict({'a': 3})
nn.ModuleDict({3: nn.ReLU()}) | nn.ModuleDict({'a.b': nn.ReLU()}) | nn.ModuleDict({'keys': nn.ReLU()})
nn.ModuleDict(md()) | nn.ModuleDict({'type': nn.ReLU()}) | nn.ModuleDict({'forward': nn.ReLU()}) | md()['a']
md()['x'] | md().a | md().keys() | md().items() | md().values() | len(md()) | 'a' in md() | list(md())
md().pop('a') | md().pop('x') | after(md(), "c.update({'q': nn.Tanh()})") | after(md(), 'c.update(md())')
md().update(3) | md().update([['a', 1, 3]]) | md().update([3]) | after(md(), "del c['a']")
after(md(), "del c['x']") | after(md(), "c['a'] = nn.Tanh()") | after(md(), "c['c'] = 3")
after(md(), 'c[3] = nn.Tanh()') | after(md(), "c['c'] = None") | after(md(), 'c.clear()') | md()(3)
after(md(), "c['b'] = nn.Tanh()") | [n for n, _ in md().named_children()]
"""

PARAMETER_LIST = """
pl() | nn.ParameterList() | nn.ParameterList([torch.ones(2), 3, 'x', None, nn.ReLU(), P(2).half(), P(())])
nn.ParameterList(3) | nn.ParameterList(P(2)) | nn.ParameterList(nn.Linear(1, 1).parameters())
nn.ParameterList([P(1)]) | [n for n, _ in nn.ParameterList([P(1), 3, P(1)]).named_parameters()] | pl()[0]
pl()[-1] | pl()[2] | pl()[-3] | pl()[0:1] | pl()['0'] | pl()[1.5] | after(pl(), 'c[0] = P(5)')
after(pl(), 'c[-1] = P(5)') | after(pl(), 'c[2] = P(5)') | after(pl(), "c['0'] = P(5)")
after(pl(), 'c[0] = 3') | after(pl(), 'c[0] = torch.ones(2)') | after(pl(), 'c[0] = None')
pl().append(P(3)) | pl().append(3) | pl().extend([P(4)]) | pl().extend(3) | pl().extend(P(2)) | len(pl())
list(pl()) | pl()(3) | pl().state_dict() | after(pl(), 'c += [P(2)]') | nn.ParameterList(pl())
nn.ParameterList([torch.ones(1)])[0] | nn.ParameterList([[1, 2]]) | pl().double() | pl() + [P(1)]
pl().pop(0) | nn.ParameterList([torch.ones(1, dtype=torch.int32)])
"""

PARAMETER_DICT = """
pd() | nn.ParameterDict()
nn.ParameterDict({'a': torch.ones(2), 'b': 3, 'c': 'x', 'd': None, 'e': nn.ReLU()}) | nn.ParameterDict(3)
nn.ParameterDict([['a', P(1)]]) | nn.ParameterDict([3]) | nn.ParameterDict([['a', 1, 2]])
nn.ParameterDict(pd()) | nn.ParameterDict({'a.b': P(1)}) | nn.ParameterDict({'keys': P(1)}) | pd()['a']
pd()['x'] | pd().a | pd().keys() | list(pd().items()) | list(pd().values()) | 'a' in pd() | list(pd())
list(reversed(pd())) | len(pd()) | pd().pop('a') | pd().pop('x') | pd().get('a') | pd().get('x')
pd().get('x', 3) | pd().setdefault('z', P(1)) | pd().setdefault('y') | pd().setdefault('a') | pd().popitem()
pd().copy() | pd().fromkeys(['a', 'b']) | pd().fromkeys(['a'], P(1)) | after(pd(), "c.update({'w': P(1)})")
after(pd(), "c.update([['v', P(1)]])") | pd() | pd().__or__(nn.ParameterDict({'k': P(1)}))
pd().__ror__({'u': 1}) | type(pd().__ror__({'u': 1})).__name__
pd().__ror__(nn.ParameterDict({'k': P(1)})) | after(pd(), 'c.clear()') | pd()(1) | pd().update(3)
pd().update([3]) | pd().update([['a', 1, 2]]) | after(pd(), "c.__ior__(nn.ParameterDict({'c': P(2)}))")
after(pd(), "del c['a']") | after(pd(), "del c['x']") | nn.ParameterDict(nn.Linear(1, 1).named_parameters())
pd().state_dict() | nn.ParameterDict({'b': 3, 'a': P(1)})
"""


def evaluated(library, expressions):
    lines = ["from collections import OrderedDict", SETUP]
    for expression in expressions:
        lines += [
            "try:",
            f"    print({expression!r}, '->', repr({expression}))",
            "except Exception as error:",
            f"    print({expression!r}, '->', type(error).__name__, str(error).splitlines()[0])",
        ]
    return output(library, "\n".join(lines))


@pytest.mark.parametrize(
    "table",
    [SEQUENTIAL, MODULE_LIST, MODULE_DICT, PARAMETER_LIST, PARAMETER_DICT],
    ids=["Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict"],
)
def test_containers_do_print_and_refuse_what_they_do_in_torch(table):
    torch = pytest.importorskip("torch")
    fill = "for p in c.parameters(): nn.init.ones_(p)"
    expressions = [f"after({call}, {fill!r})" if call in {"pl().double()"} else call for call in calls(table)]
    ours, theirs = evaluated(fastinit, expressions).splitlines(), evaluated(torch, expressions).splitlines()
    assert [pair for pair in zip(ours, theirs, strict=False) if pair[0] != pair[1]] == []
    assert len(ours) == len(theirs)


MODULES = st.sampled_from(["nn.ReLU()", "nn.Tanh()", "nn.Linear(1, 2)", "nn.Identity()"])
INDEX = st.integers(-4, 4)
SLICE = st.builds(slice, st.none() | INDEX, st.none() | INDEX, st.none() | st.sampled_from([1, 2, -1]))
OPERATION = st.one_of(
    st.builds("c.append({})".format, MODULES),
    # Past the end, PyTorch names a ModuleList's module by the index, and the next append replaces it. Where a
    # slice of a Sequential kept the names it had, its insert raises KeyError, with some modules moved.
    st.builds("if numbered(c): c.insert(min({}, len(c)), {})".format, st.integers(0, 6), MODULES),
    st.builds("c.extend([{}, {}])".format, MODULES, MODULES),
    st.builds("c.pop({})".format, INDEX),
    st.builds("del c[{}]".format, INDEX),
    st.builds("del c[{}]".format, SLICE),
    st.builds("c[{}] = {}".format, INDEX, MODULES),
    st.builds("c = c[{}]".format, SLICE.filter(lambda index: index.step != -1)),
    st.builds("c.append(c[{}])".format, INDEX),
    st.builds("c = c + type(c)({})".format, st.just("")),
)


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(["nn.Sequential", "nn.ModuleList"]), operations=st.lists(OPERATION, max_size=8))
def test_any_sequence_of_operations_leaves_what_it_leaves_in_torch(kind, operations):
    torch = pytest.importorskip("torch")
    lines = ["numbered = lambda c: list(c._modules) == [str(i) for i in range(len(c))]", f"c = {kind}()"]
    for operation in operations:
        lines += [
            "try:",
            f"    {operation}",
            "except Exception as error:",
            "    print(type(error).__name__, error)",
            "print(c, [name for name, _ in c.named_parameters()], list(c.state_dict()))",
        ]
    program = "\n".join(lines)
    assert output(fastinit, program) == output(torch, program)


def test_a_slice_of_a_row_inserts_as_the_row_does():
    # PyTorch 2.13 raises KeyError, after it has moved the other modules.
    row = nn.Sequential(nn.Identity(), nn.Tanh())[1:]
    row.insert(0, nn.ReLU())
    assert [type(module) for module in row] == [nn.ReLU, nn.Tanh]
    assert list(row._modules) == ["0", "1"]


def test_a_list_inserts_as_lists_do():
    # PyTorch 2.13 raises KeyError for a negative index, after it has moved the other modules.
    modules = nn.ModuleList([nn.Identity(), nn.Identity()])
    modules.insert(-1, nn.Sequential())
    assert isinstance(modules[1], nn.Sequential)


def test_a_key_that_is_no_string_is_refused():
    with pytest.raises(TypeError, match="cannot be used as a key as it is not a string"):
        nn.ParameterDict({3: nn.Parameter(fastinit.ones(1))})


def test_a_module_used_twice_is_one():
    shared = nn.Identity()
    net = nn.Sequential(shared, shared)
    assert net[0] is net[1]
    assert [name for name, _ in net.named_modules()] == ["", "0"]
    assert outcome(fastinit, "nn.Sequential(*[nn.Identity()] * 2)").count("Identity") == 2
