"""Arrays that have a shape and a dtype, and no memory: what a tensor on the device "meta" holds.

They are views of addresses that nothing was ever written to, so that NumPy computes the shapes and strides of
their views; whatever would read or write an element is inferred here, or refused.
"""

from __future__ import annotations

import mmap
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NoReturn, TypeAlias, cast

import numpy as np

from . import _core

__all__ = ["CANNOT_COPY", "MetaArray", "as_array", "check_index", "has_no_memory", "refuse", "without_memory"]

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

CANNOT_COPY: Final = "Cannot copy out of meta tensor; no data!"

_addresses: Array = np.empty(0, np.uint8)


def _pages(size: int) -> Array:
    """Returns at least `size` bytes of address space that are never read: they take no memory."""
    global _addresses  # noqa: PLW0603 - one range for all, as large as the largest array so far
    if _addresses.size < size:
        length = max(size, 1 << 30)
        try:
            pages = mmap.mmap(-1, length, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ)
        except (OSError, OverflowError):
            raise MemoryError(f"a meta tensor of {size} bytes is larger than the address space") from None
        _addresses = np.frombuffer(pages, np.uint8)
    return _addresses


def without_memory(shape: Sequence[int], dtype: Any) -> MetaArray:
    """Returns an array of a shape and a dtype, and no memory."""
    dtype = np.dtype(dtype)
    size = dtype.itemsize
    for length in shape:
        size *= length
    return np.ndarray.__new__(MetaArray, tuple(shape), dtype, cast("Any", _pages(size)))


def has_no_memory(array: object) -> bool:
    """Tells whether an array is one of these."""
    return type(array) is MetaArray


def as_array(value: Any) -> Array:
    """Returns what is no array as one, and one without memory as it is."""
    return value if type(value) is MetaArray else np.asarray(value)


class MetaArray(np.ndarray[Any, np.dtype[Any]]):
    """An array without memory."""

    def __getitem__(self, index: Any) -> Any:
        basic = index if isinstance(index, tuple) else (index,)
        if all(map(_is_basic, basic)):
            # With an ellipsis, a 0-d result stays an array.
            return super().__getitem__(basic if any(each is ... for each in basic) else (*basic, ...))
        shape = _shape_of_gathering(self, basic)
        return without_memory(shape, self.dtype)

    def __setitem__(self, index: Any, value: Any) -> None:
        """Writes nothing: there is nothing to write to."""

    def fill(self, value: Any) -> None:
        """Writes nothing."""

    def item(self, *args: Any) -> NoReturn:
        """Refuses: there is no value."""
        raise RuntimeError("Tensor.item() cannot be called on meta tensors")

    def tolist(self) -> NoReturn:
        """Refuses: there are no values."""
        raise NotImplementedError(CANNOT_COPY)

    def astype(
        self, dtype: Any, order: Any = "K", casting: Any = "unsafe", subok: Any = True, copy: Any = True
    ) -> Any:
        """Returns an array of another dtype, or this one if it is its own and no copy is asked for."""
        return self if not copy and self.dtype == np.dtype(dtype) else without_memory(self.shape, dtype)

    def copy(self, order: Any = "C") -> MetaArray:
        """Returns another array of the same shape."""
        return without_memory(self.shape, self.dtype)

    def reshape(self, *shape: Any, order: Any = "C", copy: Any = None) -> Any:
        """Returns a view, or another array where NumPy would copy."""
        lengths: Any = shape[0] if len(shape) == 1 and isinstance(shape[0], Iterable) else shape
        resolved = _outline(self).reshape(lengths).shape
        if self.flags.c_contiguous:
            return super().reshape(resolved)
        return without_memory(resolved, self.dtype)

    def ravel(self, order: Any = "C") -> Any:
        """Returns all elements in one dimension."""
        return self.reshape(self.size)

    flatten = ravel

    def __bool__(self) -> bool:  # noqa: PLE0304
        refuse("what depends on a value")

    def __float__(self) -> float:
        refuse("what depends on a value")

    def __int__(self) -> int:
        refuse("what depends on a value")

    def __index__(self) -> int:  # noqa: PLE0305
        refuse("what depends on a value")

    def __copy__(self) -> MetaArray:
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any] | None) -> MetaArray:
        return self.copy()

    def __reduce_ex__(self, protocol: Any) -> Any:
        return without_memory, (self.shape, self.dtype)

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **options: Any
    ) -> Any:
        _check_devices(inputs)
        if method == "__call__":
            shape = _shape_of_product(*inputs) if ufunc.signature else _broadcast(inputs)
        elif method == "reduce":
            shape = _reduced(inputs[0], options.get("axis", 0), bool(options.get("keepdims", False)))
        elif method == "accumulate":
            shape = inputs[0].shape
        else:
            refuse(f"{ufunc.__name__}.{method}")
        if out is not None:
            return out[0] if len(out) == 1 else out
        with np.errstate(all="ignore"):
            sample = getattr(ufunc, method)(*map(_sample, inputs), **options)
        if isinstance(sample, tuple):
            return tuple(without_memory(shape, each.dtype) for each in sample)
        # What Python computes has no dtype of its own.
        return without_memory(shape, np.float64 if sample.dtype == np.object_ else sample.dtype)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func in _VIEWS:
            return super().__array_function__(func, types, args, kwargs)
        infer = _FUNCTIONS.get(func)
        if infer is None:
            refuse(func.__name__)
        return infer(func, *args, **kwargs)


