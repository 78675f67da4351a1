"""Linear algebra against PyTorch: values, gradients, shapes and errors."""

import numpy as np
import pytest
import scipy.linalg

import fastinit
from reference.differential import transcript

CASES = [(3, 3), (1, 1), (0, 0), (5, 4, 4), (2, 3, 2, 2)]


def solvable(normal, *shape):
    return normal(*shape) + 3 * np.eye(shape[-1])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", CASES, ids=str)
def test_inverses(same_as_torch, normal, shape, dtype):
    same_as_torch(lambda library, a: library.linalg.inv(a), solvable(normal, *shape), dtype=dtype)
    same_as_torch(lambda library, a: library.inverse(a), solvable(normal, *shape), dtype=dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((3, 3), (3, 2)),
        ((3, 3), (3, 3)),
        ((4, 2, 2), (4, 2, 2)),
        ((4, 2, 2), (2, 2)),
        ((2, 2), (5, 4, 2, 2)),
        ((4, 1, 2, 2), (3, 2, 2)),
        ((0, 0), (0, 0)),
        ((3, 3), (2, 3)),
    ],
    ids=str,
)
def test_solutions(same_as_torch, normal, a, b, left, dtype):
    def call(library, a, b):
        return library.linalg.solve(a, b, left=left)

    same_as_torch(call, solvable(normal, *a), normal(*b), dtype=dtype)


@pytest.mark.parametrize(
    ("a", "b"), [((3, 3), (3,)), ((4, 2, 2), (4, 2)), ((4, 2, 2), (2,)), ((4, 2, 2), (2, 4))], ids=str
)
def test_solutions_for_vectors(same_as_torch, normal, a, b):
    same_as_torch(lambda library, a, b: library.linalg.solve(a, b), solvable(normal, *a), normal(*b))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [0, 1e-3, 0.3, 1, 4, 20])
@pytest.mark.parametrize("shape", CASES, ids=str)
def test_exponentials(same_as_torch, normal, shape, scale, dtype):
    matrices = normal(*shape) * scale
    matrices = matrices - matrices.swapaxes(-1, -2) if scale > 4 else matrices
    # PyTorch's float32 loses digits of large matrices that ours keeps: see the next test.
    precision = "float16" if scale > 4 and dtype == "float32" else None
    same_as_torch(lambda library, a: library.matrix_exp(a), matrices, dtype=dtype, precision=precision)
    same_as_torch(lambda library, a: library.linalg.matrix_exp(a), matrices, dtype=dtype, precision=precision)


@pytest.mark.parametrize("scale", [1, 4, 20, 100])
def test_exponentials_in_float32_are_those_in_float64_to_its_precision(normal, scale):
    matrices = (normal(5, 4, 4) * scale).astype(np.float32)
    matrices -= matrices.swapaxes(-1, -2)
    exact = np.stack([scipy.linalg.expm(matrix.astype(np.float64)) for matrix in matrices])
    ours = fastinit.matrix_exp(fastinit.from_numpy(matrices)).numpy()
    assert np.abs(ours - exact).max() < 1e-6 * (1 + scale / 4)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("a", "tau"),
    [((4, 4), 4), ((5, 3), 3), ((5, 3), 2), ((3, 6, 4), 4), ((2, 2, 3, 3), 1), ((1, 1), 1)],
    ids=str,
)
def test_products_of_reflections(same_as_torch, normal, a, tau, dtype):
    vectors = normal(*a)
    scales = 2 / (1 + np.square(np.tril(vectors, -1)).sum(-2))[..., :tau]
    scales[..., :1] = 0
    same_as_torch(
        lambda library, a, tau: library.linalg.householder_product(a, tau), vectors, scales, dtype=dtype
    )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_sixteen_bit_numbers_are_computed_in_float32(normal, dtype):
    a = fastinit.tensor(solvable(normal, 3, 3)).to(getattr(fastinit, dtype))
    for function in (
        fastinit.linalg.inv,
        fastinit.matrix_exp,
        lambda x: fastinit.linalg.solve(x, x[0]),
        lambda x: fastinit.linalg.householder_product(x, x[0]),
    ):
        assert function(a).tolist() == function(a.float()).to(a.dtype).tolist()


ERRORS = """
L.solve(torch.zeros(2, 2), torch.ones(2)) | L.solve(torch.zeros(3, 2, 2), torch.ones(2))
L.solve(torch.stack([torch.eye(2), torch.ones(2, 2)]), torch.ones(2, 2))
L.solve(torch.zeros(2, 3), torch.ones(2))
L.solve(torch.ones(2), torch.ones(2)) | L.solve(torch.eye(2), torch.ones(3))
L.solve(torch.eye(2), torch.ones(3, 1))
L.solve(torch.eye(2), torch.tensor(1.0)) | L.solve(torch.eye(2).long(), torch.ones(2))
L.solve(torch.eye(2).double(), torch.ones(2)) | L.solve(torch.eye(2).expand(4, 2, 2), torch.ones(3, 2, 1))
L.solve(torch.eye(2), torch.ones(5, 2, 4), left=False) | L.solve(torch.eye(2), torch.ones(2), left=False)
L.inv(torch.zeros(2, 2)) | L.inv(torch.zeros(3, 2, 2)) | L.inv(torch.ones(3, 3)) | L.inv(torch.zeros(2, 3))
L.inv(torch.stack([torch.eye(3), torch.ones(3, 3)])) | L.inv(torch.ones(2)) | L.inv(torch.eye(2).long())
L.inv(torch.tensor([[0.0, 1.0, 2.0], [0.0, 3.0, 1.0], [0.0, 5.0, 0.0]]))
L.inv(torch.arange(16.0).reshape(4, 4) // 5)
L.inv(torch.full((2, 2), float("nan"))) | torch.matrix_exp(torch.full((2, 2), float("nan")))
torch.matrix_exp(torch.ones(2)) | torch.matrix_exp(torch.ones(2, 3))
torch.matrix_exp(torch.ones(2, 2).long())
L.householder_product(torch.zeros(2, 3), torch.zeros(3))
L.householder_product(torch.zeros(3), torch.zeros(3))
L.householder_product(torch.zeros(3, 2), torch.zeros(3))
L.householder_product(torch.zeros(3, 2), torch.zeros(4, 2))
L.householder_product(torch.zeros(4, 3, 2), torch.zeros(2))
L.householder_product(torch.zeros(4, 3, 2), torch.zeros(3, 2))
L.householder_product(torch.zeros(3, 2), torch.zeros(2).double())
"""


