"""Every pair of dtypes through every operation: the result, its dtype, or the refusal is PyTorch's."""

import itertools

import pytest

import fastinit
from reference.differential import calls, outcome

DTYPES = ["float16", "bfloat16", "float32", "float64", "uint8", "int8", "int32", "int64", "bool"]
PAIRS = calls("""
a.atan2(b) | a.hypot(b) | a.copysign(b) | a.fmod(b) | a.logaddexp(b) | a.xlogy(b) | a.fmax(b)
a.float_power(b) | torch.where(a>0, a, b) | a.lerp(b, 0.5) | a.addcdiv(b, b) | torch.maximum(a, b)
a.clamp(min=b) | a.masked_fill(a>0, b[0]) | a.index_fill(0, torch.tensor([0]), b[0]) | torch.cat([a, b])
torch.stack([a, b]) | torch.outer(a, b) | a.eq(b) | a&b | a.bitwise_xor(b) | a.remainder(b) | a//b
a.pow(b) | a.copy_(b) | a.add_(b) | a.mul_(2.5) | a.div_(b) | a.isclose(b) | torch.allclose(a, b)
a.equal(b) | a.gather(0, torch.tensor([0])) | a.index_put((torch.tensor([0]), ), b[:1])
a.index_add(0, torch.tensor([0]), b[:1]) | a.scatter_add(0, torch.tensor([0]), b[:1])
a.masked_scatter(a>0, b) | a.bincount(b) | a.logical_and(b) | a.sub(b, alpha=2) | a.add(b, alpha=2.5)
""")
SINGLE = calls("""
a.erf() | a.erfinv() | a.softmax(0) | a.cumprod(0) | a.cummax(0)[0] | a.logcumsumexp(0) | a.diff()
a.diag() | a.diag_embed() | a.nansum() | a.nanmean() | a.quantile(0.5) | a.aminmax() | a.msort()
a.unique() | a.asinh() | a.sgn() | a.signbit() | a.deg2rad() | a.logit() | a.isposinf() | a.unfold(0, 2, 1)
a.repeat_interleave(2) | a.rot90() | a.tril() | a.renorm(2, 0, 1.) | torch.linalg.norm(a)
torch.linalg.vector_norm(a, 1) | a.norm() | a.var() | a.cumsum(0) | a.prod() | a.mean() | a.std()
a.round() | a.frac() | a.neg() | -a | ~a | a.abs() | a.reciprocal() | a.rsqrt() | a.exp() | a.nan_to_num()
a.sum() | a.argmax() | a.sort()[0] | a.count_nonzero() | a.any() | a.tolist() | a.fill_(2.7) | a.zero_()
a.clamp(0.5, 1.5) | a+True | a*2 | a/2 | a**2 | a**0.5 | 2**a | a%2 | a//2 | 1-a | a>1.5 | a==True
a.logical_not() | a.isnan() | a.trunc() | a.square() | a.sigmoid() | a.relu() | a.logsumexp(0) | a.amax()
a.max() | a.flip(0) | a.roll(1) | a.nonzero() | a.float() | a.bfloat16() | a.half() | a.int() | a.positive()
a.sinh() | a.tan() | a.exp2() | a.softmax(0, dtype=torch.float64) | a.sum(dtype=torch.float64)
a.cumsum(0, dtype=torch.float32) | a.prod(dtype=torch.int32) | a.lerp(a, 0.3) | a.floor() | a.ceil()
a.log1p() | a.sign()
""")


def operand(library, dtype, values):
    return library.tensor(values).to(getattr(library, dtype))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("call", PAIRS)
def test_an_operation_on_two_dtypes(call):
    torch = pytest.importorskip("torch")
    for first, second in itertools.product(DTYPES, DTYPES):
        results = [
            outcome(
                library,
                call,
                a=operand(library, first, [1.0, 2.0, 0.0]),
                b=operand(library, second, [2.0, 1.0, 3.0]),
            )
            for library in (fastinit, torch)
        ]
        assert results[0] == results[1], (first, second)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("call", SINGLE)
def test_an_operation_on_one_dtype(call):
    torch = pytest.importorskip("torch")
    for dtype in DTYPES:
        results = [
            outcome(library, call, a=operand(library, dtype, [1.0, 2.0, 0.0]))
            for library in (fastinit, torch)
        ]
        assert results[0] == results[1], dtype
