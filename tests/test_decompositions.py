"""Decompositions, determinants, least squares and products of matrices against PyTorch."""

import itertools

import numpy as np
import pytest

import fastinit
from reference.differential import calls, outcome

SHAPES = [(3, 3), (4, 2), (2, 4), (1, 1), (3, 4, 2), (2, 2, 3, 3)]
SQUARE = [(3, 3), (1, 1), (2, 4, 4), (2, 2, 3, 3)]


def positive(normal, *shape):
    root = normal(*shape)
    return root @ root.swapaxes(-1, -2) + np.eye(shape[-1])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("full_matrices", [True, False])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_singular_values_and_vectors(same_as_torch, normal, shape, full_matrices, dtype):
    # What does not depend on the signs of the vectors, which are free.
    def both(library, a):
        u, s, vh = library.linalg.svd(a, full_matrices)
        k = s.shape[-1]
        return (u[..., :k] * (s.unsqueeze(-2) ** 2 + 1)) @ vh[..., :k, :]

    def left(library, a):
        return library.linalg.svd(a, full_matrices).U.abs()[..., : min(shape[-2:])]

    def right(library, a):
        return library.linalg.svd(a, full_matrices=full_matrices)[2].square()[..., : min(shape[-2:]), :]

    for call in (both, left, right):
        same_as_torch(call, normal(*shape), dtype=dtype, precision="float16" if dtype == "float32" else None)
    same_as_torch(lambda library, a: library.linalg.svd(a, full_matrices)[1], normal(*shape), dtype=dtype)
    same_as_torch(lambda library, a: library.linalg.svdvals(a), normal(*shape), dtype=dtype)
    for some in (True, False):
        same_as_torch(
            lambda library, a, some=some: library.svd(a, some).V.abs().sum(), normal(3, 3), dtype=dtype
        )
        same_as_torch(lambda library, a, some=some: a.svd(some, False)[1], normal(*shape), dtype=dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("mode", ["reduced", "complete", "r"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_triangular_factors(same_as_torch, normal, shape, mode, dtype):
    matrices = normal(*shape)
    for index in (0, 1):
        same_as_torch(
            lambda library, a, index=index: library.linalg.qr(a, mode)[index],
            matrices,
            dtype=dtype,
            constant=(0,),
        )
    if mode == "reduced" or (mode == "complete" and shape[-2] <= shape[-1]):
        precision = "float16" if dtype == "float32" else None
        for call in (
            lambda library, a: library.linalg.qr(a, mode)[0],
            lambda library, a: library.linalg.qr(a, mode).R,
            lambda library, a: sum(each.sum() for each in library.linalg.qr(a, mode)),
        ):
            same_as_torch(call, matrices, dtype=dtype, precision=precision)
    elif mode == "r":
        same_as_torch(refused, matrices, dtype=dtype)


def refused(library, a):
    result = library.linalg.qr(a, "r").R
    result.sum().backward()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("triangle", ["L", "U"])
@pytest.mark.parametrize("shape", SQUARE, ids=str)
def test_eigenvalues_and_vectors(same_as_torch, normal, shape, triangle, dtype):
    def both(library, a):
        values, vectors = library.linalg.eigh(a, triangle)
        return (vectors * values.exp().unsqueeze(-2)) @ vectors.mT

    precision = "float16" if dtype == "float32" else None
    same_as_torch(both, normal(*shape), dtype=dtype, precision=precision)
    same_as_torch(
        lambda library, a: library.linalg.eigh(a, UPLO=triangle).eigenvectors.abs(),
        normal(*shape),
        dtype=dtype,
        precision=precision,
    )
    same_as_torch(lambda library, a: library.linalg.eigvalsh(a, triangle), normal(*shape), dtype=dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [*SQUARE, (0, 0)], ids=str)
def test_positive_definite_matrices(same_as_torch, normal, shape, dtype):
    precision = "float16" if dtype == "float32" else None
    for upper in (False, True):
        same_as_torch(
            lambda library, a, upper=upper: library.linalg.cholesky(a, upper=upper),
            positive(normal, *shape),
            dtype=dtype,
            precision=precision,
        )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SQUARE, ids=str)
def test_determinants(same_as_torch, normal, shape, dtype):
    for call in (
        lambda library, a: library.linalg.det(a),
        lambda library, a: a.det(),
        lambda library, a: library.linalg.slogdet(a).logabsdet,
        lambda library, a: library.slogdet(a)[0],
    ):
        same_as_torch(call, normal(*shape), dtype=dtype, precision="float16" if dtype == "float32" else None)
    same_as_torch(lambda library, a: library.logdet(a), positive(normal, *shape), dtype=dtype)


def test_determinants_of_singular_matrices_have_the_gradients_of_their_cofactors():
    column, row = np.array([[1.0], [2.0], [3.0]]), np.array([[1.0, -1.0, 2.0]])
    double = np.array([[1.0, 1.0, 2.0], [2.0, 2.0, 0.0], [3.0, 3.0, 1.0]])
    for matrix in (column @ row, double, np.zeros((2, 2)), np.zeros((1, 1)), np.eye(3)):
        a = fastinit.tensor(matrix, requires_grad=True)
        fastinit.det(a).backward()
        cofactors = [
            [
                (-1) ** (i + j) * np.linalg.det(np.delete(np.delete(matrix, i, 0), j, 1))
                for j in range(len(matrix))
            ]
            for i in range(len(matrix))
        ]
        np.testing.assert_allclose(a.grad.numpy(), cofactors, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_pseudo_inverses_and_least_squares(same_as_torch, normal, shape, dtype):
    precision = "float16" if dtype == "float32" else None
    same_as_torch(lambda library, a: library.linalg.pinv(a), normal(*shape), dtype=dtype, precision=precision)
    same_as_torch(
        lambda library, a: library.pinverse(a, 0.5), normal(*shape), dtype=dtype, precision=precision
    )
    same_as_torch(
        lambda library, a: library.linalg.pinv(a, atol=0.3, rtol=0.1),
        normal(*shape),
        dtype=dtype,
        precision=precision,
    )
    right = normal(*shape[:-1], 2)
    for driver in (None, "gelsd", "gels"):
        same_as_torch(
            lambda library, a, b, driver=driver: library.linalg.lstsq(a, b, driver=driver).solution,
            normal(*shape),
            right,
            dtype=dtype,
            precision=precision,
            node=False,
        )
    for index in (1, 2, 3):
        same_as_torch(
            lambda library, a, b, index=index: library.linalg.lstsq(a, b, driver="gelsd")[index],
            normal(*shape),
            right,
            dtype=dtype,
            precision=precision,
            node=False,
            constant=(0, 1),
        )


def test_symmetric_pseudo_inverses(same_as_torch, normal):
    root = normal(3, 2)
    same_as_torch(
        lambda library, a: library.linalg.pinv(a, hermitian=True, rtol=1e-6),
        root @ root.T,
        dtype="float64",
        constant=(0,),
    )


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_ranks_and_condition_numbers(same_as_torch, normal, shape):
    low = normal(*shape[:-1], 1) @ normal(*shape[:-2], 1, shape[-1])
    for how in ({}, {"tol": 0.5}, {"atol": 0.3, "rtol": 0.5}, {"rtol": 0.5}, {"atol": 0.3}):
        for matrices in (low, normal(*shape)):
            same_as_torch(lambda library, a, how=how: library.linalg.matrix_rank(a, **how), matrices)
    for p in (None, 2, -2):
        same_as_torch(lambda library, a, p=p: library.linalg.cond(a, p), normal(*shape), dtype="float64")
    if shape[-1] == shape[-2]:
        for p in (1, -1, np.inf, -np.inf, "fro", "nuc"):
            same_as_torch(
                lambda library, a, p=p: library.linalg.cond(a, p),
                normal(*shape),
                dtype="float64",
                constant=(0,),
            )


@pytest.mark.parametrize("p", [None, 1, np.inf, "fro"])
def test_condition_numbers_have_gradients(normal, p):
    a = fastinit.tensor(normal(3, 3), requires_grad=True)
    assert fastinit.autograd.gradcheck(lambda a: fastinit.linalg.cond(a, p), (a,))


@pytest.mark.parametrize("n", [-3, -1, 0, 1, 2, 3, 4, 7])
def test_powers(same_as_torch, normal, n):
    for shape in SQUARE:
        same_as_torch(
            lambda library, a: library.matrix_power(a, n),
            normal(*shape) + 2 * np.eye(shape[-1]),
            dtype="float64",
            node=False,
        )


def test_products_of_many(same_as_torch, normal):
    sides = [5, 2, 7, 3, 4]
    matrices = [normal(*each) for each in itertools.pairwise(sides)]
    for chain in (matrices[:2], matrices[:3], matrices, [normal(5), *matrices], [*matrices, normal(4)]):
        same_as_torch(
            lambda library, *chain: library.linalg.multi_dot(chain),
            *chain,
            dtype="float64",
            node=False,
        )
    same_as_torch(lambda library, a, b: library.linalg.vecdot(a, b), normal(2, 3), normal(3))
    same_as_torch(lambda library, a, b: library.linalg.vecdot(a, b, dim=0), normal(2, 3), normal(2, 1))
    same_as_torch(lambda library, a, b: library.linalg.cross(a, b), normal(2, 3), normal(1, 3))
    same_as_torch(lambda library, a, b: library.linalg.cross(a, b, dim=0), normal(3, 2), normal(3, 1))
    same_as_torch(lambda library, a, b: library.cross(a, b, 1), normal(2, 3, 4), normal(2, 3, 4))
    same_as_torch(lambda library, a, b: a.cross(b, dim=-1), normal(2, 3), normal(2, 3), dtype="float16")


def test_covariances(same_as_torch, normal):
    often, important = np.array([1, 2, 3, 1]), np.array([0.1, 0.5, 0.2, 0.3])
    for shape in ((3, 4), (4,), (1, 4)):
        for call in (
            lambda library, x: library.cov(x),
            lambda library, x: library.cov(x, correction=0),
            lambda library, x: library.cov(x, fweights=library.tensor(often)),
            lambda library, x: library.cov(x, aweights=library.tensor(important)),
            lambda library, x: x.cov(
                fweights=library.tensor(often), aweights=library.tensor(important), correction=2
            ),
            lambda library, x: library.corrcoef(x),
        ):
            same_as_torch(call, normal(*shape), dtype="float64", node=False)


CALLS = calls("""
torch.linalg.svd(torch.eye(2)) | torch.linalg.eigh(torch.eye(2)) | torch.linalg.slogdet(torch.eye(2))
torch.slogdet(torch.zeros(2, 2)) | torch.logdet(torch.zeros(2, 2)) | torch.logdet(-torch.eye(3))
torch.linalg.svd(torch.ones(3)) | torch.linalg.svd(torch.eye(2).long()) | torch.linalg.qr(torch.ones(3))
torch.linalg.qr(torch.eye(2), "x") | torch.linalg.eigh(torch.ones(2, 3))
torch.linalg.eigh(torch.eye(2), "x")
torch.linalg.eigh(torch.eye(2).long()) | torch.linalg.eigh(torch.ones(2)) | torch.linalg.det(torch.ones(2, 3))
torch.linalg.cholesky(torch.ones(2, 3)) | torch.linalg.cholesky(torch.eye(2).long())
torch.det(torch.ones(2))
torch.linalg.pinv(torch.ones(2)) | torch.linalg.pinv(torch.eye(2).long())
torch.linalg.matrix_rank(torch.ones(2)) | torch.linalg.matrix_rank(torch.eye(3), hermitian=True)
torch.linalg.matrix_rank(torch.eye(2).long())
torch.linalg.lstsq(torch.ones(3, 2), torch.ones(2, 2)) | torch.linalg.lstsq(torch.ones(3), torch.ones(3))
torch.linalg.lstsq(torch.ones(3, 2), torch.ones(3), driver="x") | torch.linalg.cond(torch.ones(2, 3), 1)
torch.linalg.cond(torch.ones(2)) | torch.linalg.cond(torch.ones(2, 2), 1)
torch.linalg.multi_dot([torch.ones(2)]) | torch.linalg.matrix_power(torch.ones(2, 3), 2)
torch.matrix_power(torch.eye(2).long() * 2, 3)
torch.linalg.cross(torch.ones(2), torch.ones(2)) | torch.linalg.cross(torch.ones(3, 3), torch.ones(3))
torch.cross(torch.ones(2), torch.ones(2), dim=0) | torch.cross(torch.ones(2), torch.ones(2))
torch.cov(torch.ones(2, 2, 2)) | torch.corrcoef(torch.ones(2, 2, 2))
torch.cov(torch.ones(2, 2), fweights=torch.ones(2)) | torch.cov(torch.ones(2, 2), aweights=torch.ones(3))
torch.linalg.svd(torch.ones(0, 3)) | torch.linalg.svdvals(torch.ones(2, 0))
torch.linalg.pinv(torch.ones(0, 3))
torch.linalg.qr(torch.ones(0, 3)) | torch.linalg.eigh(torch.ones(0, 0)) | torch.linalg.det(torch.ones(0, 0))
torch.linalg.diagonal(torch.arange(8.).reshape(2, 2, 2)) | torch.linalg.matmul(torch.eye(2), torch.ones(2))
torch.linalg.cholesky(-torch.eye(2))
torch.linalg.cholesky(torch.stack([torch.eye(2), torch.ones(2, 2) - 1]))
""")


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("call", CALLS)
def test_a_call_gives_or_raises_what_pytorchs_does(call):
    torch = pytest.importorskip("torch")
    theirs = outcome(torch, call).replace("_LinAlgError", "LinAlgError")
    assert outcome(fastinit, call) == theirs


def test_older_names_warn(normal):
    # PyTorch warns of these once in a process.
    with pytest.warns(UserWarning, match="torch.qr is deprecated in favor of torch.linalg.qr"):
        fastinit.qr(fastinit.tensor(normal(3, 2)))
    with pytest.warns(UserWarning, match="Using torch.cross without specifying the dim arg is deprecated"):
        fastinit.cross(fastinit.ones(3), fastinit.ones(3))


def test_few_observations_are_warned_of(same_as_torch, normal):
    same_as_torch(lambda library, a: library.cov(a), normal(1))


def test_halves_are_computed_in_float32(normal):
    matrix = fastinit.tensor(normal(3, 3)).half()
    assert fastinit.linalg.svdvals(matrix).dtype == fastinit.float16
    assert fastinit.allclose(
        fastinit.linalg.svdvals(matrix).float(), fastinit.linalg.svdvals(matrix.float()), 1e-3
    )


def test_factors_may_be_written_to(normal):
    a = fastinit.tensor(normal(3, 3), requires_grad=True)
    u, s, _ = fastinit.linalg.svd(a)
    u.zero_()
    s.sum().backward()
    again = a.detach().clone().requires_grad_()
    fastinit.linalg.svdvals(again).sum().backward()
    assert fastinit.allclose(a.grad, again.grad)
