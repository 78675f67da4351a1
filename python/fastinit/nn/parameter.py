"""Tensors that a module counts among its parameters, or its buffers; also before their shape is known."""

from collections.abc import Sequence
from html import escape
from typing import Any, ClassVar, Final, Self

import numpy as np

from .. import creation, dtypes
from ..autograd import Variable
from ..autograd.variable import wrap
from ..devices import DeviceLike, device
from ..meta import as_array, has_no_memory
from ..size import Size
from ..tensor import Tensor

__all__ = [
    "Buffer",
    "Parameter",
    "UninitializedBuffer",
    "UninitializedParameter",
    "UninitializedTensorMixin",
    "is_lazy",
]


class Parameter(Tensor):
    """A tensor that, assigned as an attribute of a `Module`, becomes one of its parameters.

    Args:
        data: the tensor, of any shape, whose memory and version the parameter shares; empty if not given.
        requires_grad: whether it gets a gradient.

    Raises:
        AttributeError: `data` is no tensor.
        RuntimeError: it is to get a gradient, and its dtype is not floating point.

    Source: torch.nn.Parameter.
    """

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Self:
        """Shares the memory of `data`."""
        shared = (Tensor() if data is None else data).detach()
        if requires_grad and not shared.is_floating_point():
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        self = super().__new__(cls, shared)
        self._requires_grad = bool(requires_grad)
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # One copy for all who share the parameter; neither gradient nor hooks come along.
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.detach().clone(), self.requires_grad)
        copy: Self = memo[id(self)]
        return copy

    def __getstate__(self) -> dict[str, Any]:
        # What the user hung on the parameter comes along when it is pickled; its gradient does not.
        return {name: value for name, value in super().__getstate__().items() if name != "_grad"}

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()


class _BufferType(type):
    """A buffer is any tensor that `Buffer` has marked: its class stays Tensor."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Tensor) and getattr(instance, "_is_buffer", False)


class Buffer(Tensor, metaclass=_BufferType):
    """A tensor that, assigned as an attribute of a `Module`, becomes one of its buffers.

    Args:
        data: the tensor, of any shape, whose memory and version the buffer shares; empty if not given.
        persistent: whether the module's `state_dict` has it.

    Raises:
        AttributeError: `data` is no tensor.

    Source: torch.nn.Buffer.
    """

    persistent: bool

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Self:
        """Shares the memory of `data`."""
        source = Tensor() if data is None else data
        buffer: Any = source.detach().requires_grad_(source.requires_grad)
        buffer.persistent = persistent
        buffer._is_buffer = True
        return buffer  # type: ignore[no-any-return]


# What may be asked of a tensor whose shape is not known yet. What a tensor has besides is refused.
_ALLOWED: Final = {
    *(
        "_accumulator",
        "_counter",
        "_grad",
        "_hooks",
        "_node",
        "_post_hooks",
        "_requires_grad",
        "_reshaped",
        "_view",
    ),
    *("_edge", "_is_view", "_observed", "_version", "accumulator", "version_counter"),
    *("device", "dtype", "grad", "grad_fn", "is_leaf", "requires_grad", "retains_grad"),
    *(
        "get_device",
        "is_complex",
        "is_cpu",
        "is_cuda",
        "is_floating_point",
        "is_meta",
        "is_quantized",
        "is_sparse",
    ),
    *(
        "_repr_html_",
        "data",
        "copy_",
        "shape",
        "size",
        "to",
        "cpu",
        "half",
        "float",
        "double",
        "char",
        "short",
        "int",
        "long",
    ),
}
_REFUSED: Final = {
    "_array",
    *(name for name in dir(Tensor) if not name.startswith("__") and name not in _ALLOWED),
}


class _Shapeless(np.ndarray[Any, np.dtype[Any]]):
    """What stands for the memory that is not there yet: the kernels take none but ndarrays themselves."""


class UninitializedTensorMixin(Tensor):
    """A tensor that has a dtype, but no shape yet: `materialize` gives it one.

    Attributes:
        cls_to_become: the class that it then has.
    """

    cls_to_become: ClassVar[type[Tensor]]

    def __getattribute__(self, name: str) -> Any:
        if name in _REFUSED:
            operation = "an operation" if name == "_array" else name
            raise ValueError(
                f"Attempted to use an uninitialized parameter in {operation}. "
                "This error happens when you are using a `LazyModule` or explicitly manipulating "
                f"`fastinit.nn.parameter.{type(self).__name__}` objects. When using LazyModules Call "
                "`forward` with a dummy batch to initialize the parameters before calling fastinit functions"
            )
        return object.__getattribute__(self, name)

    def materialize(
        self, shape: Sequence[int], device: DeviceLike = None, dtype: dtypes.dtype | None = None
    ) -> None:
        """Gives the tensor a shape, and memory whose values are whatever it held.

        Args:
            shape: the size.
            device: another device than its own.
            dtype: another dtype than its own.
        """
        device = self.device if device is None else device
        made = creation.empty(tuple(shape), device=device, dtype=dtype or self.dtype)
        Variable.data.__set__(self, made)  # type: ignore[attr-defined]  # a property
        self.__class__ = self.cls_to_become  # type: ignore[assignment]  # it is the same tensor from now on

    @property
    def data(self) -> Tensor:
        """An empty tensor of this dtype."""
        return wrap(as_array(object.__getattribute__(self, "_array")))

    @data.setter
    def data(self, value: Variable) -> None:
        array = value._array
        self._array = array if has_no_memory(array) else array.view(_Shapeless)

    @property
    def shape(self) -> Size:
        """Refused: there is none."""
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in "
            "`load_state_dict` when trying to load an uninitialized parameter into an initialized one. Call "
            "`forward` to initialize the parameters before accessing their attributes."
        )

    @property
    def dtype(self) -> dtypes.dtype:
        """The type that the elements will have."""
        return self.data.dtype

    @property
    def device(self) -> device:
        """Where the memory will be."""
        return self.data.device

    @property
    def is_cpu(self) -> bool:
        """Whether the memory will be the CPU's."""
        return self.data.is_cpu

    @property
    def is_meta(self) -> bool:
        """Whether there will be no memory."""
        return self.data.is_meta

    def is_floating_point(self) -> bool:
        """Tells whether the dtype is a floating-point one."""
        return self.dtype.is_floating_point

    def size(self, dim: int | None = None) -> Any:
        """Returns the size of an empty tensor."""
        return self.data.size(dim)

    def copy_(self, src: Tensor, non_blocking: bool = False) -> Self:
        """Takes over nothing: `src` has no values either."""
        self.data.copy_(src.data, non_blocking)
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self.requires_grad, self.device, self.dtype)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.requires_grad, self.device, self.dtype)
        copy: Self = memo[id(self)]
        return copy


