"""Every operation, called as PyTorch's users call it: value, dtype, node names and gradient are PyTorch's."""

import warnings

import numpy as np
import pytest

import fastinit
from fastinit.autograd import gradcheck
from fastinit.autograd.variable import wrap

EXPRESSIONS = """
x + y | x + 1 | 1 + x | x + v | x + s | x.add(y, alpha=2) | x - y | x - 1 | 1 - x | v - x
x.sub(y, alpha=2) | x * y | x * 2 | v * x | x / y | x / 2 | 2 / x | x / v | -x | x.neg() | x % 2
x.square() | x.reciprocal() | x ** 2 | x ** 3 | x ** y | 2 ** x | x ** 0.5 | x ** 0 | x ** -1 | x.pow(y)
torch.pow(2, x) | x @ m | x @ v | v @ v | v @ m | b @ c | b @ m | x @ c | v @ c | b @ v | x.mm(m) | b.bmm(c)
x.mv(v) | v.dot(v) | torch.outer(v, v) | torch.matmul(b[0], c) | b.unsqueeze(1) @ c | x.sum() | x.sum(0)
x.sum(-1, keepdim=True) | b.sum((0, 1)) | b.sum(dim=(0, -1), keepdim=True) | x.sum(dtype=torch.float32)
x.mean() | x.mean(0) | b.mean((0, 1)) | x.mean(1, keepdim=True) | x.prod() | x.prod(0)
x.prod(1, keepdim=True) | x.var() | x.var(0) | x.var(1, unbiased=False)
x.var(dim=1, correction=2, keepdim=True) | x.std() | x.std(1) | x.max() | x.max(0).values
x.max(1, keepdim=True)[0] | x.min() | x.min(1).values | x.amax(0) | x.amin((0, 1)) | x.norm()
x.norm(dim=0) | x.norm(p=1) | x.norm(p=3) | x.norm(float("inf")) | x.norm(2, 1, True) | x.logsumexp(0)
x.cumsum(0) | x.sort()[0] | x.sort(dim=0, descending=True).values | x.topk(2)[0]
x.topk(1, largest=False)[0] | x.median() | x.abs() | x.exp() | x.log() | x.log1p() | x.expm1() | x.sqrt()
x.rsqrt() | x.sin() | x.cos() | x.tanh() | x.sigmoid() | x.relu() | x.log2() | x.log10() | x.exp2()
x.tan() | x.atan() | x.sinh() | x.cosh() | (x / 9).asin() | (x / 9).acos() | x.sign() | x.floor()
x.round() | x.ceil() | x.trunc() | x.frac() | x.nan_to_num() | x.clamp(1, 2) | x.clamp(min=1)
x.clamp(max=1.5) | x.clip(1) | x.clamp_min(1) | torch.where(x > 1, x, y) | torch.where(x > 1, x, 0.)
torch.maximum(x, y) | torch.minimum(x, y) | x.masked_fill(x > 1, 1.) | x[0] | x[:, 1] | x[0:2] | x[0, 1]
x[-1, ...] | x[[0, 1]] | x[x > 1] | x[None] | x[..., 0] | x[::2] | x[:] | x[:, [0, 0, 1]] | x[0, i]
x[i, i] | b[:, i] | b[i, :, i] | b[0, :, None, i] | x[i[0]] | x[True] | b[:, x[:, 0] > 1] | x[1:, 2:]
b[..., 1, 1:3] | x.reshape(12) | x.view(12) | x.view(2, -1) | x.flatten() | b.flatten(1) | x.t() | x.T
x.mT | b.mT | x.transpose(0, 1) | x.permute(1, 0) | b.permute((2, 0, 1)) | x[None].squeeze()
x[None].squeeze(0) | x.squeeze((0, 1)) | x.unsqueeze(0) | x.unsqueeze(-1) | v.expand(3, 4)
x.expand(2, 3, 4) | x[:, :1].expand(-1, 5) | v.expand_as(x) | x.narrow(0, 0, 1) | x.select(0, 1)
x.split(2)[0] | x.split([1, 2])[1] | x.chunk(2)[0] | x.unbind(0)[0] | x.unbind(1)[2] | x.T.reshape(12)
x.T.flatten() | x.unflatten(0, (3, 1)) | x.movedim(0, 1) | x.swapaxes(0, 1) | x.view_as(y) | x.diagonal()
x.T.contiguous() | x.contiguous() | torch.cat([x, y]) | torch.cat((x, y), dim=1) | torch.cat([x, x])
torch.stack([x, y]) | torch.stack([x, y], -1) | torch.hstack([x, y]) | torch.vstack([x, v]) | x.repeat(2, 1)
x.repeat(2, 1, 1) | x.tile(2) | x.flip(0) | x.roll(1) | x.roll(1, 0) | x.tril() | x.triu(1)
x.gather(0, i[None]) | x.scatter(0, i[None], 1.) | x.scatter(1, i[None], y[:1, :2]) | x.index_select(0, i)
x.scatter_add(0, i[None], y[:1, :2]) | x.index_add(0, i[:1], y[:1]) | x.masked_select(x > 1) | x.double()
x.float() | x.half() | x.to(torch.float32) | x.type_as(x.float()) | x.clone() | x.detach() | x.data
x.to("cpu") | (x > 1).float() * x | x * (x.abs() >= 1) | x.softmax(0) | x.log_softmax(1) | b.softmax(dim=1)
torch.softmax(x, -1) | x.asinh() | (x + 1).acosh() | (x / 9).atanh() | x.deg2rad() | x.rad2deg()
x.erf() | x.erfc() | (x / 3).erfinv() | (x / 9).logit() | (x / 9).logit(0.2) | x.atan2(y) | x.hypot(y)
x.copysign(y) | x.copysign(-2.) | x.fmod(y) | x.fmod(2) | x.logaddexp(y) | x.logaddexp2(v) | x.xlogy(y)
x.xlogy(2.) | torch.xlogy(2., x) | x.fmax(y) | x.fmin(v) | x.float_power(2) | x.cumprod(0)
(x * (x > 1)).cumprod(1) | x.cummax(0)[0] | x.cummin(1).values | x.logcumsumexp(0) | x.diff() | x.diff(2, 0)
x.diff(prepend=y) | x.trace() | v.diag() | v.diag(1) | x.diag() | x.diag(-1) | b.diag_embed()
v.diag_embed(-1) | b.diag_embed(1, 0, 2) | x.diagflat() | x.inner(y) | v.vdot(v) | torch.tensordot(x, m, 1)
torch.tensordot(b, x, ([1, 2], [0, 1])) | torch.tensordot(x, b, ([0], [1])) | x.renorm(2, 0, 1.5)
x.renorm(3, 1, 1.) | torch.cosine_similarity(x, y) | torch.cosine_similarity(x, v, -1) | x.aminmax()[0]
x.aminmax(dim=1).max | x.nansum() | x.nansum(0) | x.nanmean(1) | x.kthvalue(2)[0]
x.kthvalue(2, 0, True)[0] | x.msort() | x.sum_to_size(4) | x.sum_to_size(3, 1) | x.scatter(0, i[None], 1.)
x.index_fill(0, i, 2.) | x.index_copy(0, i, y[:2]) | x.index_put((i,), v)
x.index_put((i, i), v[:2], accumulate=True) | x.masked_scatter(x > 1, y) | x.take(i)
x.take_along_dim(i[None, :1], 0) | x.tensor_split(2)[1] | x.tensor_split((1, 2), 1)[1] | x.fliplr()
x.flipud() | x.rot90() | b.rot90(2, (1, 2)) | x.unfold(0, 2, 1) | x.unfold(1, 2, 2)
x.as_strided((2, 2), (1, 2)) | x[1:].as_strided((2, 3), (0, 1)) | x.as_strided((2, 2), (1, 2), 3)
v.broadcast_to((3, 4)) | torch.broadcast_tensors(x, v)[1] | torch.atleast_2d(v) | torch.atleast_3d(x)
torch.column_stack([v, v]) | torch.dstack([x, y]) | torch.block_diag(x, v) | x.swapdims(0, 1)
x.moveaxis(0, 1) | x.where(x > 1, y) | x.negative() | x.adjoint() | torch.linalg.norm(x)
torch.linalg.norm(v, 3) | torch.linalg.norm(x, 1) | torch.linalg.norm(x, 2) | torch.linalg.norm(x, -2)
torch.linalg.norm(x, "nuc") | torch.linalg.vector_norm(b, dim=(0, 1)) | torch.linalg.matrix_norm(b)
torch.linalg.matrix_norm(b, float("inf"), keepdim=True) | torch.linalg.matrix_norm(b, -1)
torch.linalg.matrix_norm(b, 2, (0, 2)) | torch.linalg.norm(b, dim=(1, 2)) | torch.linalg.norm(b, 1, 2) | +x
"""
CASES = [case.strip() for line in EXPRESSIONS.strip().splitlines() for case in line.split("|")]


