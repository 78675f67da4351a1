"""Losses of yes-or-no decisions: binary cross entropy of probabilities and of logits."""

import numpy as np

from ... import _core
from ...autograd.record import record
from ...dtypes import as_dtype
from ...ops.operands import Array, compute, lift, lower, mismatch, reduce_to
from ...ops.operands import target as gradient_of
from ...tensor import Tensor
from .operands import refuse_gradient, refuse_integers
from .reduction import check_reduction, reduced, resolve_reduction, unreduced

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits"]

# Logarithms are cut off here: a probability that is certain and wrong costs much, not everything.
_LEAST_LOG = -100
# And so the slope, (p - y) / (p (1 - p)), is finite there.
_LEAST_VARIANCE = 1e-12


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Returns `-(y log(x) + (1 - y) log(1 - x))` of probabilities x, the logarithms at least -100.

    Args:
        input: probabilities in [0, 1], any shape, floating point.
        target: y in [0, 1], of the input's shape and dtype.
        weight: a factor per element, broadcast to the input.
        size_average: deprecated.
        reduce: deprecated.
        reduction: 'none', 'sum' or 'mean'.

    Raises:
        RuntimeError: a value is outside [0, 1], the dtypes differ, or weight does not broadcast.
        ValueError: the shapes differ, or reduction is none of the three.

    Source: torch.nn.functional.binary_cross_entropy.
    """
    reduction = resolve_reduction(reduction, size_average, reduce)
    check_reduction(reduction)
    if input.shape != target.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) "
            "is deprecated. Please ensure they have the same size."
        )
    refuse_gradient(weight, "binary_cross_entropy", "weight")
    factor = 1 if weight is None else _factor(weight, input)
    dtype = input._array.dtype
    if dtype != target._array.dtype:
        found, expected = as_dtype(target._array.dtype).type_name, as_dtype(dtype).type_name
        raise RuntimeError(f"Found dtype {found} but expected {expected}")
    refuse_integers(dtype, "binary_cross_entropy")
    p, y = lift(input._array), lift(target._array)
    for name, values in (("input", p), ("target", y)):
        # Asked this way round, NaN is refused too.
        if not compute(_all_probabilities, values):
            raise RuntimeError(f"all elements of {name} should be between 0 and 1")

    def forward() -> Array:
        log_p, log_q = np.maximum(np.log(p), _LEAST_LOG), np.maximum(np.log1p(-p), _LEAST_LOG)
        return reduced(((y - 1) * log_q - y * log_p) * factor, reduction)

    to_input, to_target = gradient_of(input), gradient_of(target)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        scale = unreduced(lift(grad), reduction, p.size) * factor
        slope = to_input and reduce_to(scale * (p - y) / np.maximum((1 - p) * p, _LEAST_VARIANCE), to_input)
        return slope, to_target and reduce_to(scale * (np.log1p(-p) - np.log(p)), to_target)

    result = lower(compute(forward), dtype)
    return record(result, "BinaryCrossEntropyBackward0", (input, target), backward, (input, target))


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Returns the binary cross entropy of sigmoid(x), computed from x itself, so that no logit overflows.

    With y the target and p the pos_weight: `(1 - y) x - (1 + (p - 1) y) log(sigmoid(x))`.

    Args:
        input: logits, any shape, floating point.
        target: of the input's shape.
        weight: a factor per element, broadcast to the input.
        size_average: deprecated.
        reduce: deprecated.
        reduction: 'none', 'sum' or 'mean'.
        pos_weight: a factor of the positive part, broadcast to the input.

    Raises:
        NotImplementedError: the input is not floating point.
        RuntimeError: a weight does not broadcast, or the target is not floating point.
        ValueError: the shapes differ, or reduction is none of the three.

    Source: torch.nn.functional.binary_cross_entropy_with_logits.
    """
    reduction = resolve_reduction(reduction, size_average, reduce)
    check_reduction(reduction)
    if input.shape != target.shape:
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    for name, operand in (("weight", weight), ("pos_weight", pos_weight)):
        refuse_gradient(operand, "binary_cross_entropy_with_logits", name)
    refuse_integers(input._array.dtype, "log_sigmoid_cpu")
    dtype = target._array.dtype
    if dtype.kind in "biu":
        target_name = as_dtype(dtype).type_name
        raise RuntimeError(f"result type Float can't be cast to the desired output type {target_name}")
    x, y = lift(input._array), lift(target._array)
    factor = 1 if weight is None else _factor(weight, input)
    positive = 1 if pos_weight is None else _factor(pos_weight, input, swapped=True)

    def log_sigmoid() -> Array:
        return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))

    def forward() -> Array:
        return reduced(((1 - y) * x - ((positive - 1) * y + 1) * log_sigmoid()) * factor, reduction)

    to_input, to_target = gradient_of(input), gradient_of(target)

    def backward(grad: Array) -> tuple[Array | None, ...]:
        scale = unreduced(lift(grad), reduction, x.size) * factor
        slope = ((positive - 1) * y + 1) * _core.activation("sigmoid", x) - positive * y
        of_target = to_target and -x - (positive - 1) * log_sigmoid()
        return reduce_to(scale * slope, to_input), to_target and reduce_to(scale * of_target, to_target)

    result = lower(compute(forward), dtype)
    return record(result, "BinaryCrossEntropyWithLogitsBackward0", (input, target), backward, (input, target))


def _all_probabilities(values: Array) -> np.bool_:
    return np.all((values >= 0) & (values <= 1))


def _factor(weight: Tensor, input: Tensor, *, swapped: bool = False) -> Array:
    """Returns a weight that broadcasts to the input's shape.

    Args:
        weight: the weight.
        input: what it belongs to.
        swapped: whether an error names the weight's size before the input's.
    """
    factor, shape = lift(weight._array), input._array.shape
    try:
        broadcast = np.broadcast_shapes(factor.shape, shape)
    except ValueError:
        raise mismatch(*((factor.shape, shape) if swapped else (shape, factor.shape))) from None
    if broadcast != shape:
        raise RuntimeError(
            f"output with shape {list(shape)} doesn't match the broadcast shape {list(broadcast)}"
        )
    return factor