def _conversion(name: str) -> Any:
    """A method that converts an empty tensor of the same dtype."""

    def method(self: UninitializedTensorMixin, *args: Any, **kwargs: Any) -> Tensor:
        return getattr(self.data, name)(*args, **kwargs)  # type: ignore[no-any-return]

    method.__name__ = method.__qualname__ = name
    return method


for _name in ("to", "cpu", "half", "float", "double", "char", "short", "int", "long"):
    setattr(UninitializedTensorMixin, _name, _conversion(_name))


class UninitializedParameter(UninitializedTensorMixin, Parameter):
    """A parameter whose shape is not known yet; `materialize` gives it one, and makes a `Parameter` of it.

    Args:
        requires_grad: whether it gets a gradient.
        device: where its memory will be; only the CPU exists.
        dtype: of its elements; default: the default dtype.

    Raises:
        RuntimeError: there is no such device, it is to get a gradient and its dtype is not floating point,
            or, later, its shape is asked for.
        ValueError: later: it is used in an operation before it has a shape.

    Source: torch.nn.UninitializedParameter.
    """

    cls_to_become = Parameter

    def __new__(
        cls, requires_grad: bool = True, device: DeviceLike = None, dtype: dtypes.dtype | None = None
    ) -> Self:
        """Makes a parameter without a shape."""
        self = super().__new__(cls, creation.empty(0, device=device, dtype=dtype), requires_grad)
        self.data = self.data
        return self


class UninitializedBuffer(UninitializedTensorMixin):
    """A buffer whose shape is not known yet; `materialize` gives it one, and makes a `Tensor` of it.

    Args:
        requires_grad: whether it gets a gradient.
        device: where its memory will be; only the CPU exists.
        dtype: of its elements; default: the default dtype.
        persistent: whether the module's `state_dict` has it.

    Raises:
        RuntimeError: there is no such device, or, later, its shape is asked for.
        ValueError: later: it is used in an operation before it has a shape.

    Source: torch.nn.UninitializedBuffer.
    """

    cls_to_become = Tensor

    persistent: bool

    def __new__(
        cls,
        requires_grad: bool = False,
        device: DeviceLike = None,
        dtype: dtypes.dtype | None = None,
        persistent: bool = True,
    ) -> Self:
        """Makes a buffer without a shape."""
        self = super().__new__(cls, creation.empty(0, device=device, dtype=dtype))
        self.data = self.data
        self._requires_grad = requires_grad
        self.persistent = persistent
        self.__dict__["_is_buffer"] = True
        return self


def is_lazy(param: object) -> bool:
    """Tells whether `param` is an `UninitializedParameter` or an `UninitializedBuffer`."""
    return isinstance(param, UninitializedTensorMixin)
