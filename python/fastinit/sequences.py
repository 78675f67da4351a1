"""Arrays from what Python holds: the shape and dtype that PyTorch would infer."""

from collections.abc import Callable
from functools import reduce
from typing import Any, Final

import numpy as np

from . import dtypes
from .autograd import Variable
from .memory.dlpack import take

__all__ = ["check_array", "to_array"]

Array = np.ndarray[Any, np.dtype[Any]]

_PYTHON_TYPES: Final = (float, int, bool)


def to_array(data: Any, dtype: dtypes.dtype | type | None = None) -> Array:
    """Returns a new array of the shape and, unless given, the dtype that PyTorch infers (see `tensor`)."""
    if isinstance(dtype, type) and dtype in _PYTHON_TYPES:
        dtype = dtypes.as_dtype(dtype)
    if dtype is not None and not isinstance(dtype, dtypes.dtype):
        raise TypeError(f"tensor(): argument 'dtype' must be fastinit.dtype, not {type(dtype).__name__}")
    if isinstance(data, Variable):
        data = data._array
    elif hasattr(data, "__dlpack__") and not isinstance(data, np.ndarray):
        data, _ = take(data)
    if isinstance(data, np.ndarray):
        check_array(data)
        with np.errstate(all="ignore"):
            return data.astype(data.dtype if dtype is None else dtype.numpy, order="C", copy=True)
    if isinstance(data, str | bytes):
        raise TypeError(f"new(): invalid data type '{type(data).__name__}'")
    kinds: set[Any] = set()
    data = _survey(data, _shape(data), 0, kinds)
    inferred = reduce(dtypes.promote_types, kinds) if kinds else dtypes.get_default_dtype()
    return _from_numbers(data, inferred, dtype or inferred)


def _shape(data: Any) -> tuple[int, ...]:
    """The lengths of the first sequence at each level."""
    lengths = []
    while _is_sequence(data):
        lengths.append(len(data))
        if not lengths[-1]:
            break
        data = data[0]
        if isinstance(data, str | bytes):
            raise ValueError(f"too many dimensions '{type(data).__name__}'")
    return tuple(lengths)


def _is_sequence(value: Any) -> bool:
    if type(value) in {float, int, bool}:
        return False
    if isinstance(value, np.ndarray) or (not isinstance(value, Variable) and hasattr(value, "__dlpack__")):
        return value.ndim > 0  # of another library's array too
    return (
        not isinstance(value, dict | Variable) and hasattr(value, "__len__") and hasattr(value, "__getitem__")
    )


def _survey(data: Any, shape: tuple[int, ...], depth: int, kinds: set[Any]) -> Any:
    """Checks that `data` has the shape, adds its numbers' dtypes to `kinds`, and returns it as lists."""
    if depth == len(shape):
        return _number(data, kinds)
    if not _is_sequence(data):
        raise TypeError("not a sequence")
    if len(data) != shape[depth]:
        raise ValueError(f"expected sequence of length {shape[depth]} at dim {depth} (got {len(data)})")
    if depth + 1 == len(shape):
        # A row of plain numbers, the usual case, is surveyed without a call for each.
        types = set(map(type, data)) if isinstance(data, list | tuple | range) else {object}
        if types <= _PLAIN.keys():
            kinds.update(_PLAIN[each]() for each in types)
            return data
    return [_survey(item, shape, depth + 1, kinds) for item in data]


_PLAIN: Final[dict[type, Callable[[], dtypes.dtype]]] = {
    bool: lambda: dtypes.bool,
    int: lambda: dtypes.int64,
    float: dtypes.get_default_dtype,
}


def _number(value: Any, kinds: set[Any]) -> Any:
    kind = _PLAIN.get(type(value))
    if kind is not None:
        kinds.add(kind())
        return value
    if isinstance(value, Variable):
        value = value._array
        if value.size != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
    elif hasattr(value, "__dlpack__") and not isinstance(value, np.ndarray):
        value, _ = take(value)
    if isinstance(value, np.generic | np.ndarray):
        check_array(value)
        kinds.add(dtypes.as_dtype(value.dtype))
        return value.item()
    if isinstance(value, bool | int | float):  # a subclass, an IntEnum say
        return _number(next(kind(value) for kind in (bool, int, float) if isinstance(value, kind)), kinds)
    if isinstance(value, str | bytes):
        raise TypeError(f"new(): invalid data type '{type(value).__name__}'")
    if _is_sequence(value):
        raise TypeError(f"'{type(value).__name__}' object cannot be interpreted as a number")
    raise RuntimeError(f"Could not infer dtype of {type(value).__name__}")


def _from_numbers(data: Any, inferred: dtypes.dtype, dtype: dtypes.dtype) -> Array:
    if inferred.is_floating_point:
        array = np.array(data, dtype=np.float64)
    else:
        try:
            array = np.array(data, dtype=np.int64)
        except OverflowError:
            raise ValueError("Overflow when unpacking long long") from None
    if not dtype.is_floating_point and dtype is not dtypes.bool and array.size:
        _check_range(array, dtype)
    with np.errstate(all="ignore"):
        if dtype.itemsize == 2 and dtype.is_floating_point:
            array = array.astype(np.float32)  # PyTorch, too, rounds by way of it.
        return array.astype(dtype.numpy)


def _check_range(array: Array, dtype: dtypes.dtype) -> None:
    limits = dtypes.iinfo(dtype)
    least = limits.min if dtype.is_signed else -limits.max  # Negative numbers wrap around, as in C.
    if not (array.min() >= least and array.max() <= limits.max):
        raise RuntimeError(f"value cannot be converted to type {dtype.name} without overflow")


def check_array(array: Any) -> None:
    """Refuses an array that no tensor can be over.

    Raises:
        TypeError: no tensor has its dtype.
        ValueError: it is not of this machine's byte order.
    """
    if not array.dtype.isnative:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. "
            "Conversion between byte orders is currently not supported."
        )
    try:
        dtypes.as_dtype(array.dtype)
    except TypeError:
        supported = ", ".join(each.name for each in dtypes.ALL)
        raise TypeError(
            f"can't convert np.ndarray of type numpy.{array.dtype.type.__name__}. "
            f"The only supported types are: {supported}."
        ) from None
