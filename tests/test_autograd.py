"""The tape: what is recorded, how gradients add up, and what views and in-place operations do to it."""

import copy
import gc
import pickle
import warnings
import weakref

import numpy as np
import pytest

import fastinit
from fastinit import autograd
from fastinit.autograd import gradcheck
from fastinit.autograd.engine import accumulation_buffer
from fastinit.autograd.record import record
from fastinit.autograd.variable import wrap


def leaf(*values):
    return fastinit.Tensor(list(values)).requires_grad_()


def name(node):
    return None if node is None else type(node).__name__


def test_gradients_add_up_across_uses_and_calls_in_one_buffer():
    w = leaf(3.0)
    (w * w).sum().backward()
    assert w.grad.item() == 6
    address = w.grad.data_ptr()
    for _ in range(2):
        (w * w).sum().backward()
    assert w.grad.item() == 18
    assert w.grad.data_ptr() == address
    w.grad = None
    (w + w).sum().backward()
    assert w.grad.item() == 2


def test_a_gradient_has_memory_of_its_own():
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    seed = fastinit.Tensor([1.0, 1.0])
    (a + b).backward(seed)
    a.grad.mul_(5)
    assert b.grad.tolist() == [1, 1]
    assert seed.tolist() == [1, 1]


@pytest.mark.parametrize("shape", [(), (1,), (2,), (0, 3)])
def test_backward_of_what_was_not_recorded_says_so_whatever_its_shape(shape):
    message = "element 0 of tensors does not require grad and does not have a grad_fn"
    with pytest.raises(RuntimeError, match=message):
        fastinit.ones(shape).backward()


def test_nothing_is_recorded_without_an_input_that_requires_grad():
    x = fastinit.Tensor([1.0])
    assert (x * 2).grad_fn is None
    assert (x * 2).is_leaf
    with fastinit.no_grad():
        assert not (leaf(1.0) * 2).requires_grad


def test_grad_modes_nest_decorate_and_restore():
    x = leaf(1.0)

    @fastinit.no_grad()
    def silent(x):
        with fastinit.enable_grad():
            assert (x * 2).requires_grad
        return x * 2

    @fastinit.no_grad
    def bare(x):
        return x * 2

    assert not silent(x).requires_grad
    assert not bare(x).requires_grad
    with pytest.raises(ValueError, match="inside"), fastinit.no_grad():
        raise ValueError("inside")
    assert fastinit.is_grad_enabled()
    with fastinit.set_grad_enabled(False):
        assert not fastinit.is_grad_enabled()
    fastinit.set_grad_enabled(False)
    assert not fastinit.is_grad_enabled()
    fastinit.set_grad_enabled(True)
    with fastinit.inference_mode():
        assert not fastinit.is_grad_enabled()


def test_a_second_backward_needs_the_saved_values():
    x = leaf(2.0)
    y = x.exp().sum()
    y.backward(retain_graph=True)
    y.backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        y.backward()
    z = (x + 1).sum()
    z.backward()
    z.backward()


def test_create_graph_is_refused():
    x = leaf(2.0)
    with pytest.raises(NotImplementedError, match="create_graph=True is not supported"):
        (x * x).sum().backward(create_graph=True)


def test_a_value_that_backward_reads_must_not_have_changed():
    x = leaf(1.0, 2.0)
    y = x.exp()
    y.add_(1)
    with pytest.raises(
        RuntimeError, match=r"FloatTensor \[2\]\], which is output 0 of Exp, is at version 1; expected"
    ):
        y.sum().backward()
    y = x * x
    with fastinit.no_grad():
        x.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
    y = x + x
    with fastinit.no_grad():
        x.add_(1)
    y.sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_versions_are_shared_by_views_and_detach_but_not_by_data():
    x = fastinit.Tensor([[1.0, 2.0], [3.0, 4.0]])
    view, detached, data = x[0], x.detach(), x.data
    view.add_(1)
    assert x._version == view._version == detached._version == 1
    assert data._version == 0
    data.zero_()
    assert x._version == 1
    assert x.tolist() == [[0, 0], [0, 0]]
    assert view._base is x
    assert x._base is None


def test_a_write_to_a_view_reaches_the_base_and_the_other_views():
    x = fastinit.Tensor([[1.0, 2.0], [3.0, 4.0]]).requires_grad_()
    base = x * 1
    first, second = base[0], base[1]
    first.mul_(3)
    assert name(base.grad_fn) == "CopySlices"
    assert [name(node) for node, _ in base.grad_fn.next_functions] == ["MulBackward0", None]
    assert name(first.grad_fn) == name(second.grad_fn) == "AsStridedBackward0"
    (base.sum() + first.sum() + 10 * second.sum()).backward()
    assert x.grad.tolist() == [[6, 6], [11, 11]]


