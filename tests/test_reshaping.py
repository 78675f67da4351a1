"""Changes of a tensor's own shape: names, errors, versions and gradients are PyTorch's."""

import copy
import pickle

import numpy as np
import pytest

import fastinit
from reference.differential import calls, outcome

SHOWN = "(lambda t: (t, t.stride(), t._version, t._is_view(), t.grad_fn is None, t.requires_grad))"

CHANGES = calls("""
squeeze_() | squeeze_(1) | squeeze_(0) | squeeze_((0, 1)) | unsqueeze_(1) | unsqueeze_(dim=-1) | t_()
transpose_(0, 1) | swapaxes_(0, 1) | swapdims_(dim0=0, dim1=-1) | transpose_(dim0=1, dim1=0)
""")

CALLS = calls("""
torch.ones(2, 3).t_() | torch.ones(3).t_() | torch.ones(()).t_() | torch.ones(2, 3, 4).t_()
torch.ones(2, 3).squeeze_(5) | torch.ones(1, 2).squeeze_((0, 0)) | torch.ones(1, 2, 1).squeeze_()
torch.ones(()).squeeze_(0) | torch.ones(2, 3).unsqueeze_(4) | torch.ones(()).transpose_(0, 0)
torch.ones(2, 3, 4).transpose_(0, 5) | torch.ones(3, 1).expand(3, 4).t_() | torch.ones(2, 3).swapaxes_(0, 1)
torch.ones(3, 1, requires_grad=True).squeeze_() | torch.ones(3, 1, requires_grad=True)[:2].t_()
(torch.ones(3, 1, requires_grad=True) * 1).unbind(0)[0].squeeze_()
torch.ones(2, 3).resize_(3, 2) | torch.arange(6.).resize_((2, 2))
torch.arange(6.).reshape(2, 3).t().resize_(3, 2)
torch.arange(6.)[2:].resize_(2, 2) | torch.ones(2, 3).resize_([3]) | torch.ones(2, 3).resize_(0)
torch.arange(6.)[:2].resize_(5) | torch.ones(4).resize_as_(torch.ones(2, 2)) | torch.ones(2, 3).resize_(2, 3)
torch.ones(2, 3).resize_("a") | torch.ones(2, 3).resize_() | torch.ones(2, requires_grad=True).resize_(1)
torch.ones(2, 3).resize_(2, memory_format=torch.contiguous_format)
torch.ones(2, 3, device="meta").resize_(4, 4)
torch.squeeze(torch.ones(1, 2), (0, 0))
""")


@pytest.mark.parametrize("call", CALLS)
def test_a_call_gives_or_raises_what_pytorchs_does(call: str) -> None:
    torch = pytest.importorskip("torch")
    assert outcome(fastinit, f"{SHOWN}({call})") == outcome(torch, f"{SHOWN}({call})")


@pytest.mark.parametrize("change", CHANGES)
def test_gradients_flow_through_a_change(same_as_torch, normal, change: str) -> None:
    def of_a_result(library, x):
        y = x * 2
        assert eval(f"y.{change}") is y
        return y

    def of_a_view(library, x):
        view = (x * 2)[1:]
        eval(f"view.{change}")
        return view

    def of_a_view_of_what_is_changed(library, x):
        y = x * 2
        view = y[1:]
        eval(f"y.{change}")
        view.mul_(3)
        return view * 1

    def of_what_holds_a_changed_view(library, x):
        y = x * 2
        view = y[:1]
        eval(f"view.{change}")
        view.mul_(3)
        return y * 1

    for call in (of_a_result, of_a_view, of_a_view_of_what_is_changed, of_what_holds_a_changed_view):
        same_as_torch(call, normal(3, 1), dtype="float64")


def test_memory_that_grows_keeps_its_values() -> None:
    t = fastinit.arange(4.0)
    assert t.resize_(2, 3).shape == (2, 3)
    assert t.flatten()[:4].tolist() == [0, 1, 2, 3]
    assert fastinit.empty(0).resize_(3).shape == (3,)


def test_memory_that_was_left_is_taken_again() -> None:
    t = fastinit.arange(6.0)
    assert t.resize_(2).resize_(2, 3).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert t[1:].as_strided((2,), (1,)).untyped_storage() == t.untyped_storage()


def test_memory_that_others_look_into_does_not_grow() -> None:
    t, array = fastinit.zeros(4), np.zeros(3)
    others = (t[1:], t.detach(), fastinit.from_numpy(array))
    for each in (t, others[0], others[2]):
        with pytest.raises(RuntimeError, match="other tensors look into"):
            each.resize_(9)
    assert t.shape == (4,)


def test_the_shape_of_a_result_that_no_grad_changed_is_told_to_its_gradient() -> None:
    x = fastinit.ones(2, 3, requires_grad=True)
    y, z = x * 2, x * 3
    with fastinit.no_grad():
        y.t_()
        z.unsqueeze_(0)
    assert type(y.grad_fn).__name__ == "MulBackward0"
    z.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[3.0] * 3] * 2
    with pytest.raises(RuntimeError, match="invalid gradient of shape"):
        y.sum().backward()


def test_a_gradient_of_the_former_shape_does_not_fit_a_leaf() -> None:
    w = fastinit.ones(3, 1, requires_grad=True)
    former = w * 2
    with fastinit.no_grad():
        w.t_()
    for _ in range(2):
        with pytest.raises(RuntimeError, match=r"shape \[3, 1\] arrived at a leaf .* changed to \[1, 3\]"):
            former.sum().backward(retain_graph=True)
        (w * 2).sum().backward()
    assert w.grad is not None
    assert w.grad.shape == (1, 3)


def test_changes_that_no_view_has_seen_take_no_memory() -> None:
    t = fastinit.arange(6.0).reshape(2, 3).clone()
    view = t[0]
    for _ in range(100):
        t.unsqueeze_(1).transpose_(0, 2).squeeze_()
    assert len(t._reshaped) == 1
    after = t[:, 1]
    t.t_().t_()
    assert len(t._reshaped) == 2
    # The views are still those of the same elements, also for a gradient.
    assert t.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert view.tolist() == [0, 1, 2]
    assert after.tolist() == [1, 4]
    x = fastinit.ones(2, 3, requires_grad=True)
    t.mul_(x)
    (view.sum() + 10 * after.sum()).backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[0, 11, 2], [0, 40, 0]]


def test_what_was_changed_can_be_copied() -> None:
    w = fastinit.arange(6.0).reshape(2, 3).clone().t_()
    for other in (copy.deepcopy(w), pickle.loads(pickle.dumps(w))):
        assert other.tolist() == w.tolist()
