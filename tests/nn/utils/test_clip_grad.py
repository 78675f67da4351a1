"""Clipping of gradients, against PyTorch."""

import itertools

import pytest

import fastinit
from reference.differential import transcript

SETUP = """
from math import inf, nan
from importlib import import_module
utils = import_module(torch.__name__ + ".nn.utils")

def with_grad(values, dtype=torch.float32):
    parameter = nn.Parameter(torch.zeros(len(values), dtype=dtype))
    parameter.grad = torch.tensor(values, dtype=dtype)
    return parameter

def several():
    return [with_grad([1.0, -2.0, 3.0]), nn.Parameter(torch.ones(2)), with_grad([0.5, 4.0])]

def mixed():
    return [with_grad([3.0, 4.0], torch.float64), with_grad([12.0]), with_grad([2.0], torch.float16)]

def after(function, parameters, *args, **kwargs):
    parameters = [parameters] if isinstance(parameters, torch.Tensor) else list(parameters)
    result = function(parameters, *args, **kwargs)
    return result, [p.grad for p in parameters]
"""

NORMS = "\n".join(
    f"after(utils.clip_grad_norm_, {parameters}(), {max_norm}, {norm_type}, foreach={foreach})"
    for parameters, max_norm, norm_type, foreach in itertools.product(
        ("several", "mixed"),
        (1, 2.5, 100, 0, "inf", -1),
        (2, 1, 3.5, 0, "inf", "-inf", "'inf'"),
        (None, True),
    )
)

CALLS = """
after(utils.clip_grad_value_, several(), 1) | after(utils.clip_grad_value_, mixed(), 2.5)
after(utils.clip_grad_value_, several(), 0.25) | after(utils.clip_grad_value_, several(), inf)
after(utils.clip_grad_value_, several(), -1) | after(utils.clip_grad_value_, several(), 1, foreach=False)
after(utils.clip_grad_value_, [with_grad([nan, inf, -inf])], 2)
utils.clip_grad_value_(several(), 'x') | utils.clip_grad_value_([3], 1) | utils.clip_grad_value_(None, 1)
utils.clip_grad_value_(several()[0], 1) | utils.clip_grad_value_(iter(several()), clip_value=1)
utils.clip_grad_norm_([], 1) | utils.clip_grad_norm_(iter([]), 1) | utils.clip_grad_norm_((p for p in []), 1)
utils.clip_grad_norm_((p for p in several()), 1) | utils.clip_grad_norm_(nn.Linear(1, 1).parameters(), 1)
utils.clip_grad_norm_(several()[0], 1) | utils.clip_grad_norm_(several()[1], 1) | utils.clip_grad_norm_(3, 1)
utils.clip_grad_norm_(several(), 'x') | utils.clip_grad_norm_(several(), 1, 'x')
utils.clip_grad_norm_([3], 1) | utils.clip_grad_norm_(several(), 1, None)
utils.clip_grad_norm_(several(), [])
after(utils.clip_grad_norm_, [with_grad([nan, 1.0])], 1) | after(utils.clip_grad_norm_, [with_grad([inf])], 1)
utils.clip_grad_norm_([with_grad([nan])], 1, error_if_nonfinite=True)
utils.clip_grad_norm_([with_grad([1.0]), with_grad([-inf])], 1, 'inf', True)
utils.clip_grad_norm_([with_grad([1.0])], 1, error_if_nonfinite=True) | utils.clip_grad_norm_(several())
utils.clip_grad_norm(several(), 1) | utils.clip_grad_norm(several(), max_norm=1, norm_type=1)
utils.get_total_norm([torch.ones(2), torch.ones(3)]) | utils.get_total_norm([]) | utils.get_total_norm(None)
utils.get_total_norm(torch.full((3, 4), 2.0), 3) | utils.get_total_norm((torch.ones(1) for _ in range(4)))
utils.get_total_norm([torch.ones(0)]) | utils.get_total_norm([torch.ones(2, requires_grad=True)])
utils.get_total_norm([torch.ones(2), torch.ones(2, dtype=torch.float64)])
utils.get_total_norm([torch.tensor(3.0)])
utils.get_total_norm([torch.tensor([nan])], error_if_nonfinite=True)
after(utils.clip_grads_with_norm_, several(), 1, torch.tensor(2.0))
after(utils.clip_grads_with_norm_, several(), 1, torch.tensor(2.0), True)
utils.clip_grads_with_norm_([], 1, torch.tensor(2.0))
"""


@pytest.mark.parametrize("table", [NORMS, CALLS], ids=["norms", "calls"])
def test_gradients_warnings_and_errors_are_those_of_torch(table):
    torch = pytest.importorskip("torch")
    ours, theirs = transcript(fastinit, SETUP, table), transcript(torch, SETUP, table)
    assert [pair for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1]] == []


def test_gradients_are_scaled_in_their_own_memory():
    weight = fastinit.nn.Parameter(fastinit.zeros(2))
    weight.grad = fastinit.tensor([3.0, 4.0])
    grad, address = weight.grad, weight.grad.data_ptr()
    fastinit.nn.utils.clip_grad_norm_(weight, 1)
    assert weight.grad is grad
    assert grad.data_ptr() == address
    fastinit.nn.utils.clip_grad_value_(weight, 0.5)
    assert weight.grad is grad
    assert grad.tolist() == [0.5, 0.5]


def test_a_gradient_that_is_in_a_graph_is_clipped_without_one():
    weight = fastinit.nn.Parameter(fastinit.full((2,), 3.0))
    weight.grad = weight.detach() * 1.0
    total = fastinit.nn.utils.clip_grad_norm_([weight], 1.0)
    assert not total.requires_grad
    assert not weight.grad.requires_grad


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_sixteen_bit_gradients_are_scaled_in_float32(dtype):
    weight = fastinit.nn.Parameter(fastinit.zeros(3, dtype=getattr(fastinit, dtype)))
    weight.grad = fastinit.tensor([1.0, 3.0, 7.0], dtype=weight.dtype)
    expected = (weight.grad.float() * (0.7 / (10 + 1e-6))).to(weight.dtype)
    fastinit.nn.utils.clip_grads_with_norm_(weight, 0.7, fastinit.tensor(10.0))
    assert weight.grad.tolist() == expected.tolist()


def test_a_gradient_whose_elements_share_memory_is_refused():
    weight = fastinit.nn.Parameter(fastinit.zeros(3))
    weight.grad = fastinit.ones(1).expand(3)
    for clip in (fastinit.nn.utils.clip_grad_norm_, fastinit.nn.utils.clip_grad_value_):
        with pytest.raises(RuntimeError, match="more than one element"):
            clip(weight, 0.5)


def test_clipping_counts_as_a_change():
    weight = fastinit.nn.Parameter(fastinit.zeros(3))
    weight.grad = fastinit.ones(3)
    fastinit.nn.utils.clip_grad_norm_(weight, 100)
    fastinit.nn.utils.clip_grad_value_(weight, 0.5)
    assert weight.grad._version == 2


@pytest.mark.parametrize("shape", [(), (3,), (0,), (2, 3, 4)], ids=str)
def test_norms_of_any_layout_are_those_of_torch(same_as_torch, normal, shape):
    for call in (
        lambda library, x: x.norm(),
        lambda library, x: x.norm(2, keepdim=True),
        lambda library, x: library.flip(x, (0,)).norm() if x.ndim else x.norm(),
        lambda library, x: (x.transpose(0, -1) if x.ndim else x).norm(2),
    ):
        same_as_torch(call, normal(*shape))