# What is put together from other operations here and there has the same values, but other nodes.
COMPOSED = """
x.softmax(1, dtype=torch.float32) | torch.kron(x, m) | v.inner(v) | x.quantile(0.4) | x.quantile(0.3, dim=1)
x.quantile(0.5, 0, True) | x.repeat_interleave(2) | x.repeat_interleave(2, 1) | torch.addr(x, v[:3], v)
torch.linalg.matrix_norm(b, "nuc", keepdim=True) | x.dist(y) | x.dist(y, 1) | torch.pairwise_distance(x, y)
torch.einsum("ij,kj->ik", x, y) | torch.einsum("ij->ji", x) | torch.einsum("ij,ij", x, y)
torch.einsum("i,j->ij", v, v) | torch.einsum("ij->", x) | torch.einsum("bij,jk->bik", b, m)
torch.einsum("...j,kj->...k", b, x) | torch.einsum("bij,bjk,i->k", b, c, v[:3])
torch.einsum("ii->i", x[:, :3]) | torch.einsum("ii", x[:, 1:]) | torch.einsum("ij,j", x, v)
torch.einsum("bij,bij->b", b, b) | torch.einsum("i,i,i->i", v, v, v) | torch.einsum("...ij->...ji", b)
torch.einsum("bhqd,bhkd->bhqk", b[None], b[None]) | torch.einsum("ij,ik", x, y)
torch.einsum("i,->i", v, v.sum()) | x.quantile(v / 9) | x.quantile(v / 9, 0, interpolation="midpoint")
x.repeat_interleave(torch.tensor([1, 0, 2]), 0)
"""


