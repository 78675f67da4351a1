"""Where the windows of a pooling lie, and what PyTorch refuses to pool."""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np

from ...ops.operands import Array
from .operands import wrapped_dim
from .windows import span, windows

__all__ = ["Plan", "Sizes", "check_rows", "one_size", "output_size"]

#: One number, or one for each dimension.
Sizes: TypeAlias = int | Sequence[int]

_LENGTHS: Final = {
    "kernel_size": "must either be a single int, or a tuple of two ints",
    "stride": "must either be omitted, a single int, or a tuple of two ints",
    "padding": "must either be a single int, or a tuple of two ints",
    "dilation": "must be either a single int, or a tuple of two ints",
}


class Plan:
    """Where the windows of a pooling over two dimensions lie."""

    def __init__(
        self,
        function: str,
        x: Array,
        kernel_size: Sizes,
        stride: Sizes | None,
        padding: Sizes,
        dilation: Sizes,
        ceil_mode: bool,
    ) -> None:
        self.kernel = _two(function, "kernel_size", kernel_size)
        given = stride is not None and (isinstance(stride, int) or len(stride) > 0)
        self.stride = _two(function, "stride", stride) if given and stride is not None else self.kernel
        self.padding = _two(function, "padding", padding)
        self.dilation = _two(function, "dilation", dilation)
        if function == "avg_pool2d":
            wrapped_dim(-3, x.ndim)
        elif x.ndim not in {3, 4}:
            raise RuntimeError("non-empty 3D or 4D (batch mode) tensor expected for input")
        self.sizes = x.shape[-2:]
        for step, margin, size, spread in zip(
            self.stride, self.padding, self.kernel, self.dilation, strict=True
        ):
            _check_window(step, margin, size, spread)
        self._check_numbers()
        if x.ndim not in {3, 4} or 0 in x.shape[-3:]:
            raise RuntimeError(
                "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but "
                f"got:{list(x.shape)}"
            )
        self.output = tuple(
            output_size(*each, ceil_mode)
            for each in zip(self.sizes, self.kernel, self.stride, self.padding, self.dilation, strict=True)
        )
        if min(self.output) < 1:
            planes = x.shape[-3]
            given_size, wanted = ("x".join(map(str, (planes, *each))) for each in (self.sizes, self.output))
            raise RuntimeError(
                f"Given input size: ({given_size}). Calculated output size: ({wanted}). Output size is too "
                "small"
            )
        self._dims = x.ndim

    def _check_numbers(self) -> None:
        named = (
            ("kernel size", ("kH", "kW"), self.kernel),
            ("stride", ("dH", "dW"), self.stride),
            ("dilation", ("dilationH", "dilationW"), self.dilation),
        )
        for name, letters, numbers in named:
            if min(numbers) <= 0:
                got = " ".join(f"{each}: {number}" for each, number in zip(letters, numbers, strict=True))
                raise RuntimeError(f"{name} should be greater than zero, but got {got}")

    def margins(self) -> list[tuple[int, int]]:
        """What to pad each dimension of the input with, so that all windows lie inside."""
        ends = []
        for size, own, step, margin, spread, count in zip(
            self.sizes, self.kernel, self.stride, self.padding, self.dilation, self.output, strict=True
        ):
            reach = (count - 1) * step + span(own, spread)
            ends.append((margin, max(reach - size - margin, 0)))
        return [(0, 0)] * (self._dims - 2) + ends

    def inner(self) -> tuple[Any, ...]:
        """Where the input lies in what was padded."""
        return (..., *(slice(p, p + n) for p, n in zip(self.padding, self.sizes, strict=True)))

    def windows(self, padded: Array) -> Array:
        """The windows, `(*, *output, *kernel)`."""
        every = windows(padded, self.kernel, self.stride, self.dilation)
        kept: Array = every[..., : self.output[0], : self.output[1], :, :]
        return kept

    def counts(self, include_padding: bool) -> list[Array]:
        """How many elements of a window count, by dimension: those that do not lie past the padding."""
        counts = []
        for size, own, step, margin, count in zip(
            self.sizes, self.kernel, self.stride, self.padding, self.output, strict=True
        ):
            start = np.arange(count) * step - margin
            end = np.minimum(start + own, size + margin)
            if not include_padding:
                start, end = np.maximum(start, 0), np.minimum(end, size)
            counts.append(end - start)
        return counts


def output_size(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> int:
    """Returns how many windows fit."""
    room = size + 2 * padding - span(kernel, dilation) + (stride - 1 if ceil_mode else 0)
    count = room // stride + 1
    # A window that would begin in the padding behind the input is none.
    return count - 1 if ceil_mode and (count - 1) * stride >= size + padding else count


def _check_window(stride: int, padding: int, kernel: int, dilation: int) -> None:
    if stride == 0:
        raise RuntimeError("stride should not be zero")
    if padding < 0:
        raise RuntimeError(f"pad must be non-negative, but got pad: {padding}")
    if padding > max(span(kernel, dilation), 0) // 2:
        raise RuntimeError(
            f"pad should be at most half of effective kernel size, but got pad={padding}, "
            f"kernel_size={kernel} and dilation={dilation}"
        )


def check_rows(x: Array, function: str) -> None:
    """Raises PyTorch's error if the input of a function of one dimension has not 2 or 3."""
    if x.ndim not in {2, 3}:
        raise RuntimeError(
            f"Expected 2 to 3 dimensions, but got {x.ndim}-dimensional tensor for argument #1 'self' (while "
            f"checking arguments for {function})"
        )


def _two(function: str, name: str, value: Sizes) -> tuple[int, ...]:
    sizes = (value,) if isinstance(value, int) else tuple(value)
    if len(sizes) not in {1, 2}:
        raise RuntimeError(f"{function}: {name} {_LENGTHS[name]}")
    return sizes if len(sizes) == 2 else sizes * 2


def one_size(function: str, name: str, value: Sizes) -> int:
    """Returns the one number of an argument that may be a sequence."""
    sizes = (value,) if isinstance(value, int) else tuple(value)
    if len(sizes) != 1:
        raise RuntimeError(f"{function}() argument '{name}' should contain one int (got {len(sizes)})")
    return sizes[0]
