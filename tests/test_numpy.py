"""Tensors beside NumPy's arrays and numbers, and Python's types as dtypes, against PyTorch."""

import warnings

import pytest

import fastinit
from reference.differential import calls, outcome

ARRAYS = """
np.add(x, 1) | np.exp(x) | np.sqrt(r.detach()) | np.add(x, y) | np.add(a, x) | np.maximum(x, 2)
np.add.reduce(x) | np.isnan(x) | np.greater(x, 2) | np.transpose(x) | np.reshape(x, (3, 2)) | np.sin(r)
np.where(y > 1, y, 0) | np.dot(x, a) | np.concatenate([x, x]) | x + a | x - a | x * a32 | x / a | y // a
x**a | x % a | x @ a | y & m | (y > 1).__or__(m) | a + x | a * x | x + np.array(3.0) | y + np.array(3.0)
x == a | a == x | x != a | x < a | y == np.array([1, 2, 4]) | x == np.array(1.0) | y == np.array(["a"])
x == np.ones(2) | np.ones(2) == x | y == np.array([1.5, 2, 3]) | x == [1, 2, 3] | r + a | r * a32
"""

NUMBERS = """
z * np.float64(2) | np.float64(2) * z | y * np.float64(2) | np.float64(2) * y | np.float64(2) + y
y + np.float32(2) | np.float32(2) + y | x * np.float16(2) | y * np.float16(2) | y * np.int32(2)
np.int64(2) * y | y / np.int64(2) | np.int64(7) // y | np.int64(3) * small | half * np.float64(2)
half * np.float32(2) | x == np.float64(1) | np.float64(1) < x | x.clamp(np.float64(2))
torch.add(y, np.float64(2)) | torch.where(y > 1, y, np.float64(0)) | x.sum(np.int64(0))
torch.full((2,), np.float64(3)) | torch.tensor([np.float32(3), 2]) | y.sum() * np.float64(2)
"""

DTYPES = """
torch.zeros(2, dtype=float) | torch.ones(2, dtype=int) | torch.tensor([1], dtype=float)
torch.tensor([1.5], dtype=bool) | torch.as_tensor([1], dtype=float) | torch.asarray([1], dtype=float)
torch.arange(3, dtype=float) | x.to(float) | torch.zeros_like(x, dtype=int) | x.to(int) | x.to(bool)
x.to(dtype=float) | x.to("cpu", float) | x.sum(dtype=float) | x.mean(dtype=float)
x.cumsum(0, dtype=int) | x.cumprod(0, dtype=int) | x.softmax(0, dtype=float) | x.prod(dtype=int)
x.new_zeros(2, dtype=int) | torch.randperm(1, dtype=float) | torch.frombuffer(b"\\0" * 8, dtype=int)
x.view(float) | nn.Linear(1, 1).to(float).weight.dtype | nn.Linear(1, 1).to(int)
nn.Linear(1, 1).to(dtype=float).weight.dtype | x.view(int) | z.view(torch.float64) | z.view(torch.int8)
x.t().view(torch.int16) | torch.ones(2, 4).view(float)
"""


def names(library):
    return {
        "x": library.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
        "y": library.tensor([1, 2, 3]),
        "z": library.tensor(2.5),
        "r": library.ones(3, requires_grad=True),
        "small": library.ones(2, dtype=library.int32),
        "half": library.ones(2, dtype=library.float16),
    }


SETUP = "a := np.ones(3), a32 := np.ones(3, np.float32), m := np.array([True, False, True])"


@pytest.mark.parametrize("call", [*calls(ARRAYS), *calls(NUMBERS), *calls(DTYPES)])
def test_a_tensor_works_with_numpy_as_in_torch(call):
    torch = pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's, of the signatures of PyTorch's methods
        ours, theirs = (
            outcome(library, f"({SETUP}, {call})[-1]", **names(library)) for library in (fastinit, torch)
        )
    assert ours == theirs


CHECKS = """
torch.isclose(x, x, rtol=-1) | torch.isclose(x, x, atol=-0.5) | torch.isclose(x, y)
torch.allclose(x, 1) | torch.allclose(torch.ones(2), torch.ones(3)) | torch.equal(x, 1)
torch.equal(x, [1]) | x.flip((0, 0)) | x.flip(0, -2) | x.flip(()) | x.flip(3) | torch.empty(0).var()
torch.empty(0).std() | z.var() | z.std(correction=0) | x.var(0, correction=2) | torch.empty(0, 2).var(0)
torch.empty(2, 0).std(0) | x.var(0, correction=3) | torch.var_mean(z) | x.std((0, 1))
"""


@pytest.mark.parametrize("call", calls(CHECKS))
def test_what_has_no_answer_is_refused_or_warned_of_as_in_torch(call):
    torch = pytest.importorskip("torch")
    seen = []
    for library in (fastinit, torch):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            given = outcome(library, call, **names(library))
        seen.append((given, [str(each.message).split(" (Triggered")[0] for each in caught]))
    assert seen[0] == seen[1]


NAMES = """
x.sum(axis=0) | x.sum(axis=0, keepdims=True) | torch.sum(x, axis=1) | x.mean(axis=-1) | x.max(axis=0)
x.min(axis=1) | x.argmax(axis=0) | x.argmin(axis=1, keepdims=True) | x.amax(axis=0) | x.amin(axis=(0, 1))
x.std(axis=0) | x.var(axis=1) | x.prod(axis=0) | x.cumsum(axis=1) | x.cumprod(axis=0) | x.cummax(axis=0)
x.all(axis=0) | x.any(axis=1) | x.sort(axis=0) | x.argsort(axis=1) | x.topk(1, axis=0)
x.softmax(axis=0) | x.log_softmax(axis=1) | x.logsumexp(axis=0) | x.diff(axis=1)
torch.cat([x, x], axis=1) | torch.stack([x, x], axis=1) | torch.concat([x, x], axis=0)
x.chunk(2, axis=1) | x.unbind(axis=1) | x.squeeze(axis=0) | x.unsqueeze(axis=0)
x.select(axis=0, index=1) | x.median(axis=0) | x.index_select(axis=1, index=y - 1)
x.gather(axis=1, index=y[None] - 1) | x.quantile(0.5, axis=0) | x.nansum(axis=0)
x.count_nonzero(axis=0) | x.repeat_interleave(2, axis=0) | torch.var_mean(x, axis=0)
x.narrow(axis=0, start=0, length=1) | torch.linalg.vector_norm(x, axis=0) | x.logsumexp(0, keepdims=True)
x.sum(dim=0, keepdims=True) | x.sum(axis=5) | torch.linalg.norm(x, axis=0) | x.norm(axis=0)
x.split(1, axis=0)
"""


@pytest.mark.parametrize("call", calls(NAMES))
def test_dimensions_have_numpys_names_where_they_have_them_in_torch(call):
    torch = pytest.importorskip("torch")
    ours, theirs = (outcome(library, call, **names(library)) for library in (fastinit, torch))
    assert ours == theirs or "argument" in theirs