def arguments(tensor, requires_grad=True):
    """Returns the operands that the expressions name, made by `tensor` of an array."""
    rng = np.random.default_rng(0)
    shapes = {"x": (3, 4), "y": (3, 4), "v": (4,), "b": (2, 3, 4), "c": (2, 4, 5), "m": (4, 5), "s": ()}
    operands = {name: tensor(np.asarray(rng.uniform(0.3, 2.7, shape))) for name, shape in shapes.items()}
    for operand in operands.values():
        operand.requires_grad_(requires_grad)
    return operands | {"i": tensor(np.array([1, 0]))}


def evaluate(expression, library, operands):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return eval(expression, {"torch": library, **operands})


@pytest.mark.parametrize("expression", CASES)
def test_an_operation_is_pytorchs(expression):
    torch = pytest.importorskip("torch")
    ours, theirs = arguments(wrap), arguments(torch.from_numpy)
    result, expected = evaluate(expression, fastinit, ours), evaluate(expression, torch, theirs)
    assert str(result.dtype) == str(expected.dtype).replace("torch", "fastinit")
    np.testing.assert_allclose(result.detach().numpy(), expected.detach().numpy(), rtol=1e-6)
    assert result.requires_grad == expected.requires_grad
    assert result._is_view() == expected._is_view()
    assert result.is_contiguous() == expected.is_contiguous()
    if not expected.requires_grad:
        return
    assert name(result.grad_fn) == name(expected.grad_fn)
    if expected.grad_fn is None:
        return
    next_names = [name(node) for node, _ in expected.grad_fn.next_functions]
    assert [name(node) for node, _ in result.grad_fn.next_functions] == next_names
    weights = np.random.default_rng(1).normal(size=tuple(result.shape))
    (result * wrap(weights)).sum().backward()
    (expected * torch.from_numpy(weights)).sum().backward()
    for key, operand in theirs.items():
        if operand.grad is None:
            assert ours[key].grad is None
        else:
            np.testing.assert_allclose(ours[key].grad.numpy(), operand.grad.numpy(), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    "expression", [case.strip() for line in COMPOSED.strip().splitlines() for case in line.split("|")]
)
def test_a_composition_has_pytorchs_values_and_gradients(expression):
    torch = pytest.importorskip("torch")
    ours, theirs = arguments(wrap), arguments(torch.from_numpy)
    result, expected = evaluate(expression, fastinit, ours), evaluate(expression, torch, theirs)
    np.testing.assert_allclose(result.detach().numpy(), expected.detach().numpy(), rtol=1e-6)
    result.square().sum().backward()
    expected.square().sum().backward()
    for key, operand in theirs.items():
        assert (ours[key].grad is None) == (operand.grad is None)
        if operand.grad is not None:
            np.testing.assert_allclose(ours[key].grad.numpy(), operand.grad.numpy(), rtol=1e-6, atol=1e-9)


def name(node):
    return None if node is None else type(node).__name__


def differentiable(expression):
    result = evaluate(expression, fastinit, arguments(wrap))
    return result.requires_grad and result.dtype is fastinit.float64


@pytest.mark.parametrize("expression", [case for case in CASES if differentiable(case)])
def test_the_gradient_of_an_operation_is_that_of_differences(expression):
    operands = arguments(wrap)
    used = [key for key in operands if key in expression and key != "i"]

    def function(*values):
        return evaluate(expression, fastinit, operands | dict(zip(used, values, strict=True)))

    assert gradcheck(function, [operands[key] for key in used])
