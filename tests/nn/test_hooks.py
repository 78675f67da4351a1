"""Forward hooks against PyTorch."""

import pytest

import fastinit
from reference.differential import output

SETUP = """
class Double(nn.Module):
    def forward(self, x, scale=2):
        return x * scale

def attempt(call):
    try:
        print(call())
    except Exception as error:
        print(type(error).__name__, error)

m, x = Double(), torch.ones(2)
"""

PROGRAMS = {
    "a pre-hook sees and replaces arguments": """
h = m.register_forward_pre_hook(lambda m, args: print(args)); attempt(lambda: m(x)); h.remove()
h = m.register_forward_pre_hook(lambda m, args: (args[0] * 5,)); attempt(lambda: m(x)); h.remove()
h = m.register_forward_pre_hook(lambda m, args: args[0] * 5); attempt(lambda: m(x)); h.remove()
attempt(lambda: m(x))
""",
    "a pre-hook with keyword arguments replaces both": """
for hook in (lambda m, a, k: (a, {"scale": 7}), lambda m, a, k: print(a, k), lambda m, a, k: a):
    h = m.register_forward_pre_hook(hook, with_kwargs=True)
    attempt(lambda: m(x, scale=3))
    h.remove()
""",
    "a hook sees and replaces the result": """
h = m.register_forward_hook(lambda m, args, result: print(args, result)); attempt(lambda: m(x)); h.remove()
h = m.register_forward_hook(lambda m, args, result: 3); attempt(lambda: m(x)); h.remove(); h.remove()
h = m.register_forward_hook(lambda m, a, k, r: print(a, k, r), with_kwargs=True)
attempt(lambda: m(x=x)); h.remove()
attempt(lambda: m(x))
""",
    "hooks run in order, prepended ones first": """
for i in range(3):
    m.register_forward_hook(lambda m, a, r, i=i: print("hook", i), prepend=i == 2)
    m.register_forward_pre_hook(lambda m, a, i=i: print("pre", i), prepend=i == 1)
attempt(lambda: m(x))
print(len(m._forward_hooks), len(m._forward_pre_hooks))
""",
    "a hook that is always called is called after an error": """
m.register_forward_hook(lambda m, a, r: print("always", r), always_call=True)
m.register_forward_hook(lambda m, a, r: print("not this one", r))
attempt(lambda: m("a", scale="b"))
""",
    "a handle is removed at the end of a with block": """
with m.register_forward_hook(lambda m, a, r: print("inside")):
    m(x)
m(x)
""",
    "a hook may remove itself": """
handles = []
handles.append(m.register_forward_hook(lambda m, a, r: handles[0].remove()))
attempt(lambda: m(x)); attempt(lambda: m(x)); print(len(m._forward_hooks))
""",
}


@pytest.mark.parametrize("case", PROGRAMS)
def test_forward_hooks_do_what_they_do_in_torch(case):
    torch = pytest.importorskip("torch")
    program = SETUP + PROGRAMS[case]
    assert output(fastinit, program) == output(torch, program)
