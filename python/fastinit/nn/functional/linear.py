"""Products with a weight. Of float32 and float64, a layer is one compiled call forward and one backward."""

import numpy as np

from ... import _core
from ...autograd.record import record
from ...dtypes import as_dtype
from ...meta import has_no_memory
from ...ops.operands import Array, lift, lower
from ...tensor import Tensor
from .activation import relu, sigmoid, tanh
from .operands import C_NAMES, array_of

__all__ = ["bilinear", "linear", "linear_activation"]


_ACTIVATIONS = {"relu": relu, "sigmoid": sigmoid, "tanh": tanh}


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Returns `input @ weight.T + bias`.

    The gradients of a weight and a bias that are leaves are added into the memory of their `.grad` by the
    product itself: the layer makes no temporary of their size, however often it is used.

    Args:
        input: `(*, in)`.
        weight: `(out, in)`, or `(in)` without a bias; of the input's dtype.
        bias: `(out)`, or what broadcasts to the output; of the input's dtype.

    Returns:
        `(*, out)`; `(*)` for a weight of one dimension.

    Raises:
        RuntimeError: a shape or a dtype does not fit.
        TypeError: an argument is not a tensor.

    Source: torch.nn.functional.linear.
    """
    result = _core.linear_layer(input, weight, bias)
    return _uncommon(input, weight, bias) if result is None else result


def linear_activation(input: Tensor, weight: Tensor, bias: Tensor | None, activation: str) -> Tensor:
    """Returns `activation(linear(input, weight, bias))`, as one node where one compiled call can do it.

    Args:
        input: `(*, in)`.
        weight: `(out, in)`.
        bias: `(out)` or None.
        activation: 'relu', 'sigmoid' or 'tanh': those whose gradient follows from the result alone.

    Raises:
        RuntimeError: a shape or a dtype does not fit.
    """
    result = _core.linear_layer(input, weight, bias, activation)
    return _ACTIVATIONS[activation](_uncommon(input, weight, bias)) if result is None else result


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Returns `y[k] = sum_ij input1[i] weight[k, i, j] input2[j] + bias[k]`.

    Args:
        input1: `(*, in1)`.
        input2: `(*, in2)`, with the same `*`.
        weight: `(out, in1, in2)`.
        bias: `(out)` or None.

    Returns:
        `(*, out)`.

    Raises:
        RuntimeError: a shape or a dtype does not fit.
        TypeError: an argument is not a tensor.

    Source: torch.nn.functional.bilinear.
    """
    x1, x2 = array_of(input1, "bilinear", "input1", 1), array_of(input2, "bilinear", "input2", 2)
    w = array_of(weight, "bilinear", "weight", 3)
    b = None if bias is None else array_of(bias, "bilinear", "bias", 4)
    _check_bilinear(x1, x2, w, b)
    batch, (out, in1, in2) = x1.shape[:-1], w.shape
    # The form is a product of the unrolled weight with the samples' outer products x1[i] x2[j].
    left, right = lift(x1).reshape(-1, in1), lift(x2).reshape(-1, in2)
    unrolled = lift(w).reshape(out, in1 * in2)
    result = _outer(left, right) @ unrolled.T
    if b is not None:
        result = result + lift(b)
    wants = (input1.requires_grad, input2.requires_grad, weight.requires_grad)
    dtype = x1.dtype

    def backward(grad: Array) -> tuple[Array | None, ...]:
        rows = np.ascontiguousarray(lift(grad)).reshape(-1, out)
        grad1 = grad2 = grad_w = None
        if wants[0] or wants[1]:
            grad_outer = (rows @ unrolled).reshape(-1, in1, in2)
            if wants[0]:
                grad1 = lower((grad_outer @ right[:, :, None]).reshape(x1.shape), dtype)
            if wants[1]:
                grad2 = lower((left[:, None, :] @ grad_outer).reshape(x2.shape), dtype)
        if wants[2]:
            grad_w = lower((rows.T @ _outer(left, right)).reshape(w.shape), dtype)
        if b is None:
            return grad1, grad2, grad_w
        return grad1, grad2, grad_w, lower(rows.sum(0), dtype)

    inputs = (input1, input2, weight) if bias is None else (input1, input2, weight, bias)
    result = lower(result.reshape(*batch, out), dtype)
    name = "ViewBackward0" if bias is None else "AddBackward0"
    return record(result, name, inputs, backward, (input1, input2, weight))


def _outer(left: Array, right: Array) -> Array:
    rows = len(left)
    return (left[:, :, None] * right[:, None, :]).reshape(rows, left.shape[1] * right.shape[1])


