"""Functions of one tensor, element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ml_dtypes
import numpy as np

from .. import dtypes
from ..autograd.record import record
from ..autograd.variable import wrap
from ..docstrings import documented
from .activation import activate, as_floating
from .operands import Array, compute, floating, in_place, lift, lower, refuse_bool, refuse_integers

if TYPE_CHECKING:
    from ..tensor import Tensor

real = documented(
    """
    Args:
        input: any shape and dtype; integers and booleans are taken in the default dtype.

    Returns:
        The same shape; the input's dtype, or the default one. 16-bit floats are computed in float32.
        Outside the function's domain, values are NaN.

    Raises:
        AttributeError: `input` is no tensor.
    """
)
whole = documented(
    """
    Args:
        input: any shape, any dtype but bool; integers stay as they are.

    Returns:
        A new tensor of the same shape and dtype, through which the gradient is 0.

    Raises:
        NotImplementedError: `input` is boolean.
    """
)
signed = documented(
    """
    Args:
        input: any shape and dtype; NaN counts as 0, and booleans stay as they are.

    Returns:
        The same shape and dtype; the gradient through it is 0.

    Raises:
        AttributeError: `input` is no tensor.
    """
)


def of_input(
    input: Tensor, name: str, function: Callable[[Array], Any], slope: Callable[[Array], Any]
) -> Tensor:
    """Computes `function`, whose derivative `slope` is a function of the input."""
    x = floating(input._array)
    working = lift(x)
    return record(
        lower(compute(function, working), x.dtype),
        name,
        (input,),
        lambda grad: (lower(grad * slope(working), x.dtype),),
        (input,),
    )


def of_result(
    input: Tensor, name: str, function: Callable[[Array], Any], slope: Callable[[Array], Any]
) -> Tensor:
    """Computes `function`, whose derivative `slope` is a function of the result."""
    x = floating(input._array)
    result = compute(function, lift(x))
    return record(
        lower(result, x.dtype),
        name,
        (input,),
        lambda grad: (lower(grad * slope(result), x.dtype),),
        saves_result=True,
    )


def _flat(input: Tensor, name: str, function: Callable[[Array], Any]) -> Tensor:
    """Computes `function`, whose derivative is 0 wherever it has one; integers stay as they are."""
    x = input._array
    refuse_bool(x.dtype, f"{name.removesuffix('Backward0').lower()}_vml_cpu")
    result = x if x.dtype.kind in "iu" else lower(compute(function, lift(x)), x.dtype)
    return record(
        result.copy() if result is x else result, name, (input,), lambda grad: (np.zeros_like(grad),)
    )


def abs(input: Tensor) -> Tensor:
    """Returns the absolute value (torch.abs); also named `absolute`.

    Args:
        input: any shape, any dtype but bool.

    Returns:
        The same shape and dtype; the derivative at 0 is taken as 0.

    Raises:
        NotImplementedError: `input` is boolean.
    """
    x = input._array
    refuse_bool(x.dtype, "abs_cpu")
    return record(np.abs(x), "AbsBackward0", (input,), lambda grad: (grad * np.sign(x),), (input,))


@real
def exp(input: Tensor) -> Tensor:
    """Returns e to the power of each element (torch.exp)."""
    return of_result(input, "ExpBackward0", np.exp, lambda result: result)


@real
def exp2(input: Tensor) -> Tensor:
    """Returns 2 to the power of each element (torch.exp2)."""
    return of_result(input, "Exp2Backward0", np.exp2, lambda result: result * float(np.log(2)))


@real
def expm1(input: Tensor) -> Tensor:
    """Returns exp(x) - 1, accurate near 0 (torch.expm1)."""
    return of_result(input, "Expm1Backward0", np.expm1, lambda result: result + 1)


@real
def log(input: Tensor) -> Tensor:
    """Returns the natural logarithm (torch.log)."""
    return of_input(input, "LogBackward0", np.log, np.reciprocal)


@real
def log2(input: Tensor) -> Tensor:
    """Returns the logarithm to base 2 (torch.log2)."""
    return of_input(input, "Log2Backward0", np.log2, lambda x: 1 / (x * float(np.log(2))))


@real
def log10(input: Tensor) -> Tensor:
    """Returns the logarithm to base 10 (torch.log10)."""
    return of_input(input, "Log10Backward0", np.log10, lambda x: 1 / (x * float(np.log(10))))


@real
def log1p(input: Tensor) -> Tensor:
    """Returns log(1 + x), accurate near 0 (torch.log1p)."""
    return of_input(input, "Log1PBackward0", np.log1p, lambda x: 1 / (x + 1))


@real
def sqrt(input: Tensor) -> Tensor:
    """Returns the square root (torch.sqrt)."""
    return of_result(input, "SqrtBackward0", np.sqrt, lambda result: 0.5 / result)


@real
def rsqrt(input: Tensor) -> Tensor:
    """Returns 1 / sqrt(x) (torch.rsqrt)."""
    return of_result(input, "RsqrtBackward0", lambda x: 1 / np.sqrt(x), lambda result: -0.5 * result**3)


@real
def sin(input: Tensor) -> Tensor:
    """Returns the sine (torch.sin)."""
    return of_input(input, "SinBackward0", np.sin, np.cos)


@real
def cos(input: Tensor) -> Tensor:
    """Returns the cosine (torch.cos)."""
    return of_input(input, "CosBackward0", np.cos, lambda x: -np.sin(x))


@real
def tan(input: Tensor) -> Tensor:
    """Returns the tangent (torch.tan)."""
    return of_result(input, "TanBackward0", np.tan, lambda result: 1 + result * result)


@real
def sinc(input: Tensor) -> Tensor:
    """Returns sin(pi x) / (pi x), and 1 at 0 (torch.sinc)."""

    def slope(x: Array) -> Array:
        at = np.where(x == 0, x.dtype.type(1), x) * x.dtype.type(np.pi)
        slopes: Array = np.where(x == 0, 0, np.pi * (at * np.cos(at) - np.sin(at)) / (at * at))
        return slopes.astype(x.dtype)

    return of_input(input, "SincBackward0", np.sinc, slope)


@real
def sinh(input: Tensor) -> Tensor:
    """Returns the hyperbolic sine (torch.sinh)."""
    return of_input(input, "SinhBackward0", np.sinh, np.cosh)


@real
def cosh(input: Tensor) -> Tensor:
    """Returns the hyperbolic cosine (torch.cosh)."""
    return of_input(input, "CoshBackward0", np.cosh, np.sinh)


@real
def tanh(input: Tensor) -> Tensor:
    """Returns the hyperbolic tangent (torch.tanh)."""
    return activate(as_floating(input), "tanh", "TanhBackward0", of_result=True)


@real
def asin(input: Tensor) -> Tensor:
    """Returns the inverse sine (torch.asin); also named `arcsin`."""
    return of_input(input, "AsinBackward0", np.arcsin, lambda x: 1 / np.sqrt(1 - x * x))


@real
def acos(input: Tensor) -> Tensor:
    """Returns the inverse cosine (torch.acos); also named `arccos`."""
    return of_input(input, "AcosBackward0", np.arccos, lambda x: -1 / np.sqrt(1 - x * x))


@real
def atan(input: Tensor) -> Tensor:
    """Returns the inverse tangent (torch.atan); also named `arctan`."""
    return of_input(input, "AtanBackward0", np.arctan, lambda x: 1 / (1 + x * x))


@real
def asinh(input: Tensor) -> Tensor:
    """Returns the inverse hyperbolic sine (torch.asinh); also named `arcsinh`."""
    return of_input(input, "AsinhBackward0", np.arcsinh, lambda x: 1 / np.sqrt(x * x + 1))


@real
def acosh(input: Tensor) -> Tensor:
    """Returns the inverse hyperbolic cosine (torch.acosh); also named `arccosh`."""
    return of_input(input, "AcoshBackward0", np.arccosh, lambda x: 1 / np.sqrt(x * x - 1))


@real
def atanh(input: Tensor) -> Tensor:
    """Returns the inverse hyperbolic tangent (torch.atanh); also named `arctanh`."""
    return of_input(input, "AtanhBackward0", np.arctanh, lambda x: 1 / (1 - x * x))


@real
def deg2rad(input: Tensor) -> Tensor:
    """Returns angles in degrees as radians (torch.deg2rad)."""
    return of_input(
        input,
        "Deg2RadBackward0",
        lambda x: x * x.dtype.type(np.pi / 180),
        lambda x: x.dtype.type(np.pi / 180),
    )


@real
def rad2deg(input: Tensor) -> Tensor:
    """Returns angles in radians as degrees (torch.rad2deg)."""
    return of_input(
        input,
        "Rad2DegBackward0",
        lambda x: x * x.dtype.type(180 / np.pi),
        lambda x: x.dtype.type(180 / np.pi),
    )


@real
def sigmoid(input: Tensor) -> Tensor:
    """Returns 1 / (1 + exp(-x)) (torch.sigmoid)."""
    return activate(as_floating(input), "sigmoid", "SigmoidBackward0", of_result=True)


def relu(input: Tensor) -> Tensor:
    """Returns max(x, 0) (torch.relu).

    Args:
        input: any shape, any dtype but bool.

    Returns:
        The same shape and dtype; the derivative at 0 is taken as 0.

    Raises:
        RuntimeError: `input` is boolean.
    """
    if input._array.dtype == np.bool_:
        raise RuntimeError("Boolean inputs not supported for relu")
    if input._array.dtype.kind in "iu":
        return wrap(np.maximum(input._array, 0))
    return activate(input, "relu", "ReluBackward0", of_result=True)


@signed
def sign(input: Tensor) -> Tensor:
    """Returns -1, 0 or 1 (torch.sign)."""
    return _signs(input, "SignBackward0")


@signed
def sgn(input: Tensor) -> Tensor:
    """Returns what `sign` does: there are no complex numbers (torch.sgn)."""
    return _signs(input, "SgnBackward0")


def _signs(input: Tensor, name: str) -> Tensor:
    x = input._array
    result = x.copy() if x.dtype == np.bool_ else np.sign(x)
    if dtypes.as_dtype(x.dtype).is_floating_point:
        result = np.where(np.isnan(x), x.dtype.type(0), result)
    return record(result, name, (input,), lambda grad: (np.zeros_like(grad),))


def positive(input: Tensor) -> Tensor:
    """Returns the tensor itself (torch.positive).

    Args:
        input: any shape, any dtype but bool.

    Raises:
        RuntimeError: `input` is boolean.
    """
    if input._array.dtype == np.bool_:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


@whole
def floor(input: Tensor) -> Tensor:
    """Returns the elements rounded down (torch.floor)."""
    return _flat(input, "FloorBackward0", np.floor)


@whole
def ceil(input: Tensor) -> Tensor:
    """Returns the elements rounded up (torch.ceil)."""
    return _flat(input, "CeilBackward0", np.ceil)


@whole
def trunc(input: Tensor) -> Tensor:
    """Returns the elements rounded towards 0 (torch.trunc); also named `fix`."""
    return _flat(input, "TruncBackward0", np.trunc)


def round(input: Tensor, *, decimals: int = 0) -> Tensor:
    """Returns the nearest multiples of 10**-decimals, halves to even (torch.round).

    Args:
        input: any shape, any dtype but bool; integers stay as they are.
        decimals: how many digits after the point are kept; before it, if negative.

    Returns:
        A new tensor of the same shape and dtype, through which the gradient is 0.

    Raises:
        NotImplementedError: `input` is boolean.
    """
    return _flat(input, "RoundBackward1" if decimals else "RoundBackward0", lambda x: np.round(x, decimals))


def frac(input: Tensor) -> Tensor:
    """Returns what `trunc` drops (torch.frac).

    Args:
        input: any shape, floating point.

    Returns:
        The same shape and dtype, with the sign of `input`.

    Raises:
        NotImplementedError: `input` is of integers or boolean.
    """
    x = input._array
    refuse_integers(x.dtype, "frac_cpu")
    return record(compute(np.subtract, x, np.trunc(x)), "FracBackward0", (input,), lambda grad: (grad,))


def nan_to_num(
    input: Tensor, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """Returns the elements with numbers in place of NaNs and infinities (torch.nan_to_num).

    Args:
        input: any shape and dtype; integers and bools stay as they are.
        nan: what stands for NaN.
        posinf: what stands for infinity; the dtype's largest number if None.
        neginf: what stands for minus infinity; the dtype's least number if None.

    Returns:
        A new tensor of the same shape and dtype; the gradient is 0 where a value was replaced.

    Raises:
        AttributeError: `input` is no tensor.
    """
    x = input._array
    if x.dtype == ml_dtypes.bfloat16:  # for NumPy not a floating-point type: it would replace nothing
        largest = float(ml_dtypes.finfo(x.dtype).max)
        ends = largest if posinf is None else posinf, -largest if neginf is None else neginf
        # Each is right after one rounding, as float32 holds every bfloat16.
        result = np.nan_to_num(x.astype(np.float32), nan=nan, posinf=ends[0], neginf=ends[1]).astype(x.dtype)
    else:
        result = np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)
    return record(result, "NanToNumBackward0", (input,), lambda grad: (grad * np.isfinite(x),), (input,))


absolute, arcsin, arccos, arctan = abs, asin, acos, atan
arcsinh, arccosh, arctanh, fix = asinh, acosh, atanh, trunc

abs_ = in_place(abs)
exp_ = in_place(exp)
exp2_ = in_place(exp2)
expm1_ = in_place(expm1)
log_ = in_place(log)
log2_ = in_place(log2)
log10_ = in_place(log10)
log1p_ = in_place(log1p)
sqrt_ = in_place(sqrt)
rsqrt_ = in_place(rsqrt)
sin_ = in_place(sin)
cos_ = in_place(cos)
tan_ = in_place(tan)
sinc_ = in_place(sinc)
sinh_ = in_place(sinh)
cosh_ = in_place(cosh)
tanh_ = in_place(tanh)
asin_ = in_place(asin)
acos_ = in_place(acos)
atan_ = in_place(atan)
sigmoid_ = in_place(sigmoid)
relu_ = in_place(relu)
sign_ = in_place(sign)
floor_ = in_place(floor)
ceil_ = in_place(ceil)
trunc_ = in_place(trunc)
round_ = in_place(round)
frac_ = in_place(frac)
asinh_ = arcsinh_ = in_place(asinh)
acosh_ = arccosh_ = in_place(acosh)
atanh_ = arctanh_ = in_place(atanh)
deg2rad_ = in_place(deg2rad)
rad2deg_ = in_place(rad2deg)
sgn_ = in_place(sgn)
nan_to_num_ = in_place(nan_to_num)
absolute_, arcsin_, arccos_, arctan_, fix_ = abs_, asin_, acos_, atan_, trunc_
