import pytest

import fastinit
from reference.differential import calls, outcome

SIZES = """
2, 3 | (2, 3) | [2, 3] |   | () | 0 | -1 | 2, -1 | 2.0 | (2, 2.0) | 'a' | None | 2, (3,) | torch.Size([2])
True | torch.tensor(3) | np.int64(2) | (2,), 3 | size=(2,) | 2, dtype=torch.int32
2, dtype=torch.float64, requires_grad=True | 2, dtype=torch.int32, requires_grad=True | 2, device='cpu'
"""

OTHERS = """
full((2,), 3) | full((2,), 3.0) | full((2,), True) | full(2, 3) | full((), 3.0)
full((2,), torch.tensor(3.0)) | full((2,), 3, dtype=torch.float64) | full((2,), None)
full([2, 2], 1.5, requires_grad=True) | full((-1,), 1) | full((2,), fill_value=3)
full((2,), 3, dtype=torch.bool) | full((2,), torch.tensor([3.0])) | arange(3) | arange(3.0) | arange(1, 4)
arange(1, 4.0) | arange(0, 1, 0.25) | arange(5, 0, -2) | arange(5, 0) | arange(0, 5, 0) | arange(0)
arange(1, 1) | arange(-3) | arange(0, float('nan')) | arange(0, float('inf')) | arange(True)
arange(torch.tensor(3)) | arange(torch.tensor(3.0)) | arange(1.0, 2.0, 0.1) | arange(0.0, 1e-3, 1e-4)
arange(np.int64(3)) | arange(2**62, 2**62 + 2) | arange(3, dtype=torch.float64)
arange(2.5, dtype=torch.int64) | arange(end=3) | arange(start=1, end=3) | arange(1, end=3)
arange(3, requires_grad=True) | arange(1, 4, step=2) | arange(3.0, requires_grad=True)
arange(0.5, dtype=torch.bool) | arange(3, dtype=torch.float16) | arange(0, 1000, 3) | arange(0, 7, 0.013)
arange(-3, 3, 0.7, dtype=torch.bfloat16) | arange(10, 0, -0.3) | linspace(0, 1, 5) | linspace(0, 1, 1)
linspace(0, 1, 0) | linspace(0, 1, -1) | linspace(1, 0, 3) | linspace(0, float('nan'), 3)
linspace(0, 10, 4, dtype=torch.int64) | linspace(0, 1, steps=3) | linspace(0, 1, 3, dtype=torch.float64)
linspace(-1, 1, 6) | linspace(-10, 10, 7, dtype=torch.int32) | linspace(-3, 2, 11, dtype=torch.float16)
linspace(0, 1, 8, dtype=torch.bfloat16) | eye(3) | eye(2, 3) | eye(0) | eye(-1) | eye(2, -1) | eye(2.0)
eye((2, 3)) | eye(2, dtype=torch.int32) | eye(2, m=3, requires_grad=True) | eye(2, dtype=torch.bool)
zeros_like(torch.ones(2, 3, dtype=torch.float64)) | ones_like(torch.zeros(2), dtype=torch.int32)
zeros_like(3) | full_like(torch.zeros(2, 2), 3) | full_like(torch.ones(2, dtype=torch.int32), 3.5)
zeros_like(np.ones(2)) | zeros_like(torch.ones(2, dtype=torch.int32), requires_grad=True)
ones_like(torch.zeros(2), requires_grad=True)
"""


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.mark.parametrize("function", ["zeros", "ones"])
@pytest.mark.parametrize("arguments", calls(SIZES))
def test_sizes_are_read_as_in_torch(torch, function, arguments):
    call = f"torch.{function}({arguments})"
    assert outcome(fastinit, call) == outcome(torch, call)


@pytest.mark.parametrize("call", calls(OTHERS))
def test_constants_and_ranges_are_the_tensors_of_torch(torch, call):
    assert outcome(fastinit, f"torch.{call}") == outcome(torch, f"torch.{call}")


def test_empty_has_the_size_and_the_dtype():
    assert fastinit.empty(2, 3, dtype=fastinit.float16).shape == (2, 3)
    assert fastinit.empty_like(fastinit.ones(4, dtype=fastinit.int8)).dtype is fastinit.int8
