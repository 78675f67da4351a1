"""Tensor: an ndarray, a gradient, and the node that made it.

What a tensor can do is written in `ops`, a subject per module, as functions; `tensor_methods` binds them.
"""

from __future__ import annotations

import copyreg
import math
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from . import _core, autograd, devices, dtypes, layouts, printing
from .autograd import Variable
from .autograd.compiled import result_class
from .autograd.engine import Tensors
from .autograd.graph import Array
from .autograd.variable import wrap
from .meta import has_no_memory, without_memory
from .ops import comparison, copying, permuting, product, rearranging, splitting
from .ops.dims import flatten_arguments, wrap_dim
from .ops.operands import operator, scalar
from .size import Size
from .tensor_memory import Memory
from .tensor_methods import Methods

__all__ = ["Tensor"]


_eq = operator(comparison.eq)


@result_class
class Tensor(Methods, Memory):
    """An n-dimensional array of one dtype that operations can be differentiated through (torch.Tensor).

    Args:
        *data: the lengths of the dimensions, for uninitialised memory; or nested sequences or an array, whose
            values are copied; or a tensor, whose memory is shared. The dtype is the default one, but for a
            tensor's.

    Raises:
        TypeError: a length is not an integer.
        ValueError: a length is negative, a value is no number, or the sequences of one level differ in
            length.
    """

    # NumPy leaves `array + tensor` to the tensor.
    __array_priority__: ClassVar[int] = 1000

    def __new__(cls, *data: Any) -> Self:
        """Makes the memory, as the class says."""
        tensor = object.__new__(cls)
        if len(data) == 1 and isinstance(data[0], Variable):
            tensor._array = data[0]._array
            tensor._counter = data[0].version_counter()
            return tensor
        dtype = dtypes.get_default_dtype().numpy
        if len(data) == 1 and isinstance(data[0], Size):
            tensor._array = np.empty(data[0], dtype)
        elif len(data) == 1 and isinstance(data[0], Sequence | np.ndarray):
            tensor._array = np.array(data[0], dtype)
        else:
            tensor._array = np.empty(data if data else 0, dtype)
        return tensor

    # What it is

    @property
    def shape(self) -> Size:
        """The length of each dimension."""
        return tuple.__new__(Size, self._array.shape)

    @property
    def dtype(self) -> dtypes.dtype:
        """The type of the elements."""
        return dtypes.as_dtype(self._array.dtype)

    @property
    def device(self) -> devices.device:
        """Where the memory is: on the CPU, or nowhere."""
        return devices.META if has_no_memory(self._array) else devices.CPU

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._array.ndim

    @property
    def itemsize(self) -> int:
        """The bytes of one element."""
        return self._array.itemsize

    @property
    def nbytes(self) -> int:
        """The bytes of all elements."""
        return self._array.nbytes

    is_sparse: ClassVar[bool] = False
    is_cuda: ClassVar[bool] = False
    is_quantized: ClassVar[bool] = False
    is_nested: ClassVar[bool] = False
    is_mkldnn: ClassVar[bool] = False
    layout: ClassVar[layouts.layout] = layouts.strided
    output_nr: ClassVar[int] = 0

    @property
    def is_cpu(self) -> bool:
        """Whether the memory is the CPU's."""
        return not has_no_memory(self._array)

    @property
    def is_meta(self) -> bool:
        """Whether there is no memory: the tensor has a shape and a dtype alone."""
        return has_no_memory(self._array)

    def size(self, dim: int | None = None) -> Any:
        """Returns the shape, or the length of one dimension."""
        if dim is None:
            return self.shape
        ndim = self._array.ndim
        if ndim == 0:
            raise IndexError("Dimension specified as 0 but tensor has no dimensions")
        return self._array.shape[wrap_dim(dim, ndim)]

    def dim(self) -> int:
        """Returns the number of dimensions."""
        return self._array.ndim

    ndimension = dim

    def numel(self) -> int:
        """Returns the number of elements."""
        return self._array.size

    nelement = numel

    def element_size(self) -> int:
        """Returns the bytes of one element."""
        return self._array.itemsize

    def stride(self, dim: int | None = None) -> Any:
        """Returns the steps between neighbours along each dimension, or along one, in elements."""
        x = self._array
        strides = tuple(stride // x.itemsize for stride in x.strides)
        if x.size == 0 and not any(strides):
            # NumPy gives memory of no elements steps of 0, PyTorch those that longer dimensions would have.
            strides = tuple(
                math.prod(max(length, 1) for length in x.shape[dim + 1 :]) for dim in range(x.ndim)
            )
        return strides if dim is None else strides[wrap_dim(dim, len(strides))]

    def is_floating_point(self) -> bool:
        """Tells whether the dtype is a floating-point one."""
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        """Returns False: there are no complex dtypes."""
        return False

    def is_signed(self) -> bool:
        """Tells whether the dtype has negative values."""
        return self.dtype.is_signed

    def is_nonzero(self) -> bool:
        """Tells whether the only element is not 0 (torch.is_nonzero)."""
        return bool(self)

    def is_conj(self) -> bool:
        """Returns False: there are no complex dtypes."""
        return False

    def is_neg(self) -> bool:
        """Returns False: a negative is computed at once."""
        return False

    def is_inference(self) -> bool:
        """Returns False: tensors made under `inference_mode` are like others."""
        return False

    def conj(self) -> Self:
        """Returns the tensor itself: it is real."""
        return self

    resolve_conj = resolve_neg = conj

    @property
    def real(self) -> Self:
        """The tensor itself: it is real."""
        return self

    def is_same_size(self, other: Tensor) -> bool:
        """Tells whether `other` has the same shape."""
        same: bool = self._array.shape == other._array.shape
        return same

    def get_device(self) -> int:
        """Returns -1, PyTorch's number for the CPU."""
        return -1

    @property
    def T(self) -> Tensor:  # noqa: N802 - PyTorch's name
        """A view with all dimensions reversed."""
        return permuting.numpy_t(self)

    @property
    def mT(self) -> Tensor:  # noqa: N802 - PyTorch's name
        """A view with the last two dimensions swapped."""
        return permuting.matrix_t(self)

    @property
    def H(self) -> Tensor:  # noqa: N802 - PyTorch's name
        """A view of a matrix with its dimensions swapped."""
        if self._array.ndim not in (0, 2):
            raise RuntimeError(
                f"tensor.H is only supported on matrices (2-D tensors). Got {self._array.ndim}-D tensor."
            )
        return permuting.matrix_t(self)

    @property
    def mH(self) -> Tensor:  # noqa: N802 - PyTorch's name
        """A view with the last two dimensions swapped."""
        return permuting.matrix_t(self, "mH")

    # Differentiation

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Tensors | None = None,
    ) -> None:
        """Adds the gradient of this tensor to `.grad` of the leaves that made it; see `autograd.backward`."""
        # Most training steps end with a scalar's plain backward: one call does it all.
        plain = gradient is None and inputs is None and not create_graph
        if not (plain and _core.backward_of_scalar(self, bool(retain_graph))):
            autograd.backward(self, gradient, retain_graph, create_graph, inputs)

    def _adopt_for_fill(self) -> Array:
        """Hands the memory to a fill that nothing records."""
        return self._array

    def _count_fill(self) -> None:
        """Tells the version that the fill was made."""
        self.version_counter()[0] += 1

    # As a Python object

    def __repr__(self) -> str:
        node = self.grad_fn
        return printing.format_tensor(
            self._array,
            requires_grad=self.requires_grad,
            grad_fn=None if node is None else node.name(),
        )

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from .html import tensor_html

        return tensor_html(self._array, type(self).__name__, Tensor.__repr__(self))

    def __format__(self, spec: str) -> str:
        if self._array.ndim or has_no_memory(self._array):
            return object.__format__(self, spec)
        return format(self.item(), spec)

    def __len__(self) -> int:
        if self._array.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return len(self._array)

    def __iter__(self) -> Iterator[Tensor]:
        if self._array.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(splitting.unbind(self))

    def __reversed__(self) -> Tensor:
        return rearranging.flip(self, 0) if self._array.ndim else self

    def __contains__(self, element: object) -> bool:
        if isinstance(element, Variable | int | float):
            return bool(np.any(self._array == (element._array if isinstance(element, Variable) else element)))
        raise RuntimeError(
            f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}."
        )

    def __delitem__(self, index: object) -> None:
        raise TypeError("Tensor does not support deleting items")

    def __bool__(self) -> bool:
        if self._array.size != 1:
            number = "no values" if self._array.size == 0 else "more than one value"
            raise RuntimeError(f"Boolean value of Tensor with {number} is ambiguous")
        return bool(self._array.item())

    def __float__(self) -> float:
        return float(self._only())

    def __int__(self) -> int:
        return int(self._only())

    def _only(self) -> float:
        if self._array.size != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return copying.item(self)

    def __index__(self) -> int:
        if self._array.size != 1 or self._array.dtype.kind not in "biu":
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self._array.item())

    def __matmul__(self, other: Any) -> Tensor:
        return product.matmul(self, other) if isinstance(other, Tensor) else NotImplemented

    # Elements are compared, objects are hashed: tensors serve as keys by identity.
    def __eq__(self, other: object) -> Any:
        if isinstance(other, np.ndarray) and other.dtype.kind in "biuf":
            other = wrap(other)
        return _eq(self, other)

    __ne__ = operator(comparison.ne)  # type: ignore[assignment]

    def __hash__(self) -> int:
        return id(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(copying.numpy(self), dtype, copy=copy)

    def __array_wrap__(self, array: Array, context: object = None, return_scalar: bool = False) -> Tensor:
        """Makes a tensor of what a NumPy function computed of this one: booleans as uint8, as in PyTorch."""
        return wrap(array.astype(np.uint8) if array.dtype == np.bool_ else array)

    def __getstate__(self) -> dict[str, Any]:
        """Returns what a copy keeps: values, gradient, and the user's own attributes."""
        fields = {"_array": self._array, "_requires_grad": self.requires_grad, "_grad": self._grad}
        kept = self.__dict__ | fields
        for name in ("_reshaped", "_observed"):  # of interest to views, which a copy has none of
            kept.pop(name, None)
        return kept

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return copyreg.__newobj__, (type(self),), self.__getstate__() | {"_grad": None}  # type: ignore[attr-defined]

    def type(self, dtype: Any = None) -> Any:
        """Returns the name of the type, as `fastinit.FloatTensor`; or the tensor in another dtype."""
        if dtype is None:
            place = "meta." if has_no_memory(self._array) else ""
            return f"fastinit.{place}{self.dtype.type_name}Tensor"
        if isinstance(dtype, str):
            known = {f"fastinit.{each.type_name}Tensor": each for each in dtypes.ALL}
            if dtype not in known:
                raise ValueError(f"invalid type: '{dtype}'")
            dtype = known[dtype]
        return copying.cast(self, dtypes.as_dtype(getattr(dtype, "dtype", dtype)))

    def cpu(self) -> Tensor:
        """Returns the tensor itself if it is on the CPU.

        Raises:
            NotImplementedError: it has no values.
        """
        return copying.to(self, devices.CPU)

    def cuda(self, device: Any = None, non_blocking: bool = False) -> Tensor:
        """Refuses: there is no such device.

        Raises:
            RuntimeError: always.
        """
        return copying.to(self, "cuda")

    def new_tensor(
        self,
        data: Any,
        *,
        dtype: dtypes.dtype | None = None,
        device: devices.DeviceLike = None,
        requires_grad: bool = False,
    ) -> Tensor:
        """Returns a copy of `data` in this tensor's dtype."""
        given = data._array if isinstance(data, Variable) else np.array(data)
        made = self._new(given.shape, dtype, device, requires_grad)
        np.copyto(made._array, given, casting="unsafe")
        return made

    def new_empty(
        self,
        *size: Any,
        dtype: dtypes.dtype | None = None,
        device: devices.DeviceLike = None,
        requires_grad: bool = False,
    ) -> Tensor:
        """Returns uninitialised memory of this tensor's dtype, on its device."""
        return self._new(flatten_arguments(size), dtype, device, requires_grad)

    def new_zeros(
        self,
        *size: Any,
        dtype: dtypes.dtype | None = None,
        device: devices.DeviceLike = None,
        requires_grad: bool = False,
    ) -> Tensor:
        """Returns zeros of this tensor's dtype, on its device."""
        return self._new(flatten_arguments(size), dtype, device, requires_grad, 0)

    def new_ones(
        self,
        *size: Any,
        dtype: dtypes.dtype | None = None,
        device: devices.DeviceLike = None,
        requires_grad: bool = False,
    ) -> Tensor:
        """Returns ones of this tensor's dtype, on its device."""
        return self._new(flatten_arguments(size), dtype, device, requires_grad, 1)

    def new_full(
        self,
        size: Sequence[int],
        fill_value: float,
        *,
        dtype: dtypes.dtype | None = None,
        device: devices.DeviceLike = None,
        requires_grad: bool = False,
    ) -> Tensor:
        """Returns `fill_value` throughout, in this tensor's dtype, on its device."""
        return self._new(size, dtype, device, requires_grad, fill_value)

    def _new(
        self,
        size: Sequence[int],
        dtype: dtypes.dtype | None,
        device: devices.DeviceLike,
        requires_grad: bool,
        value: float | None = None,
    ) -> Tensor:
        kind = dtypes.as_dtype(dtype or self.dtype).numpy
        place = self.device if device is None else devices.as_device(device)
        array: Array = without_memory(size, kind) if place == devices.META else np.empty(tuple(size), kind)
        if value is not None:
            array.fill(scalar(value, array.dtype))
        return wrap(array).requires_grad_(requires_grad)
