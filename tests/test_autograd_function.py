"""Operations of a user's own: results, gradients, marks and errors are PyTorch's."""

import gc
import re
import weakref

import pytest

import fastinit
from reference.differential import calls, translated

SETUP = """
from types import SimpleNamespace
def function(forward, backward=None, **more):
    given = {"forward": staticmethod(forward), **more}
    if backward is not None:
        given["backward"] = staticmethod(backward)
    return type("Mine", (torch.autograd.Function,), given)
def leaf(*shape):
    return torch.ones(shape or (3,), requires_grad=True)
def grads(made, *inputs, **named):
    output = made.apply(*inputs, **named)
    (output[0] if isinstance(output, tuple) else output).sum().backward()
    return [each.grad for each in inputs if isinstance(each, torch.Tensor)]
def then(*steps):
    return steps[-1]
def saving(*saved):
    return lambda ctx, x, *others: then(ctx.save_for_backward(*(saved or (x, *others))), x * 2)
def saving_result(ctx, x):
    y = x * 2
    ctx.save_for_backward(y)
    return y
def marked(ctx, x):
    index, other = x.argmax(), x * 3
    ctx.mark_non_differentiable(index, other)
    return x * 2, index, other, "text", None
def writing(ctx, x):
    ctx.mark_dirty(x)
    return x.mul_(2)
def without_zeros(ctx, x, y):
    ctx.set_materialize_grads(False)
    return x * 2, y * 3
def setup(ctx, inputs, output):
    ctx.shown = inputs, output
    ctx.save_for_backward(inputs[0])
def with_attributes(ctx, x):
    ctx.k, ctx.order, ctx.saved, ctx.edges, ctx.backward, ctx.hooks = 3, 2, 1, "e", "b", 0
    return x * 2
def inner(ctx, x):
    with torch.enable_grad():
        ctx.x = x.detach().requires_grad_()
        ctx.y = ctx.x ** 2
    return ctx.y.detach()
def twice(made):
    x = leaf()
    y = made.apply(x).sum()
    y.backward()
    y.backward()
    return x.grad
def changed(made):
    x = leaf() * 1
    y = made.apply(x)
    x.mul_(2)
    y.sum().backward()
def after(made):
    x = leaf()
    y = made.apply(x)
    y.sum().backward()
    return y.grad_fn.saved_tensors
def written(made, change=lambda y: y.mul_(2)):
    x = leaf()
    y = made.apply(x * 1)
    change(y)
    y.sum().backward()
    return x.grad, y, y._is_view(), y._version
def dirty(made, part=slice(None)):
    x = leaf()
    y = x * 3
    z = y[part] if part != slice(None) else y
    returned = made.apply(z)
    returned.sum().backward()
    return returned is z, z, y, z._version, x.grad
def quietly(made, x):
    with torch.no_grad():
        y = made.apply(x)
    return y is x, y, y._is_view()
def half(ctx, x, y):
    return x * 2, y * 3
def same_twice(ctx, x):
    y = x * 2
    return y, y
def boom(ctx, g):
    raise KeyError("boom")
"""