def test_errors_are_those_of_torch():
    torch = pytest.importorskip("torch")
    setup = "from importlib import import_module\nL = import_module(torch.__name__ + '.linalg')"
    ours = transcript(fastinit, setup, ERRORS)
    # The class that PyTorch calls torch.linalg.LinAlgError has another name of its own.
    theirs = [line.replace("_LinAlgError", "LinAlgError") for line in transcript(torch, setup, ERRORS)]
    assert issubclass(fastinit.linalg.LinAlgError, RuntimeError)
    assert [pair for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1]] == []


#: Of a tall, a square and a wide matrix, and of several.
MATRICES = [(4, 3), (3, 3), (2, 4), (3, 4, 2), (2, 1, 3, 3)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", MATRICES, ids=str)
def test_singular_values_and_vectors(same_as_torch, normal, shape, dtype):
    a = normal(*shape)

    def rebuilt(library, a):
        left, values, right = library.linalg.svd(a, full_matrices=False)
        return left * values.exp().unsqueeze(-2) @ right

    # The sign of a pair of vectors is left open.
    for part in range(3):
        same_as_torch(lambda library, a, i=part: library.linalg.svd(a, False)[i].abs(), a, dtype=dtype)
    same_as_torch(rebuilt, a, dtype=dtype)
    same_as_torch(lambda library, a: library.linalg.svdvals(a), a, dtype=dtype)


def test_square_factors_of_singular_vectors_are_orthogonal(normal):
    for shape in MATRICES:
        a = fastinit.tensor(normal(*shape))
        left, values, right = fastinit.linalg.svd(a)
        assert left.shape == (*shape[:-1], shape[-2])
        np.testing.assert_allclose(left.mT @ left, np.broadcast_to(np.eye(shape[-2]), left.shape), atol=1e-12)
        count = min(shape[-2:])
        product = left[..., :count] * values.unsqueeze(-2) @ right[..., :count, :]
        np.testing.assert_allclose(product, a, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", MATRICES, ids=str)
def test_orthogonal_times_triangular(same_as_torch, normal, shape, dtype):
    a = normal(*shape)

    def both(library, a):
        q, r = library.linalg.qr(a)
        return q.exp() @ r

    def complete(library, a, part):
        return library.linalg.qr(a, "complete")[part]

    same_as_torch(both, a, dtype=dtype)
    for part in range(2):
        same_as_torch(lambda library, a, i=part: library.linalg.qr(a)[i], a, dtype=dtype)
        same_as_torch(lambda library, a, i=part: complete(library, a, i), a, dtype=dtype, constant=(0,))
        same_as_torch(lambda library, a, i=part: library.geqrf(a)[i], a, dtype=dtype, constant=(0,))


DECOMPOSED = """
torch.linalg.qr(a) | torch.linalg.svd(a, False) | torch.geqrf(a) | torch.linalg.qr(a, mode="r")
torch.linalg.qr(torch.ones(3)) | torch.linalg.svd(torch.ones(3)) | torch.geqrf(torch.ones(3))
torch.linalg.qr(torch.ones(2, 2), mode="x") | torch.linalg.svd(torch.ones(2, 2).long())
torch.linalg.qr(torch.ones(2, 2).long()) | torch.linalg.qr(a.requires_grad_(), "r").R.sum().backward()
torch.linalg.qr(torch.ones(3, 2, requires_grad=True), "complete").R.sum().backward()
torch.linalg.matrix_rank(a) | torch.linalg.matrix_rank(torch.ones(3, 2, 2)) | torch.linalg.matrix_rank(a, 2.5)
torch.linalg.matrix_rank(torch.eye(3), atol=1.) | torch.linalg.matrix_rank(torch.eye(3), rtol=1.5)
torch.linalg.matrix_rank(torch.eye(2), torch.tensor(2.)) | torch.linalg.matrix_rank(torch.ones(3))
torch.linalg.matrix_rank(torch.ones(2, 2).long()) | torch.linalg.matrix_rank(torch.zeros(0, 3))
torch.linalg.matrix_rank(torch.ones(2, 3, 3), hermitian=True) | torch.linalg.matrix_rank(torch.eye(2) * 1e-9)
torch.linalg.matrix_rank(torch.eye(2) * 1e-9, atol=1e-3) | torch.linalg.svdvals(torch.zeros(0, 3))
"""


def test_what_decompositions_print_and_refuse():
    torch = pytest.importorskip("torch")
    program = "a = torch.tensor([[3., 1], [4, 2], [0, 5]], dtype=torch.float64)"
    assert transcript(fastinit, program, DECOMPOSED) == transcript(torch, program, DECOMPOSED)
