"""`FloatTensor`, `LongTensor` and their like: PyTorch's older way to name a tensor's dtype."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from . import dtypes
from .arguments import class_name
from .conversion import tensor
from .creation import empty
from .size import Size
from .tensor import Tensor

__all__ = [
    "BFloat16Tensor",
    "BoolTensor",
    "ByteTensor",
    "CharTensor",
    "DoubleTensor",
    "FloatTensor",
    "HalfTensor",
    "IntTensor",
    "LongTensor",
    "ShortTensor",
]


class TensorType(type):
    """The class of these classes: a call makes a tensor of their dtype, and any such is an instance.

    Attributes:
        dtype: of their tensors.
    """

    dtype: dtypes.dtype

    def __call__(cls, *data: Any) -> Tensor:
        """Returns a tensor of values, or of a size.

        Args:
            *data: the lengths of the dimensions, for uninitialised memory; or a sequence or an array, whose
                values are copied; or a tensor of this dtype, whose memory is shared.

        Raises:
            TypeError: a tensor is of another dtype, or a value is neither a length nor a sequence.
        """
        first = data[0] if len(data) == 1 else None
        if isinstance(first, Tensor):
            if first.dtype is not cls.dtype:
                raise TypeError(f"expected a tensor of {cls.dtype} (got one of {first.dtype})")
            return first.detach()
        if isinstance(first, Sequence | np.ndarray) and not isinstance(first, Size | str):
            return tensor(first, dtype=cls.dtype)
        for length in data:
            if isinstance(length, bool) or not (isinstance(length, Size) or hasattr(length, "__index__")):
                raise TypeError(f"new(): data must be a sequence (got {class_name(length)})")
        return empty(*(data or (0,)), dtype=cls.dtype)

    def __instancecheck__(cls, instance: object) -> bool:
        """Tells whether `instance` is a tensor of this dtype."""
        return isinstance(instance, Tensor) and instance.dtype is cls.dtype


_TEXT: Final = """The tensors of {dtype} (torch.{name}): a call makes one, and all are instances.

An older name for `dtype={dtype}`.

Args:
    *data: the lengths of the dimensions, for uninitialised memory; or a sequence or an array of any shape,
        whose values are copied; or a tensor of this dtype, whose memory is shared.

Raises:
    RuntimeError: a length is negative, or the dtype cannot hold a number.
    TypeError: a tensor is of another dtype, or a value is neither a length nor a sequence.
    ValueError: the sequences of one level differ in length.
"""


def _of(dtype: dtypes.dtype) -> TensorType:
    name = f"{dtype.type_name}Tensor"
    text = _TEXT.format(dtype=dtype.name, name=name)
    return TensorType(name, (), {"dtype": dtype, "__module__": "fastinit", "__doc__": text})


FloatTensor: Final = _of(dtypes.float32)
DoubleTensor: Final = _of(dtypes.float64)
HalfTensor: Final = _of(dtypes.float16)
BFloat16Tensor: Final = _of(dtypes.bfloat16)
CharTensor: Final = _of(dtypes.int8)
ShortTensor: Final = _of(dtypes.int16)
IntTensor: Final = _of(dtypes.int32)
LongTensor: Final = _of(dtypes.int64)
ByteTensor: Final = _of(dtypes.uint8)
BoolTensor: Final = _of(dtypes.bool)
