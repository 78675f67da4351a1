import pytest

import fastinit
from reference.differential import calls, outcome, output

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
randint_like(torch.ones(3), 5) | randint_like(torch.ones(3, dtype=torch.int64), 2, 5) | randint_like(3, 5)
randint_like(torch.ones(3), 5, dtype=torch.int8) | randint_like(torch.ones(3), low=2, high=5)
randint_like(torch.ones(3), torch.tensor(5)) | randint_like(torch.ones(3), 5.5) | randint_like(torch.ones(3))
randint_like(torch.ones(3), 5, 2) | normal(0., 1., (3,)) | normal(0, 1, (3,)) | normal(0., 1., size=(2,))
normal(torch.zeros(3), torch.ones(3)) | normal(torch.zeros(3), 2.) | normal(0., torch.ones(3))
normal(torch.zeros(3)) | normal(torch.zeros(3), torch.ones(2)) | normal(torch.zeros(3, 1), torch.ones(2))
normal(torch.zeros(3), -torch.ones(3)) | normal(torch.zeros(3, dtype=torch.int64), 1.) | normal(0., -1., (3,))
normal(0., torch.ones(3, dtype=torch.int64)) | normal(torch.zeros(3), torch.full((3,), float("nan")))
normal(torch.zeros(3, dtype=torch.float64), torch.ones(3)) | normal(torch.zeros(3), -1)
normal(torch.zeros(3), torch.ones(3, dtype=torch.float64)) | normal(0., 1., size=(2,), dtype=torch.float64)
normal(torch.zeros(3, dtype=torch.float16), 1.) | normal(0., 1.) | normal(torch.zeros(3), 1, (3,))
normal(torch.zeros(3, requires_grad=True), 1) | normal(0., 1., (3,), requires_grad=True)
normal(mean=torch.zeros(3), std=torch.ones(3)) | normal(torch.zeros(0), torch.zeros(0)) | normal("a", 1.)
normal(torch.ones(3), "a") | bernoulli(torch.ones(3)) | bernoulli(torch.ones(3, dtype=torch.int64))
bernoulli(torch.ones(3), 0.5) | bernoulli(torch.ones(3), p=2.)
bernoulli(torch.ones(3, dtype=torch.int64), 0.5) | bernoulli(3) | bernoulli(torch.ones(3, requires_grad=True))
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


def test_normal_takes_means_and_deviations_one_by_one():
    def draw(mean, std, *size):
        return fastinit.normal(mean, std, *size, generator=fastinit.Generator(seed=3)).tolist()

    mean, std = fastinit.tensor([[1.0], [-2.0]]), fastinit.tensor([0.5, 0.0, 3.0])
    one_by_one = [
        [draw(m, s, (6,))[3 * i + j] for j, s in enumerate(std.tolist())]
        for i, (m,) in enumerate(mean.tolist())
    ]
    assert draw(mean, std) == one_by_one


@pytest.mark.parametrize("call", ["normal(x, 1.)", "normal(0., x)", "normal(x, x)", "bernoulli(x)"])
def test_a_drawn_tensor_passes_a_gradient_of_zeros(torch, call):
    program = f"""
x = torch.full((3,), 0.5, requires_grad=True)
y = torch.{call}
y.sum().backward()
print(type(y.grad_fn).__name__, x.grad)
"""
    assert output(fastinit, program) == output(torch, program)