def _is_basic(index: Any) -> bool:
    if index is None or index is ...:
        return True
    return isinstance(index, slice | int | np.integer) and not isinstance(index, bool)


def refuse(name: str) -> NoReturn:
    """Raises the error of an operation that no shape is inferred for."""
    raise NotImplementedError(
        f"{name} is not implemented for meta tensors: it would have to read their values"
    )


def _outline(array: Array) -> Array:
    """An array of the same shape, whose elements take no bytes."""
    return np.broadcast_to(np.empty((), "V0"), array.shape)


def _check_devices(operands: Iterable[Any]) -> None:
    """Refuses arrays of both kinds; a number, also as an array of no dimension, goes with either."""
    arrays = [each for each in operands if isinstance(each, np.ndarray) and each.ndim]
    for each in arrays:
        if has_no_memory(each) != has_no_memory(arrays[0]):
            own, expected = ("meta", "cpu") if has_no_memory(each) else ("cpu", "meta")
            raise RuntimeError(f"Tensor on device {own} is not on the expected device {expected}!")


def check_index(array: Array, index: Array) -> None:
    """Refuses an index without values into an array that has some.

    Raises:
        RuntimeError: it is one.
    """
    if has_no_memory(index) and not has_no_memory(array):
        raise RuntimeError("Tensor on device meta is not on the expected device cpu!")


def _sample(value: Any) -> Any:
    """One element in the place of an array: the dtype of a result does not depend on the others."""
    if not isinstance(value, np.ndarray):
        return value
    return np.ones((1,) * value.ndim, value.dtype) if value.ndim else np.ones((), value.dtype)


def _broadcast(operands: Iterable[Any]) -> tuple[int, ...]:
    return np.broadcast_shapes(*(np.shape(each) for each in operands))


def _axes(ndim: int, axis: Any) -> set[int]:
    if axis is None:
        return set(range(ndim))
    given = axis if isinstance(axis, tuple | list) else (axis,)
    return {operator.index(each) % ndim for each in given} if ndim else set()


def _reduced(array: Any, axis: Any, keepdims: bool) -> tuple[int, ...]:
    axes = _axes(array.ndim, axis)
    lengths = enumerate(array.shape)
    if keepdims:
        return tuple(1 if dim in axes else length for dim, length in lengths)
    return tuple(length for dim, length in lengths if dim not in axes)


