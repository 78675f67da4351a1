"""Functions of three tensors, element by element: sums with products and quotients, and what lies between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import dtypes
from ..autograd import Variable, no_grad
from ..autograd.record import record
from .arithmetic import add, div, mul, needed_among, sub
from .operands import Array, Operand, cpp_name, in_place, lift, reduce_to, target

if TYPE_CHECKING:
    from ..tensor import Tensor


def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """Returns input + value * tensor1 * tensor2 (torch.addcmul).

    Args:
        input: any shape and dtype.
        tensor1: the shapes broadcast.
        tensor2: of any dtype, as `tensor1`.
        value: factor of the product.

    Returns:
        The shape to which all broadcast; the dtype is that of `result_type`.

    Raises:
        RuntimeError: the shapes do not broadcast.
    """
    with no_grad():
        product = mul(tensor1, tensor2)
        result = add(input, product if value == 1 else mul(product, value))
        result = result.to(dtypes.result_type(input, tensor1, tensor2))
    a, b, c = target(input), target(tensor1), target(tensor2)
    y, z = tensor1._array, tensor2._array

    def backward(grad: Array) -> tuple[Array | None, ...]:
        scaled = lift(grad) * value
        return reduce_to(grad, a), b and reduce_to(scaled * lift(z), b), c and reduce_to(scaled * lift(y), c)

    saved = needed_among((tensor1, c), (tensor2, b))
    return record(result._array, "AddcmulBackward0", (input, tensor1, tensor2), backward, saved)


def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """Returns input + value * tensor1 / tensor2 (torch.addcdiv).

    Args:
        input: any shape.
        tensor1: dividend; the shapes broadcast.
        tensor2: divisor, of floating point if `tensor1` is not.
        value: factor of the quotient.

    Returns:
        The shape to which all broadcast; the dtype is that of `result_type`.

    Raises:
        RuntimeError: `tensor1` and `tensor2` are both of integers, or the shapes do not broadcast.
    """
    if tensor1._array.dtype.kind in "biu" and tensor2._array.dtype.kind in "biu":
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will "
            "perform a true division of tensor1 and tensor2. The historic addcdiv behavior can be "
            "implemented as (input + value * torch.trunc(tensor1 / tensor2)).to(input.dtype) for integer "
            "inputs and as (input + value * tensor1 / tensor2) for float inputs. The future addcdiv behavior "
            "is just the latter implementation: (input + value * tensor1 / tensor2), for all dtypes."
        )
    with no_grad():
        result = add(input, div(tensor1, tensor2), alpha=value)
    a, b, c = target(input), target(tensor1), target(tensor2)
    y, z = tensor1._array, tensor2._array

    def backward(grad: Array) -> tuple[Array | None, ...]:
        quotient = lift(grad) * value / lift(z)
        return (
            reduce_to(grad, a),
            b and reduce_to(quotient, b),
            c and reduce_to(-quotient * lift(y) / lift(z), c),
        )

    saved = needed_among((tensor1, c), (tensor2, b or c))
    return record(result._array, "AddcdivBackward0", (input, tensor1, tensor2), backward, saved)


def lerp(input: Tensor, end: Tensor, weight: Operand) -> Tensor:
    """Returns input + weight * (end - input) (torch.lerp).

    Args:
        input: any shape, floating point.
        end: of the same dtype; the shapes broadcast.
        weight: number, or tensor of the same dtype.

    Raises:
        NotImplementedError: the dtype is not a floating-point one.
        RuntimeError: the dtypes differ, or the shapes do not broadcast.
    """
    own = dtypes.as_dtype(input._array.dtype)
    for name, each in (("end", end), ("weight", weight)):
        if isinstance(each, Variable) and each._array.dtype != own.numpy:
            expected, found = cpp_name(own.numpy), cpp_name(each._array.dtype)
            raise RuntimeError(f"expected dtype {expected} for `{name}` but got dtype {found}")
    if not own.is_floating_point:
        kernel = "tensor" if isinstance(weight, Variable) else "scalar"
        raise NotImplementedError(f"\"lerp_kernel_{kernel}\" not implemented for '{own.type_name}'")
    with no_grad():
        result = sub(input, mul(sub(input, end), weight))
    a, b, c = target(input), target(end), target(weight)
    number = not isinstance(weight, Variable)
    x, y = input._array, end._array
    factor: Any = lift(weight._array) if isinstance(weight, Variable) else weight

    def backward(grad: Array) -> tuple[Array | None, ...]:
        part = lift(grad) * factor
        grads = reduce_to(grad - part, a), reduce_to(part, b)
        return grads if number else (*grads, c and reduce_to(lift(grad) * (lift(y) - lift(x)), c))

    if number:
        return record(result._array, "LerpBackward0", (input, end), backward)
    saved = (*needed_among((input, c), (end, c)), *needed_among((weight, a or b)))
    return record(result._array, "LerpBackward1", (input, end, weight), backward, saved)


addcmul_ = in_place(addcmul)
addcdiv_ = in_place(addcdiv)
lerp_ = in_place(lerp)