def test_a_write_that_requires_grad_makes_its_base_part_of_the_graph():
    x = leaf(1.0, 2.0)
    target = fastinit.Tensor([[0.0, 0.0], [0.0, 0.0]])
    view = target[1]
    other = target[0]
    target[0] = x * 2
    assert target.requires_grad
    assert view.requires_grad
    (target.sum() + other.sum()).backward()
    assert x.grad.tolist() == [4, 4]


INPLACE = {
    "add": lambda x, y: x.add_(y),
    "iadd": lambda x, y: x.__iadd__(2),
    "sub": lambda x, y: x.sub_(y, alpha=3),
    "mul": lambda x, y: x.mul_(y),
    "imul": lambda x, y: x.__imul__(y),
    "div": lambda x, y: x.div_(y),
    "pow": lambda x, y: x.pow_(2),
    "pow tensor": lambda x, y: x.pow_(y),
    "exp": lambda x, y: x.exp_(),
    "sqrt": lambda x, y: x.sqrt_(),
    "tanh": lambda x, y: x.tanh_(),
    "relu": lambda x, y: x.sub_(1).relu_(),
    "neg": lambda x, y: x.neg_(),
    "abs": lambda x, y: x.sub_(1).abs_(),
    "clamp": lambda x, y: x.clamp_(min=0.9, max=1.5),
    "copy": lambda x, y: x.copy_(y),
    "copy row": lambda x, y: x.copy_(y[0]),
    "fill": lambda x, y: x.fill_(y[0, 0]),
    "zero": lambda x, y: x.zero_(),
    "masked_fill": lambda x, y: x.masked_fill_(x > 1, 2.0),
    "row": lambda x, y: x[0].mul_(y[1]),
    "column of view": lambda x, y: x.T[1].mul_(y[0, :2].sum()),
    "setitem": lambda x, y: x.__setitem__(0, y[1]),
    "setitem number": lambda x, y: x.__setitem__((slice(None), 1), 7.0),
    "setitem mask": lambda x, y: x.__setitem__(x > 1, 7.0),
    "setitem index": lambda x, y: x.__setitem__([1, 0], y[:2]),
    "setitem index of view": lambda x, y: x[:, 1:].__setitem__([0], y[0, 0]),
    "setitem all": lambda x, y: x.__setitem__(..., y),
    "flattened": lambda x, y: x.view(-1)[2:5].mul_(y.view(-1)[:3]),
    "twice": lambda x, y: x[0].mul_(y[0]) + x[0].add_(y[0]),
    "squeezed": lambda x, y: x[None].squeeze(0).mul_(y),
}


@pytest.mark.parametrize("change", INPLACE.values(), ids=INPLACE)
def test_an_in_place_change_differentiates_as_pytorchs(change):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    values = rng.uniform(0.5, 2, (3, 4)), rng.uniform(0.5, 2, (3, 4)), rng.normal(size=(3, 4))
    outcomes = []
    for tensor in (wrap, torch.from_numpy):
        x, y, weights = (tensor(value.copy()) for value in values)
        x.requires_grad_()
        y.requires_grad_()
        base = x * 1
        view = base[1]
        change(base, y)
        total = (base * weights).sum() + view.sum() * 3
        total.backward()
        grads = [each.grad if each.grad is None else each.grad.numpy() for each in (x, y)]
        outcomes.append((base.detach().numpy(), base._version, name(base.grad_fn), grads))
    ours, theirs = outcomes
    np.testing.assert_allclose(ours[0], theirs[0])
    assert ours[1:3] == theirs[1:3]
    for grad, expected in zip(ours[3], theirs[3], strict=True):
        if expected is None:
            assert grad is None
        else:
            np.testing.assert_allclose(grad, expected)


def test_the_readers_own_initialiser_works_line_for_line():
    tensor = fastinit.Tensor(100, 50).requires_grad_()
    fastinit.manual_seed(0)
    with fastinit.no_grad():
        tensor.uniform_(-10, 10)
        tensor *= (tensor.abs() >= 5).float()
    assert tensor.requires_grad
    assert tensor.is_leaf
    kept = tensor.detach().numpy()
    assert 0.45 < np.mean(kept == 0) < 0.55
    assert np.abs(kept[kept != 0]).min() >= 5