def _shape_of_product(a: Any, b: Any, *_: Any) -> tuple[int, ...]:
    left = a.shape if a.ndim > 1 else (1, *a.shape)
    right = b.shape if b.ndim > 1 else (*b.shape, 1)
    if left[-1] != right[-2]:
        raise ValueError("matmul: the dimensions do not fit")
    batch = np.broadcast_shapes(left[:-2], right[:-2])
    return (*batch, *left[-2:-1][: a.ndim - 1], *right[-1:][: b.ndim - 1])


def _shape_of_gathering(array: Array, index: tuple[Any, ...]) -> tuple[int, ...]:
    """The shape of what an index with arrays takes: as of an array of as many elements of no size."""
    if any(has_no_memory(each) and each.dtype == np.bool_ for each in index):
        refuse("indexing with booleans")
    indices = tuple(np.zeros(each.shape, np.int64) if has_no_memory(each) else each for each in index)
    shape: tuple[int, ...] = _outline(array)[indices].shape
    return shape


def _same_shape(func: Any, array: Any, *args: Any, **kwargs: Any) -> MetaArray:
    return without_memory(array.shape, func(_sample(array), *args, **kwargs).dtype)


def _unchanged(func: Any, array: Any, *args: Any, **kwargs: Any) -> MetaArray:
    return without_memory(array.shape, array.dtype)


def _of_indices(func: Any, array: Any, *args: Any, **kwargs: Any) -> MetaArray:
    return without_memory(array.shape, np.int64)


def _elementwise(func: Any, *operands: Any, **kwargs: Any) -> MetaArray:
    _check_devices(operands)
    return without_memory(_broadcast(operands), func(*map(_sample, operands), **kwargs).dtype)


def _reduction(
    func: Any, array: Any, axis: Any = None, *args: Any, keepdims: Any = False, **kwargs: Any
) -> MetaArray:
    sample = np.ones((2,) * array.ndim, array.dtype)  # two: a deviation of one has no degree of freedom
    dtype = func(sample, axis, *args, **kwargs).dtype
    return without_memory(_reduced(array, axis, bool(keepdims)), dtype)


def _like(
    func: Any,
    array: Any,
    *fill: Any,
    dtype: Any = None,
    shape: Any = None,
    subok: Any = True,
    order: Any = "K",
) -> MetaArray:
    return without_memory(array.shape if shape is None else shape, array.dtype if dtype is None else dtype)


def _concatenate(func: Any, arrays: Any, axis: int = 0, **_: Any) -> MetaArray:
    _check_devices(arrays)
    shape = list(arrays[0].shape)
    axis %= len(shape)
    for each in arrays[1:]:
        if each.ndim != len(shape) or any(
            a != b for dim, (a, b) in enumerate(zip(each.shape, shape, strict=True)) if dim != axis
        ):
            raise ValueError("the arrays do not fit")
    shape[axis] = sum(each.shape[axis] for each in arrays)
    return without_memory(shape, np.result_type(*(each.dtype for each in arrays)))


def _stack(func: Any, arrays: Any, axis: int = 0, **_: Any) -> MetaArray:
    _check_devices(arrays)
    shape = list(arrays[0].shape)
    if any(each.shape != tuple(shape) for each in arrays):
        raise ValueError("the arrays do not fit")
    shape.insert(axis % (len(shape) + 1), len(arrays))
    return without_memory(shape, np.result_type(*(each.dtype for each in arrays)))


def _copyto(func: Any, target: Any, value: Any, **_: Any) -> None:
    if not has_no_memory(target):
        raise NotImplementedError(CANNOT_COPY)