CASES = calls("""
grads(function(lambda c, x: x * 2, lambda c, g: g * 5), leaf())
grads(function(lambda c, x: x * 2, lambda c, g: (g * 5,)), leaf())
grads(function(lambda c, x: x * 2, lambda c, g: None), leaf())
type("Mine", (torch.autograd.Function,), {}).apply(leaf()) | grads(function(lambda c, x: x * 2), leaf())
grads(function(lambda c, x, y: x * 2, lambda c, g: g), leaf(), leaf())
grads(function(lambda c, x: x * 2, lambda c, g: (g, g)), leaf())
grads(function(lambda c, x: x * 2, lambda c, g: (g, None, None)), leaf())
grads(function(lambda c, x, k: x * k, lambda c, g: (g, g)), leaf(), 2)
grads(function(lambda c, x, k: x * k, lambda c, g: (g, None)), leaf(), 2)
grads(function(lambda c, x: x * 2, lambda c, g: 3.0), leaf())
grads(function(lambda c, x: x * 2, lambda c, g: [g]), leaf())
grads(function(lambda c, x: x * 2, lambda c, g: g[:2]), leaf())
grads(function(lambda c, x: x * 2, lambda c, g: g.expand(2, 3)), leaf())
grads(function(lambda c, x: x * 2, lambda c, g: g.sum()), leaf())
grads(function(lambda c, x: x * 2, lambda c, g: g.expand(2, 3)), leaf(1, 3))
grads(function(lambda c, x: x * 2, lambda c, g: g.double()), leaf())
grads(function(lambda c, x: x * 2, lambda c, g: g.long()), leaf())
grads(function(lambda c, x, k=1: x * 2, lambda c, g: (g, None)), leaf(), k=2)
grads(function(lambda c, x, k=1: x * 2, lambda c, g: g), leaf(), k=2)
grads(function(saving(3), lambda c, g: g), leaf()) | grads(function(saving(None), lambda c, g: g), leaf())
function(saving(None), lambda c, g: g).apply(leaf()).grad_fn.saved_tensors
grads(function(saving(), lambda c, g: g * c.saved_tensors[0]), leaf())
grads(function(saving(), lambda c, g: then(c.saved_tensors[1], (g * 2, None))), leaf(), torch.ones(2))
grads(function(saving_result, lambda c, g: g * c.saved_tensors[0]), leaf())
function(saving_result, lambda c, g: g).apply(leaf()).grad_fn.saved_tensors
function(lambda c, x: then(c.save_for_backward(x), c.save_for_backward(x * 2), x), lambda c, g: g).apply(leaf()).grad_fn.saved_tensors
twice(function(saving(), lambda c, g: g * c.saved_tensors[0])) | twice(function(saving_result, lambda c, g: c.saved_tensors))
twice(function(lambda c, x: x * 2, lambda c, g: g * 2)) | after(function(saving(), lambda c, g: g))
changed(function(saving(), lambda c, g: g * c.saved_tensors[0])) | changed(function(saving(), lambda c, g: g))
(lambda x: function(saving(), lambda c, g: g).apply(x).grad_fn.saved_tensors[0] is x)(leaf())
(lambda y: (y.grad_fn.name(), type(y.grad_fn).__name__, y.grad_fn.needs_input_grad, len(y.grad_fn.next_functions)))(function(lambda c, x, k, y: x * 2, lambda c, g: g).apply(leaf(), 1, torch.ones(1)))
function(lambda c, x: x, lambda c, g: g).apply(leaf())
(lambda y: (y._is_view(), y.is_leaf))(function(lambda c, x: x, lambda c, g: g).apply(leaf()))
(lambda x, y: (y is x, y, y._is_view()))(*(lambda x: (x, function(lambda c, x: x, lambda c, g: g).apply(x)))(torch.ones(2)))
quietly(function(lambda c, x: then(c.needs_input_grad[0].denominator, x), lambda c, g: g), leaf())
quietly(function(lambda c, x: x * 2, lambda c, g: g), leaf())
written(function(lambda c, x: x, lambda c, g: g)) | written(function(lambda c, x: x[1:], lambda c, g: g))
written(function(lambda c, x: x * 2, lambda c, g: g * 5)) | written(function(lambda c, x: x, lambda c, g: g), lambda y: y + 1)
grads(function(half, lambda c, g, h: (g, h)), leaf(), leaf())
grads(function(half, lambda c, g, h: (g + h, h)), leaf(), leaf())
grads(function(without_zeros, lambda c, g, h: (g, h)), leaf(), leaf())
function(half, lambda c, g, h: (g, h)).apply(leaf(), leaf())
(lambda x, y, made: (sum(made.apply(x, y)).sum().backward(), x.grad, y.grad))(leaf(), leaf(), function(half, lambda c, g, h: (g * 5, h * 7)))
(lambda x, y: (function(half, lambda c, g, h: (g * 5, h * 7)).apply(x, y)[1].sum().backward(), x.grad, y.grad))(leaf(), leaf())
function(marked, lambda c, *g: g[0]).apply(leaf()) | grads(function(marked, lambda c, *g: g[0] + g[2] + g[1]), leaf())
grads(function(marked, lambda c, *g: then(g[3] + 1, g[0])), leaf())
function(lambda c, x: 3, lambda c, g: g).apply(leaf()) | function(lambda c, x: [x * 2], lambda c, g: g).apply(leaf())
function(lambda c, x: (x * 2,), lambda c, g: g).apply(leaf()) | function(lambda c: torch.ones(2), lambda c, g: None).apply()
function(lambda c, x: x.long(), lambda c, g: g).apply(leaf())
dirty(function(writing, lambda c, g: g * 2)) | dirty(function(writing, lambda c, g: g * 2), slice(1, None))
dirty(function(lambda c, x: then(c.mark_dirty(x), x.mul_(2), x * 3), lambda c, g: g * 2))
function(writing, lambda c, g: g * 2).apply(leaf()) | function(writing, lambda c, g: g * 2).apply(torch.ones(3))
(lambda x, y: (function(lambda c, x, y: then(c.mark_dirty(x), x.mul_(y)), lambda c, g: (g, g * 2)).apply(x, y).sum().backward(), x, y.grad))(torch.ones(3), leaf())
grads(function(lambda x, k=3: x * k, lambda c, g: (g * c.saved_tensors[0], None), setup_context=staticmethod(setup)), leaf())
function(lambda x, k=3: x * k, lambda c, g: g, setup_context=staticmethod(setup)).apply(leaf(), k=4).grad_fn.shown
function(lambda c, x: x)()(leaf())
grads(function(lambda c, x: x * 2, None, vjp=staticmethod(lambda c, g: g * 5)), leaf())
grads(function(lambda c, x: x * 2, lambda c, g: g, vjp=staticmethod(lambda c, g: g * 5)), leaf())
grads(function(lambda c, x: x * 2, torch.autograd.function.once_differentiable(lambda c, g: g * 5)), leaf())
grads(function(with_attributes, lambda c, g: g * (c.k + c.order + c.saved + len(c.edges + c.backward) + c.hooks)), leaf())
function(with_attributes, lambda c, g: g).apply(leaf()).grad_fn.k | grads(function(lambda c, x: x * 2, boom), leaf())
function(with_attributes, lambda c, g: g).apply(leaf()).grad_fn.none
torch.autograd.grad(function(lambda c, x, y: x * y, lambda c, g: (g, g * 2)).apply(leaf(), leaf()).sum(), leaf())
(lambda y: torch.autograd.grad(function(lambda c, x, y: x * y, lambda c, g: (g, g * 2)).apply(leaf(), y).sum(), y))(leaf())
grads(function(lambda c, x, y: x * y, lambda c, g: (None, g)), leaf(), leaf())
grads(function(inner, lambda c, g: torch.autograd.grad(c.y, c.x, g)), leaf())
grads(function(lambda c, x: x * 2, lambda c, g: then(SimpleNamespace(a=1 / (not torch.is_grad_enabled())), g)), leaf())
(lambda o: (o[0] is o[1], o[0].grad_fn is o[1].grad_fn))(function(same_twice, lambda c, g, h: g + h).apply(leaf()))
(lambda y: (y.retain_grad(), y.register_hook(lambda g: g * 7), y.sum().backward(), y.grad)[-1])(function(lambda c, x: x * 2, lambda c, g: g).apply(leaf()))
""")  # noqa: E501 - a case is a line

