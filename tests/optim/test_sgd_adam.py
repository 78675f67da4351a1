"""The updates against PyTorch, over many steps."""

import itertools

import numpy as np
import pytest

import fastinit
from fastinit import _core, optim

SGD = [
    {
        "momentum": momentum,
        "nesterov": nesterov,
        "dampening": dampening,
        "weight_decay": decay,
        "maximize": up,
    }
    for momentum, nesterov, dampening, decay, up in itertools.product(
        (0, 0.9), (False, True), (0, 0.3), (0, 0.1), (False, True)
    )
    if not nesterov or (momentum and not dampening)
]
ADAM = [
    {"betas": betas, "amsgrad": amsgrad, "weight_decay": decay, "maximize": maximize}
    for betas, amsgrad, decay, maximize in itertools.product(
        ((0.9, 0.999), (0.5, 0.8)), (False, True), (0, 0.1), (False, True)
    )
]
CASES = [("SGD", case) for case in SGD] + [(name, case) for name in ("Adam", "AdamW") for case in ADAM]


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fifty_steps_end_where_torch_ends(name, options, dtype):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    shapes = [(3, 4), (5,), (), (2, 0)]
    starts = [np.asarray(rng.standard_normal(shape), dtype=dtype) for shape in shapes]

    def run(library, optimizers):
        parameters = [library.nn.Parameter(library.tensor(start)) for start in starts]
        optimizer = getattr(optimizers, name)(parameters, lr=0.05, **options)
        gradients = np.random.default_rng(1)
        for _ in range(50):
            for parameter in parameters:
                parameter.grad = library.tensor(
                    np.asarray(gradients.standard_normal(parameter.shape), dtype=dtype)
                )
            optimizer.step()
        return [np.asarray(parameter.detach().numpy()) for parameter in parameters]

    tolerance = {"float32": 2e-5, "float64": 1e-13}[dtype]
    for ours, theirs in zip(run(fastinit, optim), run(torch, torch.optim), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", ["SGD", "AdamW"])
def test_half_types_train(name, dtype):
    parameter = fastinit.nn.Parameter(fastinit.ones(3, dtype=getattr(fastinit, dtype)))
    optimizer = getattr(optim, name)([parameter], lr=0.125)
    for _ in range(3):
        parameter.grad = fastinit.ones_like(parameter)
        optimizer.step()
    assert parameter.dtype is getattr(fastinit, dtype)
    np.testing.assert_allclose(parameter.float().tolist(), [0.625] * 3, atol=0.01)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_parameters_of_any_layout_are_moved_in_place(name):
    memory = np.ones((4, 6), dtype=np.float32)
    strided = fastinit.nn.Parameter(fastinit.from_numpy(memory[::2, ::-3].T))
    dense = fastinit.nn.Parameter(fastinit.ones(2, 2))
    optimizer = getattr(optim, name)([strided, dense], lr=0.1)
    for _ in range(3):
        strided.grad, dense.grad = fastinit.ones(2, 2), fastinit.ones(2, 2)
        optimizer.step()
    assert strided.tolist() == dense.tolist()
    assert memory[0, 5] == strided[0, 0].item()
    assert memory[1, 0] == 1


@pytest.mark.parametrize(
    ("name", "kernel"), [("SGD", "sgd_step"), ("Adam", "adam_step"), ("AdamW", "adam_step")]
)
def test_a_step_over_all_parameters_is_one_compiled_call(name, kernel):
    parameters = [fastinit.nn.Parameter(fastinit.ones(*shape)) for shape in ((2, 3), (4,), (1, 2))]
    optimizer = getattr(optim, name)(parameters, lr=0.1)
    for parameter in parameters:
        parameter.grad = fastinit.ones_like(parameter)
    _core.reset_calls()
    optimizer.step()
    assert _core.calls() == {kernel: 1}
    assert all(parameter._version == 1 for parameter in parameters)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_the_compiled_pass_and_numpys_give_the_same_bits(name):
    options = {"momentum": 0.9, "nesterov": True} if name == "SGD" else {"amsgrad": True}
    rng = np.random.default_rng(0)
    start, grads = rng.standard_normal((5, 4)), rng.standard_normal((6, 5, 4))
    dense = fastinit.nn.Parameter(fastinit.tensor(start, dtype=fastinit.float32))
    memory = np.zeros((5, 8), np.float32)
    strided = fastinit.nn.Parameter(fastinit.from_numpy(memory[:, ::2]))
    with fastinit.no_grad():
        strided.copy_(dense)
    for parameter in (dense, strided):
        optimizer = getattr(optim, name)([parameter], lr=0.01, weight_decay=0.1, **options)
        for grad in grads:
            parameter.grad = fastinit.tensor(grad, dtype=fastinit.float32)
            optimizer.step()
    assert dense.tolist() == strided.tolist()


def test_rates_may_be_tensors():
    parameter = fastinit.nn.Parameter(fastinit.ones(2))
    parameter.grad = fastinit.ones(2)
    optim.SGD([parameter], lr=fastinit.tensor(0.25)).step()
    assert parameter.tolist() == [0.75, 0.75]


def test_a_momentum_that_was_loaded_in_another_layout_goes_on():
    parameter = fastinit.nn.Parameter(fastinit.ones(2, 3))
    parameter.grad = fastinit.ones(2, 3)
    optimizer = optim.SGD([parameter], lr=0.5, momentum=0.5)
    optimizer.step()
    state = optimizer.state[parameter]
    state["momentum_buffer"] = fastinit.ones(3, 2).t()
    optimizer.step()
    assert parameter.tolist() == [[-0.25] * 3] * 2
    assert state["momentum_buffer"].tolist() == [[1.5] * 3] * 2