def _check_bilinear(x1: Array, x2: Array, w: Array, b: Array | None) -> None:
    if x1.ndim != x2.ndim:
        raise RuntimeError(f"bilinear(): input dimensions do not match: got {x1.ndim} and {x2.ndim}")
    for axis, (one, other) in enumerate(zip(x1.shape[:-1], x2.shape[:-1], strict=True)):
        if one != other:
            raise RuntimeError(
                f"bilinear(): input batch dimensions do not match at dim {axis}: got {one} and {other}"
            )
    for name, x, size in (("input1", x1, w.shape[1]), ("input2", x2, w.shape[2])):
        if x.shape[-1] != size:
            raise RuntimeError(
                f"bilinear(): {name} size does not match weight size: got {x.shape[-1]} but expected {size}"
            )
    if b is not None and b.shape[0] != w.shape[0]:
        raise RuntimeError(
            f"bilinear(): bias size does not match weight size: got {b.shape[0]} but expected {w.shape[0]}"
        )
    named = {"input1": x1, "input2": x2, "weight": w} | ({} if b is None else {"bias": b})
    if any(each.dtype != x1.dtype for each in named.values()):
        got = ", ".join(f"{name}: {C_NAMES[as_dtype(each.dtype)]}" for name, each in named.items())
        raise RuntimeError(f"All tensors must have the same dtype, got {got}")


def _uncommon(input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """The layer for the other dtypes and numbers of dimensions, and PyTorch's words for what it refuses."""
    x = array_of(input, "linear")
    w = array_of(weight, "linear", "weight", 2)
    b = None if bias is None else array_of(bias, "linear", "bias", 3)
    if x.ndim == 0 or w.ndim == 0:
        raise RuntimeError(
            f"both arguments to linear need to be at least 1D, but they are {x.ndim}D and {w.ndim}D"
        )
    if w.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {w.ndim}D")
    if w.ndim == 1:
        if b is not None:
            _check_dtypes(x, w, b)
            raise RuntimeError("mat2 must be a matrix, got 1-D tensor")
        return input.matmul(weight)
    if bias is not None and bias.shape != w.shape[:1] and (bias.ndim != 1 or bias.numel() == 1):
        product = linear(input, weight)
        return product + bias.expand(product.shape)
    _check_dtypes(x, w, b)
    if as_dtype(x.dtype).is_floating_point:
        return _through_float32(input, weight, bias, _node_name(x.ndim, b is not None))
    product = input.matmul(weight.t())
    return product if bias is None else product + bias


def _through_float32(input: Tensor, weight: Tensor, bias: Tensor | None, name: str) -> Tensor:
    x, w = input._array, weight._array
    b = None if bias is None else bias._array
    if has_no_memory(x) or has_no_memory(w):
        return record(_outline_of_linear(x, w, b), name, (input, weight), lambda grad: (None, None))
    result = _core.linear(lift(x), lift(w), None if b is None else lift(b))

    def backward(grad: Array) -> tuple[Array | None, ...]:
        grads = [np.empty(each.shape, np.float32) for each in (x, w, b) if each is not None]
        grad_b = None if b is None else grads[2]
        _core.linear_backward(lift(grad), lift(x), lift(w), grads[0], grads[1], grad_b)
        return tuple(lower(each, grad.dtype) for each in grads)

    inputs = (input, weight) if bias is None else (input, weight, bias)
    return record(lower(result, x.dtype), name, inputs, backward, (input, weight))


def _outline_of_linear(x: Array, w: Array, b: Array | None) -> Array:
    """The result of arrays without memory."""
    if x.shape[-1] != w.shape[1]:
        rows = [x.size // max(x.shape[-1], 1), x.shape[-1]]
        raise RuntimeError(f"a and b must have same reduction dim, but got {rows} X {list(w.shape[::-1])}.")
    product: Array = np.matmul(x, w.T)
    return product if b is None else np.add(product, b)


def _check_dtypes(x: Array, w: Array, b: Array | None) -> None:
    """Refuses a mixture of dtypes, as the compiled product does, before a conversion would hide it."""
    given, of_weight = as_dtype(x.dtype), as_dtype(w.dtype)
    if b is not None and b.dtype != w.dtype:
        names = f"{as_dtype(b.dtype).type_name} and {of_weight.type_name}"
        raise RuntimeError(f"self and mat2 must have the same dtype, but got {names}")
    if given is not of_weight and b is not None:
        names = f"{given.type_name} and {of_weight.type_name}"
        raise RuntimeError(f"mat1 and mat2 must have the same dtype, but got {names}")
    if given is not of_weight:
        names = f"{C_NAMES[given]} != {C_NAMES[of_weight]}"
        raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: {names}")


def _node_name(dimensions: int, has_bias: bool) -> str:
    # PyTorch makes rows of other than two dimensions, and its graph shows the view back.
    if dimensions == 2:
        return "AddmmBackward0" if has_bias else "MmBackward0"
    if dimensions == 1:
        return "ViewBackward0" if has_bias else "SqueezeBackward4"
    return "ViewBackward0" if has_bias else "UnsafeViewBackward0"