def test_drawing_in_place_cuts_the_gradient():
    x = leaf(1.0, 2.0)
    y = x * 1
    y.uniform_()
    assert name(y.grad_fn) == "UniformBackward0"
    y.sum().backward()
    assert x.grad.tolist() == [0, 0]


def test_hooks_see_and_replace_the_whole_gradient():
    x = leaf(1.0, 2.0)
    seen = []
    handle = x.register_hook(lambda grad: seen.append(grad.tolist()))
    x.register_hook(lambda grad: grad * 10)
    y = x * 3
    y.register_hook(lambda grad: grad + 1)
    (y.sum() + x.sum()).backward()
    assert seen == [[7, 7]]
    assert x.grad.tolist() == [70, 70]
    handle.remove()
    x.sum().backward()
    assert seen == [[7, 7]]
    assert x.grad.tolist() == [80, 80]


def test_a_hook_after_accumulation_sees_the_sum():
    x = leaf(1.0)
    seen = []
    x.register_post_accumulate_grad_hook(lambda tensor: seen.append((tensor is x, tensor.grad.item())))
    (x * 2 + x).sum().backward()
    x.sum().backward()
    assert seen == [(True, 3), (True, 4)]


def test_hooks_are_not_recorded():
    x = leaf(1.0)
    seen = []
    y = x * 2
    y.grad_fn.register_prehook(lambda grads: seen.append(fastinit.is_grad_enabled()))
    x.register_post_accumulate_grad_hook(lambda leaf: leaf.sub_(leaf.grad, alpha=0.25))
    y.backward(leaf(1.0))
    assert x.item() == 0.5
    assert seen == [False]
    assert fastinit.is_grad_enabled()


def test_a_node_takes_and_gives_gradients_in_a_tuple():
    x = leaf(3.0)
    y = x * 2
    handle = y.grad_fn.register_prehook(lambda grads: (grads[0] * 5,))
    y.backward(retain_graph=True)
    assert x.grad.item() == 10
    handle.remove()
    y.backward()
    assert x.grad.item() == 12


def test_a_hook_must_keep_the_shape_and_return_a_tensor():
    x = leaf(1.0, 2.0)
    handle = x.register_hook(lambda grad: grad.sum())
    with pytest.raises(RuntimeError, match="has changed the size of value"):
        x.sum().backward()
    handle.remove()
    x.register_hook(lambda grad: 3)
    with pytest.raises(TypeError, match="expected Variable, but hook returned 'int'"):
        x.sum().backward()


def test_retain_grad_fills_the_gradient_of_a_tensor_that_is_no_leaf():
    x = leaf(1.0, 2.0)
    y = x * 2
    y.retain_grad()
    y.add_(1)
    (y * y).sum().backward()
    assert y.grad.tolist() == [6, 10]
    assert y.retains_grad
    assert not x.retains_grad


def test_reading_the_gradient_of_a_tensor_that_is_no_leaf_warns():
    x = leaf(1.0)
    with pytest.warns(UserWarning, match="The .grad attribute of a Tensor that is not a leaf Tensor"):
        assert (x * 2).grad is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert x.grad is None


def test_autograd_grad_touches_no_leaf_and_runs_no_node_in_vain():
    x, y = leaf(1.0), leaf(2.0)
    z = x * y
    total = (z * z).sum()
    visited = []
    z.register_hook(lambda grad: visited.append("z"))
    of_x, of_z = autograd.grad(total, [x, z], retain_graph=True)
    assert (of_x.item(), of_z.item()) == (8, 4)
    assert x.grad is None
    w = leaf(5.0)
    assert autograd.grad(total, [w], retain_graph=True, allow_unused=True) == (None,)
    assert autograd.grad(total, [w], retain_graph=True, materialize_grads=True)[0].item() == 0
    total.backward(inputs=[x])
    assert x.grad.item() == 8
    assert y.grad is None


def test_several_roots_flow_in_one_pass():
    x = leaf(1.0, 2.0)
    y = x * 3
    autograd.backward([y.sum(), y], [None, fastinit.Tensor([1.0, 10.0])])
    assert x.grad.tolist() == [6, 33]


def test_a_long_chain_needs_no_recursion():
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y + 1
    y.sum().backward()
    assert x.grad.item() == 1
    del y