# Where the text of torch names its own tools, or is cut short by an accident.
IN_PART = {"modified by an inplace operation": r" Hint: .*"}


def result(library, case: str) -> str:
    names = {"torch": library}
    exec(SETUP, names)
    try:
        text = repr(eval(case, names))
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
    for known, ending in IN_PART.items():
        if known in text:
            text = re.sub(ending, "", text)
    return translated(text)


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
@pytest.mark.parametrize("case", CASES)
def test_a_function_does_what_pytorchs_does(case: str) -> None:
    torch = pytest.importorskip("torch")
    assert result(fastinit, case) == result(torch, case)


class Product(fastinit.autograd.Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x * y

    @staticmethod
    def backward(ctx, grad):
        x, y = ctx.saved_tensors
        return grad * y, grad * x


def test_gradcheck_takes_a_function() -> None:
    x, y = (fastinit.rand(2, 3, dtype=fastinit.float64, requires_grad=True) for _ in range(2))
    assert fastinit.autograd.gradcheck(Product.apply, (x, y))


def test_tensors_that_are_not_saved_are_not_kept() -> None:
    class Double(fastinit.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            return grad * 2

    x = fastinit.ones(3, requires_grad=True) * 1
    gone = weakref.ref(x)
    y = Double.apply(x)
    del x
    gc.collect()
    assert gone() is None
    y.sum().backward()


def test_what_was_saved_is_freed_by_the_backward_pass() -> None:
    saved = fastinit.ones(3)
    gone = weakref.ref(saved)
    y = Product.apply(fastinit.ones(3, requires_grad=True), saved)
    del saved
    gc.collect()
    assert gone() is not None
    y.sum().backward()
    gc.collect()
    assert gone() is None


def test_a_function_that_writes_to_a_view_returns_it_alone() -> None:
    class Both(fastinit.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.mul_(2), x * 3

        @staticmethod
        def backward(ctx, grad, other):
            return grad * 2 + other * 6

    whole = fastinit.ones(4, requires_grad=True) * 1
    with pytest.raises(RuntimeError, match="must return only this one tensor"):
        Both.apply(whole[1:])


def test_marks_are_for_tensors() -> None:
    class Marking(fastinit.autograd.Function):
        @staticmethod
        def forward(ctx, x, mark):
            getattr(ctx, mark)(3)
            return x * 2

    for mark in ("mark_dirty", "mark_non_differentiable"):
        with pytest.raises(RuntimeError, match=mark):
            Marking.apply(fastinit.ones(2, requires_grad=True), mark)
