import pytest

import fastinit
from reference.differential import calls, outcome

DRAWN = """
rand(2, 3) | rand(()) | rand(0) | rand(2, dtype=torch.float64) | rand(2, dtype=torch.float16) | rand(-1)
rand(2.0) | randn(2, 3) | randn((2, 3)) | randn(2, dtype=torch.bfloat16) | randn(2, dtype=torch.int32)
rand(2, dtype=torch.int32) | rand(2, requires_grad=True) | rand(size=(2,)) | randint(3, (2,))
randint(1, 3, (2,)) | randint(0, (2,)) | randint(3, 1, (2,)) | randint(3, 2) | randint(1.5, (2,))
randint(3, (2,), dtype=torch.float32) | randint(300, (2,), dtype=torch.uint8)
randint(low=1, high=3, size=(2,)) | randint(3, size=(2,)) | randint(-5, 5, (2,), dtype=torch.uint8)
randint(3, (2,), requires_grad=True) | randint(3, (2,), dtype=torch.bool) | randperm(0) | randperm(4)
randperm(-1) | randperm(2.0) | randperm(torch.tensor(3)) | randperm((3,)) | randperm(3, dtype=torch.float32)
randperm(5000, dtype=torch.float16) | randperm(2050, dtype=torch.float16)
randperm(2049, dtype=torch.float16) | randperm(1, dtype=torch.bool)
rand_like(torch.ones(2, dtype=torch.int32)) | rand_like(torch.ones(2, 3, dtype=torch.float64))
randn_like(torch.ones(3), requires_grad=True) | randn_like(3)
rand_like(torch.ones(2), dtype=torch.float64)
"""


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.mark.parametrize("call", calls(DRAWN))
def test_drawn_tensors_have_the_form_and_the_errors_of_torch(torch, call):
    facts = f"(lambda x: (x.shape, x.dtype, x.requires_grad, type(x).__name__))(torch.{call})"
    assert outcome(fastinit, facts) == outcome(torch, facts)


def test_a_generator_gives_the_same_numbers_again():
    def draw():
        generator = fastinit.Generator().manual_seed(3)
        return [
            fastinit.rand(5, generator=generator).tolist(),
            fastinit.randn(5, generator=generator).tolist(),
            fastinit.randint(10, (5,), generator=generator).tolist(),
            fastinit.randperm(5, generator=generator).tolist(),
            fastinit.rand_like(fastinit.ones(5), generator=generator).tolist(),
        ]

    assert draw() == draw()