def test_a_graph_is_freed_without_the_collector():
    gc.collect()
    gc.disable()
    try:
        x = leaf(1.0, 2.0)
        x.register_hook(lambda grad: None)
        hidden = x * 2
        hidden.retain_grad()
        view = hidden[0]
        view.mul_(3)
        result = hidden.exp().sum()
        result.grad_fn.next_functions[0][0].next_functions  # noqa: B018 - looking must not tie a knot either
        references = [weakref.ref(each) for each in (x, hidden, view, result, result.grad_fn, hidden.grad_fn)]
        result.backward()
        del x, hidden, view, result
        assert [reference() for reference in references] == [None] * len(references)
    finally:
        gc.enable()


def test_a_compiled_backward_adds_to_the_gradients_own_memory():
    weight = leaf(1.0, 2.0)
    asked = []

    def backward(grad):
        place = accumulation_buffer(weight)
        asked.append(place)
        if place is None:
            return (grad,)
        buffer, accumulate = place
        buffer[...] = grad + (buffer if accumulate else 0)
        return (None,)

    def operation():
        return record(weight._array.copy(), "LinearBackward0", (weight,), backward)

    operation().sum().backward()
    assert weight.grad.tolist() == [1, 1]
    assert asked[-1][1] is False
    buffer = weight.grad._array
    operation().sum().backward()
    assert asked[-1][1] is True
    assert weight.grad._array is buffer
    assert weight.grad.tolist() == [2, 2]
    assert autograd.grad(operation().sum(), weight)[0].tolist() == [1, 1]
    assert asked[-1] is None
    handle = weight.register_hook(lambda grad: grad * 2)
    operation().sum().backward()
    assert asked[-1] is None
    assert weight.grad.tolist() == [4, 4]
    handle.remove()
    assert accumulation_buffer(weight) is None


def expanded():
    return fastinit.ones(1, 1).expand(2, 3)


def read_only():
    array = np.ones((2, 3), np.float32)
    array.flags.writeable = False
    return fastinit.from_numpy(array)


@pytest.mark.parametrize("assigned", [expanded, read_only])
def test_a_gradient_that_cannot_be_written_to_is_replaced_by_the_sum(assigned):
    layer, gradient = fastinit.nn.Linear(3, 2), assigned()
    layer.weight.grad = gradient
    layer(fastinit.ones(1, 3)).sum().backward()
    assert layer.weight.grad.tolist() == [[2.0] * 3] * 2
    layer.weight.grad = gradient
    (layer.weight * 2).sum().backward()
    assert layer.weight.grad.tolist() == [[3.0] * 3] * 2
    assert gradient.tolist() == [[1.0] * 3] * 2


def test_the_end_of_an_edge_is_one_object_per_leaf():
    x = leaf(1.0)
    y = x * 2
    node = y.grad_fn.next_functions[0][0]
    assert node is (x + 1).grad_fn.next_functions[0][0]
    assert node.variable is x
    assert node.name() == "AccumulateGrad"
    assert node.next_functions == ()


def test_a_copy_and_a_pickle_keep_what_the_user_set():
    x = leaf(1.0, 2.0)
    x.note = "mine"
    (x * 2).sum().backward()
    copied, pickled = copy.deepcopy(x), pickle.loads(pickle.dumps(x))
    assert copied.grad.tolist() == [2, 2]
    assert pickled.grad is None
    for other in (copied, pickled):
        assert other.requires_grad
        assert other.note == "mine"
        other.data.zero_()
    assert x.tolist() == [1, 2]
    twins = copy.deepcopy([x, x])
    assert twins[0] is twins[1]


def test_gradcheck_finds_a_wrong_gradient():
    x = wrap(np.array([1.0, 2.0])).requires_grad_()

    def wrong(x):
        return record(x._array * 2, "WrongBackward0", (x,), lambda grad: (grad * 3,))

    assert gradcheck(lambda x: x * 2, (x,))
    assert not gradcheck(wrong, (x,), raise_exception=False)
    with pytest.raises(RuntimeError, match="Jacobian mismatch for output 0 with respect to input 0"):
        gradcheck(wrong, (x,))
    with pytest.raises(ValueError, match="at least one input tensor to require gradient"):
        gradcheck(wrong, (x.detach(),))


def test_overflow_and_division_by_zero_are_values_not_warnings():
    x = leaf(0.0, 1e30)
    y = (1 / x).sum() + x.exp().sum() + x.log().sum() + (x * x * x).sum()
    y.backward()
    assert not np.isfinite(y.item())
    assert not np.isfinite(x.grad.numpy()).any()
