"""Tensor: an ndarray, a gradient, and the node that made it.

What a tensor can do is written in `ops`, a subject per module, as functions; here they become its methods.
"""

from __future__ import annotations

import copyreg
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from . import _core, autograd, devices, dtypes, printing
from .autograd import Variable, result_class, wrap
from .autograd.engine import Tensors
from .ops import (
    arithmetic,
    comparison,
    copying,
    drawing,
    indexing,
    joining,
    ordering,
    pointwise,
    product,
    reduction,
    selection,
)
from .ops import (
    shape as shapes,
)
from .ops.dims import flatten_arguments, wrap_dim
from .ops.operands import operator
from .size import Size

__all__ = ["Tensor", "is_floating_point", "is_tensor", "numel"]


@result_class
class Tensor(Variable):
    """An n-dimensional array of one dtype that operations can be differentiated through (torch.Tensor).

    Args:
        *data: the lengths of the dimensions, for uninitialised memory; or nested sequences or an array, whose
            values are copied; or a tensor, whose memory is shared. The dtype is the default one, but for a
            tensor's.
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
        """Where the memory is: the CPU."""
        return devices.CPU

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
    is_meta: ClassVar[bool] = False
    is_quantized: ClassVar[bool] = False

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
        strides = tuple(stride // self._array.itemsize for stride in self._array.strides)
        return strides if dim is None else strides[wrap_dim(dim, len(strides))]

    def data_ptr(self) -> int:
        """Returns the address of the first element."""
        return self._array.ctypes.data

    def is_contiguous(self) -> bool:
        """Tells whether the elements lie in row-major order without gaps."""
        return self._array.flags.c_contiguous

    def is_floating_point(self) -> bool:
        """Tells whether the dtype is a floating-point one."""
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        """Returns False: there are no complex dtypes."""
        return False

    def is_same_size(self, other: Tensor) -> bool:
        """Tells whether `other` has the same shape."""
        return self._array.shape == other._array.shape

    def get_device(self) -> int:
        """Returns -1, PyTorch's number for the CPU."""
        return -1

    @property
    def T(self) -> Tensor:  # noqa: N802 - PyTorch's name
        """A view with all dimensions reversed."""
        return shapes.numpy_t(self)

    @property
    def mT(self) -> Tensor:  # noqa: N802 - PyTorch's name
        """A view with the last two dimensions swapped."""
        return shapes.matrix_t(self)

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

    def _adopt_for_fill(self) -> npt.NDArray[Any]:
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

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if self._array.ndim == 0 else object.__format__(self, spec)

    def __len__(self) -> int:
        if self._array.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return len(self._array)

    def __iter__(self) -> Iterator[Tensor]:
        if self._array.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(joining.unbind(self))

    def __contains__(self, element: object) -> bool:
        if isinstance(element, Variable | int | float):
            return bool(np.any(self._array == (element._array if isinstance(element, Variable) else element)))
        raise RuntimeError(
            f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}."
        )

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

    def __hash__(self) -> int:
        return id(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.array(copying.numpy(self), dtype, copy=copy)

    def __getstate__(self) -> dict[str, Any]:
        """Returns what a copy keeps: values, gradient, and the user's own attributes."""
        fields = {"_array": self._array, "_requires_grad": self.requires_grad, "_grad": self._grad}
        return self.__dict__ | fields

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)

    def __reduce_ex__(self, protocol: Any) -> Any:
        if not self.is_leaf:
            raise RuntimeError("only leaf tensors can be pickled: call detach() first")
        return copyreg.__newobj__, (type(self),), self.__getstate__() | {"_grad": None}  # type: ignore[attr-defined]

    def type(self, dtype: Any = None) -> Any:
        """Returns the name of the type, as `fastinit.FloatTensor`; or the tensor in another dtype."""
        if dtype is None:
            return f"fastinit.{self.dtype.type_name}Tensor"
        return copying.cast(self, dtypes.as_dtype(dtype))

    def cpu(self) -> Self:
        """Returns the tensor itself: it is on the CPU."""
        return self

    def new_tensor(
        self, data: Any, *, dtype: dtypes.dtype | None = None, requires_grad: bool = False
    ) -> Tensor:
        """Returns a copy of `data` in this tensor's dtype."""
        array = data._array if isinstance(data, Variable) else data
        return wrap(np.array(array, (dtype or self.dtype).numpy)).requires_grad_(requires_grad)

    def new_empty(self, *size: Any, dtype: dtypes.dtype | None = None, requires_grad: bool = False) -> Tensor:
        """Returns uninitialised memory of this tensor's dtype."""
        return wrap(np.empty(flatten_arguments(size), (dtype or self.dtype).numpy)).requires_grad_(
            requires_grad
        )

    def new_zeros(self, *size: Any, dtype: dtypes.dtype | None = None, requires_grad: bool = False) -> Tensor:
        """Returns zeros of this tensor's dtype."""
        return wrap(np.zeros(flatten_arguments(size), (dtype or self.dtype).numpy)).requires_grad_(
            requires_grad
        )

    def new_ones(self, *size: Any, dtype: dtypes.dtype | None = None, requires_grad: bool = False) -> Tensor:
        """Returns ones of this tensor's dtype."""
        return wrap(np.ones(flatten_arguments(size), (dtype or self.dtype).numpy)).requires_grad_(
            requires_grad
        )

    def new_full(
        self,
        size: Sequence[int],
        fill_value: float,
        *,
        dtype: dtypes.dtype | None = None,
        requires_grad: bool = False,
    ) -> Tensor:
        """Returns `fill_value` throughout, in this tensor's dtype."""
        return wrap(np.full(size, fill_value, (dtype or self.dtype).numpy)).requires_grad_(requires_grad)

    # Arithmetic
    add = arithmetic.add
    sub = arithmetic.sub
    mul = arithmetic.mul
    div = arithmetic.div
    floor_divide = arithmetic.floor_divide
    remainder = arithmetic.remainder
    neg = arithmetic.neg
    reciprocal = arithmetic.reciprocal
    pow = arithmetic.pow
    square = arithmetic.square
    addcmul = arithmetic.addcmul
    addcdiv = arithmetic.addcdiv
    lerp = arithmetic.lerp
    subtract = arithmetic.subtract
    multiply = arithmetic.multiply
    divide = arithmetic.divide
    true_divide = arithmetic.true_divide
    add_ = arithmetic.add_
    sub_ = arithmetic.sub_
    mul_ = arithmetic.mul_
    div_ = arithmetic.div_
    floor_divide_ = arithmetic.floor_divide_
    remainder_ = arithmetic.remainder_
    pow_ = arithmetic.pow_
    neg_ = arithmetic.neg_
    reciprocal_ = arithmetic.reciprocal_
    square_ = arithmetic.square_
    addcmul_ = arithmetic.addcmul_
    addcdiv_ = arithmetic.addcdiv_
    lerp_ = arithmetic.lerp_
    __add__ = operator(arithmetic.add)
    __sub__ = operator(arithmetic.sub)
    __mul__ = operator(arithmetic.mul)
    __truediv__ = operator(arithmetic.div)
    __floordiv__ = operator(arithmetic.floor_divide)
    __mod__ = operator(arithmetic.remainder)
    __pow__ = operator(arithmetic.pow)
    __radd__ = operator(arithmetic.add)
    __rsub__ = operator(arithmetic.rsub)
    __rmul__ = operator(arithmetic.mul)
    __rtruediv__ = operator(arithmetic.rdiv)
    __rfloordiv__ = operator(arithmetic.rfloor_divide)
    __rmod__ = operator(arithmetic.rremainder)
    __rpow__ = operator(arithmetic.rpow)
    __iadd__ = operator(arithmetic.add_)
    __isub__ = operator(arithmetic.sub_)
    __imul__ = operator(arithmetic.mul_)
    __itruediv__ = operator(arithmetic.div_)
    __ifloordiv__ = operator(arithmetic.floor_divide_)
    __imod__ = operator(arithmetic.remainder_)
    __ipow__ = operator(arithmetic.pow_)
    __neg__ = arithmetic.neg

    # Functions of each element
    abs = pointwise.abs
    exp = pointwise.exp
    exp2 = pointwise.exp2
    expm1 = pointwise.expm1
    log = pointwise.log
    log2 = pointwise.log2
    log10 = pointwise.log10
    log1p = pointwise.log1p
    sqrt = pointwise.sqrt
    rsqrt = pointwise.rsqrt
    sin = pointwise.sin
    cos = pointwise.cos
    tan = pointwise.tan
    sinh = pointwise.sinh
    cosh = pointwise.cosh
    tanh = pointwise.tanh
    asin = pointwise.asin
    acos = pointwise.acos
    atan = pointwise.atan
    sigmoid = pointwise.sigmoid
    relu = pointwise.relu
    sign = pointwise.sign
    floor = pointwise.floor
    ceil = pointwise.ceil
    trunc = pointwise.trunc
    round = pointwise.round
    frac = pointwise.frac
    nan_to_num = pointwise.nan_to_num
    absolute = pointwise.absolute
    abs_ = pointwise.abs_
    exp_ = pointwise.exp_
    exp2_ = pointwise.exp2_
    expm1_ = pointwise.expm1_
    log_ = pointwise.log_
    log2_ = pointwise.log2_
    log10_ = pointwise.log10_
    log1p_ = pointwise.log1p_
    sqrt_ = pointwise.sqrt_
    rsqrt_ = pointwise.rsqrt_
    sin_ = pointwise.sin_
    cos_ = pointwise.cos_
    tan_ = pointwise.tan_
    sinh_ = pointwise.sinh_
    cosh_ = pointwise.cosh_
    tanh_ = pointwise.tanh_
    asin_ = pointwise.asin_
    acos_ = pointwise.acos_
    atan_ = pointwise.atan_
    sigmoid_ = pointwise.sigmoid_
    relu_ = pointwise.relu_
    sign_ = pointwise.sign_
    floor_ = pointwise.floor_
    ceil_ = pointwise.ceil_
    trunc_ = pointwise.trunc_
    round_ = pointwise.round_
    frac_ = pointwise.frac_
    __abs__ = pointwise.abs

    # Products
    mm = product.mm
    bmm = product.bmm
    mv = product.mv
    dot = product.dot
    matmul = product.matmul
    addmm = product.addmm
    baddbmm = product.baddbmm
    addmv = product.addmv
    outer = product.outer

    # Reductions
    sum = reduction.sum
    mean = reduction.mean
    var = reduction.var
    std = reduction.std
    prod = reduction.prod
    cumsum = reduction.cumsum
    logsumexp = reduction.logsumexp
    norm = reduction.norm
    any = reduction.any
    all = reduction.all
    count_nonzero = reduction.count_nonzero

    # Extremes and order
    max = ordering.max
    min = ordering.min
    amax = ordering.amax
    amin = ordering.amin
    argmax = ordering.argmax
    argmin = ordering.argmin
    sort = ordering.sort
    argsort = ordering.argsort
    topk = ordering.topk
    median = ordering.median

    # Choices
    maximum = selection.maximum
    minimum = selection.minimum
    clamp = selection.clamp
    masked_fill = selection.masked_fill
    clip = selection.clip
    masked_fill_ = selection.masked_fill_
    clamp_ = selection.clamp_
    clip_ = selection.clip_
    clamp_min = selection.clamp_min
    clamp_max = selection.clamp_max
    clamp_min_ = selection.clamp_min_
    clamp_max_ = selection.clamp_max_

    # Comparisons and logic
    eq = comparison.eq
    ne = comparison.ne
    lt = comparison.lt
    le = comparison.le
    gt = comparison.gt
    ge = comparison.ge
    isclose = comparison.isclose
    allclose = comparison.allclose
    equal = comparison.equal
    isnan = comparison.isnan
    isinf = comparison.isinf
    isfinite = comparison.isfinite
    logical_not = comparison.logical_not
    logical_and = comparison.logical_and
    logical_or = comparison.logical_or
    logical_xor = comparison.logical_xor
    bitwise_and = comparison.bitwise_and
    bitwise_or = comparison.bitwise_or
    bitwise_xor = comparison.bitwise_xor
    bitwise_not = comparison.bitwise_not
    bitwise_and_ = comparison.bitwise_and_
    bitwise_or_ = comparison.bitwise_or_
    bitwise_xor_ = comparison.bitwise_xor_
    __eq__ = operator(comparison.eq)  # type: ignore[assignment]  # compares elements
    __ne__ = operator(comparison.ne)  # type: ignore[assignment]
    __lt__ = operator(comparison.lt)
    __le__ = operator(comparison.le)
    __gt__ = operator(comparison.gt)
    __ge__ = operator(comparison.ge)
    __and__ = operator(comparison.bitwise_and)
    __or__ = operator(comparison.bitwise_or)
    __xor__ = operator(comparison.bitwise_xor)
    __rand__ = operator(comparison.bitwise_and)
    __ror__ = operator(comparison.bitwise_or)
    __rxor__ = operator(comparison.bitwise_xor)
    __iand__ = operator(comparison.bitwise_and_)
    __ior__ = operator(comparison.bitwise_or_)
    __ixor__ = operator(comparison.bitwise_xor_)
    __invert__ = comparison.bitwise_not

    # Shapes
    reshape = shapes.reshape
    view = shapes.view
    view_as = shapes.view_as
    reshape_as = shapes.reshape_as
    flatten = shapes.flatten
    ravel = shapes.ravel
    unflatten = shapes.unflatten
    transpose = shapes.transpose
    t = shapes.t
    permute = shapes.permute
    movedim = shapes.movedim
    squeeze = shapes.squeeze
    unsqueeze = shapes.unsqueeze
    expand = shapes.expand
    expand_as = shapes.expand_as
    swapaxes = shapes.swapaxes
    moveaxis = shapes.moveaxis

    # Indexing
    select = indexing.select
    narrow = indexing.narrow
    diagonal = indexing.diagonal
    index_select = indexing.index_select
    masked_select = indexing.masked_select
    gather = indexing.gather
    scatter = indexing.scatter
    scatter_add = indexing.scatter_add
    index_add = indexing.index_add
    nonzero = indexing.nonzero
    __getitem__ = indexing.getitem
    __setitem__ = indexing.setitem

    # Splitting and repeating
    split = joining.split
    chunk = joining.chunk
    unbind = joining.unbind
    repeat = joining.repeat
    tile = joining.tile
    flip = joining.flip
    roll = joining.roll
    tril = joining.tril
    triu = joining.triu

    # Copies and conversions
    clone = copying.clone
    contiguous = copying.contiguous
    to = copying.to
    type_as = copying.type_as
    half = copying.half
    bfloat16 = copying.bfloat16
    double = copying.double
    long = copying.long
    short = copying.short
    copy_ = copying.copy_
    fill_ = copying.fill_
    zero_ = copying.zero_
    item = copying.item
    tolist = copying.tolist
    numpy = copying.numpy
    float = copying.single
    int = copying.integer
    char = copying.char
    byte = copying.byte
    bool = copying.boolean
    __deepcopy__ = copying.deep_copy

    # Random values in place
    uniform_ = drawing.uniform_
    normal_ = drawing.normal_
    log_normal_ = drawing.log_normal_
    exponential_ = drawing.exponential_
    cauchy_ = drawing.cauchy_
    geometric_ = drawing.geometric_
    bernoulli_ = drawing.bernoulli_
    random_ = drawing.random_


def is_tensor(obj: object) -> bool:
    """Tells whether `obj` is a tensor (torch.is_tensor)."""
    return isinstance(obj, Tensor)


def is_floating_point(input: Tensor) -> bool:
    """Tells whether the dtype is a floating-point one (torch.is_floating_point)."""
    return input.is_floating_point()


def numel(input: Tensor) -> int:
    """Returns the number of elements (torch.numel)."""
    return input.numel()