def _broadcast_to(func: Any, array: Any, shape: Any, subok: bool = False) -> MetaArray:
    lengths = tuple(shape) if isinstance(shape, Iterable) else (shape,)
    own = (0,) * (len(lengths) - array.ndim) + tuple(
        stride if length == lengths[dim + len(lengths) - array.ndim] else 0
        for dim, (length, stride) in enumerate(zip(array.shape, array.strides, strict=True))
    )
    if np.broadcast_shapes(array.shape, lengths) != lengths:
        raise ValueError("the shapes do not fit")
    return np.lib.stride_tricks.as_strided(array, lengths, own, subok=True)  # type: ignore[return-value]


def _take(func: Any, array: Any, indices: Any, axis: int | None = None, **_: Any) -> MetaArray:
    if axis is None:
        return without_memory(np.shape(indices), array.dtype)
    axis %= array.ndim
    return without_memory((*array.shape[:axis], *np.shape(indices), *array.shape[axis + 1 :]), array.dtype)


def _take_along_axis(func: Any, array: Any, indices: Any, axis: int = -1) -> MetaArray:
    return without_memory(indices.shape, array.dtype)


def _tile(func: Any, array: Any, repeats: Any) -> MetaArray:
    times = tuple(repeats) if isinstance(repeats, Iterable) else (repeats,)
    ndim = max(len(times), array.ndim)
    times = (1,) * (ndim - len(times)) + times
    lengths = (1,) * (ndim - array.ndim) + array.shape
    return without_memory([a * b for a, b in zip(times, lengths, strict=True)], array.dtype)


#: What leads to views, or to what is inferred.
_VIEWS: Final = {
    *(np.expand_dims, np.squeeze, np.transpose, np.swapaxes, np.moveaxis, np.rollaxis, np.reshape, np.ravel),
    *(
        np.shape,
        np.ndim,
        np.size,
        np.atleast_1d,
        np.atleast_2d,
        np.diagonal,
        np.split,
        np.array_split,
        np.flip,
    ),
}

_FUNCTIONS: Final[dict[Any, Callable[..., Any]]] = {
    **dict.fromkeys((np.sum, np.prod, np.mean, np.var, np.std, np.max, np.min, np.any, np.all), _reduction),
    **dict.fromkeys((np.amax, np.amin, np.argmax, np.argmin, np.count_nonzero, np.median), _reduction),
    **dict.fromkeys((np.cumsum, np.cumprod, np.round, np.nan_to_num, np.clip), _same_shape),
    **dict.fromkeys((np.sort, np.tril, np.triu, np.roll, np.copy), _unchanged),
    **dict.fromkeys((np.where, np.isclose), _elementwise),
    **dict.fromkeys((np.empty_like, np.zeros_like, np.ones_like), _like),
    np.argsort: _of_indices,
    np.full_like: lambda func, array, value, *args, **kwargs: _like(func, array, *args, **kwargs),
    np.concatenate: _concatenate,
    np.stack: _stack,
    np.copyto: _copyto,
    np.broadcast_to: _broadcast_to,
    np.take: _take,
    np.take_along_axis: _take_along_axis,
    np.tile: _tile,
    np.fill_diagonal: lambda *_, **__: None,
    np.put_along_axis: lambda *_, **__: None,
}


def _method(function: Any) -> Callable[..., Any]:
    def method(self: MetaArray, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    return method


def _refused(name: str) -> Callable[..., NoReturn]:
    def method(self: MetaArray, *args: Any, **kwargs: Any) -> NoReturn:
        refuse(name)

    return method


def _complete() -> None:
    """Gives the class the remaining methods of arrays: as the functions of the same names, or refused."""
    safe = {"transpose", "swapaxes", "squeeze", "view", "diagonal", "setflags", "getfield"}
    for name in dir(np.ndarray):
        plain = name.startswith("__") or name in safe or name in MetaArray.__dict__
        if plain or not callable(getattr(np.ndarray, name)):
            continue
        function = getattr(np, name, None)
        setattr(MetaArray, name, _method(function) if function in _FUNCTIONS else _refused(name))


_complete()
_core.set_array_without_memory(MetaArray)
