"""Views, writes in place and backward, in random order: every step does what PyTorch's does.

A program is a list of steps on a pool of tensors; what a step gives joins the pool. After each step, every
tensor of the pool must agree in values, version and place in the graph; at the end, so must the
gradients.
"""

import re
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastinit
from reference.differential import calls, translated

VIEWS = calls("""
a[0] | a[-1] | a[:, 1] | a[1:] | a[::2] | a[..., 0] | a[None] | a[...] | a[:] | a[:, None] | a.t()
a.transpose(0, -1) | a.mT | a.T | a.reshape(-1) | a.view(-1) | a.view(2, 6) | a.reshape(4, 3)
a.unsqueeze(0) | a.unsqueeze(-1) | a.squeeze() | a.squeeze(0) | a.expand(2, 3, 4) | a.expand_as(b)
a.select(0, 1) | a.narrow(0, 1, 1) | a.diagonal() | a.unbind()[0] | a.unbind(-1)[1] | a.split(1)[0]
a.split([1, 2])[1] | a.chunk(2)[0] | a.detach() | a.data | a.flatten() | a.permute(1, 0) | a.movedim(0, -1)
a.contiguous() | a.view_as(b) | a.unflatten(0, (1, -1)) | a.ravel() | a.swapaxes(0, 1) | list(a)[0]
a.requires_grad_() | a.detach().requires_grad_() | a.to(torch.float64)
""")
WRITES = calls("""
a.add_(1) | a.index_fill_(0, torch.tensor([1]), 2.) | a.index_copy_(0, torch.tensor([1]), b[:1]) | a.tril_()
a.cumsum_(0) | a.erf_() | a.nan_to_num_() | a.mul_(2) | a.mul_(b) | a.add_(b) | a.copy_(b) | a.zero_()
a.fill_(3) | a.sigmoid_() | a.clamp_(0, 1) | a.masked_fill_(a > 1, 0.5) | a.div_(2) | a.sub_(b, alpha=2)
a.neg_() | a.fill_(b.sum()) | a.detach_() | a.requires_grad_(False) | a.__setitem__(0, 5.0)
a.__setitem__(0, b) | a.__setitem__((slice(None), 1), b[..., 0]) | a.__setitem__(..., b)
a.__setitem__([0], b[0]) | a.__iadd__(b) | a.__imul__(0.5) | a.square_() | a.retain_grad() | a.tanh_()
a.lerp_(b, 0.5) | a.addcmul_(b, b) | a.normal_(0, 0) | a.pow_(2) | a.relu_() | a.abs_()
a.t_() | a.squeeze_() | a.squeeze_(0) | a.unsqueeze_(0) | a.unsqueeze_(-1) | a.transpose_(0, -1)
a.swapdims_(0, 1) | a.squeeze_((0, -1))
""")
RESULTS = calls("""
a * 2 | a + b | a * b | a.sum() | a.sigmoid() | a.clone() | a.exp().log1p()
a.detach().clone().requires_grad_() | a.mean(0) | a.max(0)[0] | torch.cat([a, b]) | torch.stack([a, b])
torch.where(a > 0, a, b) | a[[0]] | a ** 2
""")
# Where only one of both refuses (docs/differences.md): the comparison ends there.
MORE_IS_ALLOWED = re.compile(
    "some elements of the input|its base or another view|modified by an inplace|detached in-place"
    "|returned an invalid gradient"
)
LESS_IS_ALLOWED = "more than one element of the written-to tensor"
LEAF_HAS_ANOTHER_SHAPE = "arrived at a leaf whose shape was changed"

STEP = st.tuples(
    st.sampled_from(VIEWS) | st.sampled_from(WRITES) | st.sampled_from(RESULTS),
    st.integers(0, 7),
    st.integers(0, 7),
    st.sampled_from([True, True, True, True, True, True, False]),
)


def pool(library):
    numbers = np.random.default_rng(0).normal(size=(3, 4))
    x, w = (library.tensor(each.tolist(), dtype=library.float64) for each in (numbers, numbers + 0.5))
    v = library.tensor(numbers[0].tolist(), dtype=library.float64, requires_grad=True)
    w.requires_grad_()
    return [w, x, w * 2, v, x.clone(), w.clone()]


def step(library, tensors, expression, recorded):
    """Returns what the expression gives, and a text that says what that is."""
    try:
        with library.set_grad_enabled(recorded):
            result = eval(expression, {"torch": library, "P": tensors})
    except Exception as error:
        return None, translated(f"{type(error).__name__}: {str(error).splitlines()[0]}")
    return result, state(result)


def state(tensor):
    """Returns what a program can see of a tensor, but for its values."""
    if not hasattr(tensor, "_version"):
        return repr(tensor)
    try:
        node = type(tensor.grad_fn).__name__
    except RuntimeError as error:
        return str(error)
    return translated(
        f"{tensor.shape} {tensor.dtype} requires_grad={tensor.requires_grad} is_leaf={tensor.is_leaf} "
        f"version={tensor._version} view={tensor._is_view()} grad_fn={node}"
    )


def assert_equal_values(ours, theirs, program):
    assert (ours is None) == (theirs is None), program
    if ours is not None:
        np.testing.assert_allclose(
            ours.detach().numpy(), theirs.detach().numpy(), 1e-9, 1e-12, err_msg="\n".join(program)
        )


def compare(torch, steps):
    pools = pool(fastinit), pool(torch)
    program = []
    for template, first, second, recorded in steps:
        size = len(pools[0])
        names = {"a": f"P[{min(first, size - 1)}]", "b": f"P[{size - 1 - min(second, size - 1)}]"}
        expression = re.sub(r"\b[ab]\b", "{\\g<0>}", template).format(**names)
        program.append(expression if recorded else f"no_grad: {expression}")
        (ours, text), (theirs, expected) = (
            step(library, tensors, expression, recorded)
            for library, tensors in zip((fastinit, torch), pools, strict=True)
        )
        if MORE_IS_ALLOWED.search(expected) or LESS_IS_ALLOWED in text:
            return
        assert text == expected, program
        if hasattr(theirs, "_version") and theirs.numel() < 500 and theirs.ndim < 6:
            places = [
                next((place for place, each in enumerate(tensors) if each is result), None)
                for tensors, result in zip(pools, (ours, theirs), strict=True)
            ]
            assert places[0] == places[1], program
            if places[0] is None:
                for tensors, result in zip(pools, (ours, theirs), strict=True):
                    tensors.append(result)
        for mine, its in zip(*pools, strict=True):
            if MORE_IS_ALLOWED.search(state(its)):
                return
            assert state(mine) == state(its), program
            assert_equal_values(mine, its, program)
    compare_gradients(pools, program)


def compare_gradients(pools, program):
    for mine, its in reversed(list(zip(*pools, strict=True))):
        if not its.requires_grad:
            continue
        texts = []
        for tensor in (mine, its):
            try:
                (tensor * tensor).sum().backward(retain_graph=True)
            except RuntimeError as error:
                texts.append(str(error)[:120])
            else:
                texts.append("")
        if MORE_IS_ALLOWED.search(texts[1]) or LEAF_HAS_ANOTHER_SHAPE in texts[0]:
            return
        assert texts[0] == texts[1], program
        for leaf, its_leaf in zip(*pools, strict=True):
            if its_leaf.is_leaf or its_leaf.retains_grad:
                assert_equal_values(leaf.grad, its_leaf.grad, program)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(STEP, min_size=2, max_size=8))
def test_views_and_writes_in_any_order_are_pytorchs(steps):
    torch = pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compare(torch, steps)
