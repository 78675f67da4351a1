"""The element types, the default among them, and PyTorch's rules for combining them."""

import builtins
from typing import Any, Final, NoReturn

import numpy as np

__all__ = [
    "as_dtype",
    "bfloat16",
    "bool",
    "can_cast",
    "double",
    "dtype",
    "finfo",
    "float",
    "float16",
    "float32",
    "float64",
    "get_default_dtype",
    "half",
    "iinfo",
    "int",
    "int8",
    "int16",
    "int32",
    "int64",
    "long",
    "promote_types",
    "result_type",
    "set_default_dtype",
    "short",
    "uint8",
]


class dtype:  # noqa: N801 - PyTorch's name
    """An element type (torch.dtype). There is one object per type, so `is` and `==` agree.

    Attributes:
        numpy: the NumPy dtype of an array that holds such elements.
        name: `float32`; `repr` prints `fastinit.float32`.
        type_name: the word that PyTorch's messages use: `Float` (as in `FloatTensor`).
        itemsize: bytes of one element.
        is_floating_point: true of float16, bfloat16, float32 and float64.
        is_signed: whether it has negative values.
        is_complex: always false; here because code written for PyTorch asks.
    """

    __slots__ = ("is_complex", "is_floating_point", "is_signed", "itemsize", "name", "numpy", "type_name")

    name: str
    numpy: np.dtype[Any]
    type_name: str
    itemsize: builtins.int
    is_floating_point: builtins.bool
    is_signed: builtins.bool
    is_complex: builtins.bool

    def __new__(cls) -> "dtype":
        """Refuses: the instances are those of this module."""
        raise TypeError("cannot create 'fastinit.dtype' instances")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"'fastinit.dtype' object has no writable attribute '{name}'")

    def __getattr__(self, name: str) -> Any:
        # Of bfloat16 alone, until somebody asks: most programs do without the package that has it.
        if name == "numpy":
            import ml_dtypes

            numpy = np.dtype(ml_dtypes.bfloat16)
            object.__setattr__(self, "numpy", numpy)
            _BY_NUMPY[numpy] = self
            return numpy
        raise AttributeError(f"'fastinit.dtype' object has no attribute '{name}'")

    def __repr__(self) -> str:
        return f"fastinit.{self.name}"

    def __reduce__(self) -> str:
        # Copying and pickling go by name, which keeps each type a single object.
        return self.name


def _define(name: str, like: Any, type_name: str) -> dtype:
    self = object.__new__(dtype)
    numpy = np.dtype(like)
    facts = {
        "name": name,
        "type_name": type_name,
        "itemsize": numpy.itemsize,
        "is_floating_point": numpy.kind == "f",
        "is_signed": numpy.kind in "fi",
        "is_complex": False,
    }
    if name == numpy.name:
        facts["numpy"] = numpy
    for key, value in facts.items():
        object.__setattr__(self, key, value)
    return self


float16: Final = _define("float16", np.float16, "Half")
bfloat16: Final = _define("bfloat16", np.float16, "BFloat16")
float32: Final = _define("float32", np.float32, "Float")
float64: Final = _define("float64", np.float64, "Double")
int8: Final = _define("int8", np.int8, "Char")
int16: Final = _define("int16", np.int16, "Short")
int32: Final = _define("int32", np.int32, "Int")
int64: Final = _define("int64", np.int64, "Long")
uint8: Final = _define("uint8", np.uint8, "Byte")
bool: Final = _define("bool", np.bool_, "Bool")

half: Final = float16
float: Final = float32
double: Final = float64
short: Final = int16
int: Final = int32
long: Final = int64

ALL: Final = (float16, bfloat16, float32, float64, int8, int16, int32, int64, uint8, bool)
_BY_NUMPY: Final[dict[np.dtype[Any], dtype]] = {each.numpy: each for each in ALL if each is not bfloat16}

_default = float32


def get_default_dtype() -> dtype:
    """Returns the dtype of what is made of Python floats, and of new layers (torch.get_default_dtype).

    It is float32 until set.
    """
    return _default


def set_default_dtype(d: dtype) -> None:
    """Sets what `get_default_dtype` returns (torch.set_default_dtype).

    Args:
        d: a floating-point dtype.

    Raises:
        TypeError: `d` is not a floating-point dtype.
    """
    global _default  # noqa: PLW0603 - one default per process, as in PyTorch
    if not isinstance(d, dtype):
        raise TypeError("invalid dtype object: only floating-point types are supported as the default type")
    if not d.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    _default = d


def as_dtype(which: "dtype | np.dtype[Any] | type[Any] | str | None") -> dtype:
    """Returns the dtype that `which` names.

    Args:
        which: a `dtype` (returned as it is), whatever `np.dtype` accepts, or None for the default dtype.

    Raises:
        TypeError: `which` names no dtype of this module.
    """
    if isinstance(which, dtype):
        return which
    if which is None:
        return _default
    try:
        return _BY_NUMPY[which]  # type: ignore[index]  # NumPy dtypes hash alike whatever names them
    except (KeyError, TypeError):
        pass
    _ = bfloat16.numpy  # is in the table, and known to NumPy by its name, from here on
    try:
        return _BY_NUMPY[np.dtype(which).newbyteorder("=")]
    except (KeyError, TypeError):
        supported = ", ".join(each.name for each in ALL)
        raise TypeError(f"dtype {which!r} is not supported; the supported dtypes are: {supported}") from None


def _promote(a: dtype, b: dtype) -> dtype:
    if a is b:
        return a
    if a.is_floating_point != b.is_floating_point:
        return a if a.is_floating_point else b
    if bool in {a, b}:
        return b if a is bool else a
    if a.itemsize != b.itemsize:
        wide, narrow = (a, b) if a.itemsize > b.itemsize else (b, a)
        return wide if wide.is_signed or not narrow.is_signed else int16
    # float16 and bfloat16, int8 and uint8: neither holds the other's values.
    return float32 if a.is_floating_point else int16


_PROMOTED: Final = {(a, b): _promote(a, b) for a in ALL for b in ALL}


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """Returns the smallest dtype of the higher category that holds both (torch.promote_types).

    The categories are bool, integers and floating point; float16 and bfloat16 make float32.

    Args:
        type1: a dtype.
        type2: another.

    Raises:
        KeyError: one is no dtype.
    """
    return _PROMOTED[type1, type2]


def _category(d: dtype) -> builtins.int:
    return 0 if d is bool else 2 if d.is_floating_point else 1


def _type_of_number(number: object) -> dtype:
    if isinstance(number, builtins.bool | np.bool_):
        return bool
    if isinstance(number, builtins.int | np.integer):
        return int64
    if isinstance(number, builtins.float | np.floating):
        return _default
    raise TypeError(f"expected a Tensor or a number, but got {type(number).__name__}")


def result_type(*operands: Any) -> dtype:
    """Returns the dtype of an operation on `operands`, under PyTorch's rules (torch.result_type).

    Tensors of at least one dimension decide. Those of none count only if theirs is a higher category (bool,
    then integer, then floating point) than the dimensioned ones', and Python numbers only if higher than
    both; a Python float counts as the default dtype, an int as int64.

    Args:
        *operands: tensors or arrays (what has a dtype and `ndim`), and numbers, of Python or of NumPy.

    Raises:
        TypeError: an operand is neither.
    """
    dimensioned: dtype | None = None
    zero_dim: dtype | None = None
    number: dtype | None = None
    for operand in operands:
        operand_dtype = getattr(operand, "dtype", None)
        if operand_dtype is None or isinstance(operand, np.generic):
            of_number = _type_of_number(operand)
            number = of_number if number is None else _PROMOTED[number, of_number]
        elif operand.ndim > 0:
            exact = as_dtype(operand_dtype)
            dimensioned = exact if dimensioned is None else _PROMOTED[dimensioned, exact]
        else:
            exact = as_dtype(operand_dtype)
            zero_dim = exact if zero_dim is None else _PROMOTED[zero_dim, exact]
    result: dtype | None = None
    for each in (dimensioned, zero_dim, number):
        if each is not None and (result is None or _category(each) > _category(result)):
            result = each
    if result is None:
        raise TypeError("result_type() needs at least one operand")
    return result


def can_cast(from_: dtype, to: dtype) -> builtins.bool:
    """Tells whether a result of one dtype may be written into a tensor of another (torch.can_cast).

    In-place operations ask it.

    Args:
        from_: the result's dtype.
        to: the tensor's.

    Returns:
        False if `from_` is of a higher category, of bool, then integers, then floating point.

    Raises:
        AttributeError: one is no dtype.
    """
    return _category(from_) <= _category(to)


class finfo:  # noqa: N801 - PyTorch's name
    """The limits of a floating-point dtype (torch.finfo).

    Args:
        type: float16, bfloat16, float32 or float64; the default dtype if not given.

    Raises:
        TypeError: `type` is not a floating-point dtype.
    """

    __slots__ = ("bits", "dtype", "eps", "max", "min", "resolution", "smallest_normal", "tiny")

    def __init__(self, type: dtype | None = None) -> None:
        type = as_dtype(type)
        if not type.is_floating_point:
            raise TypeError(
                "fastinit.finfo() requires a floating point input type. "
                "Use fastinit.iinfo to handle 'fastinit.finfo'"
            )
        import ml_dtypes

        limits = ml_dtypes.finfo(type.numpy)  # type: ignore[no-untyped-call]
        self.bits = type.itemsize * 8
        self.dtype = type.name
        self.eps = limits.eps.item()
        self.max = limits.max.item()
        self.min = limits.min.item()
        self.smallest_normal = self.tiny = limits.smallest_normal.item()
        self.resolution = 10.0**-limits.precision

    def __eq__(self, other: object) -> builtins.bool:
        return isinstance(other, finfo) and self.dtype == other.dtype

    def __hash__(self) -> builtins.int:
        return hash(("finfo", self.dtype))

    def __repr__(self) -> str:
        names = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        limits = ", ".join(f"{name}={getattr(self, name):g}" for name in names)
        return f"finfo({limits}, dtype={self.dtype})"


class iinfo:  # noqa: N801 - PyTorch's name
    """The limits of an integer dtype (torch.iinfo).

    Args:
        type: int8, int16, int32, int64 or uint8.

    Raises:
        TypeError: `type` is not an integer dtype.
    """

    __slots__ = ("bits", "dtype", "max", "min")

    def __init__(self, type: dtype) -> None:
        type = as_dtype(type)
        if type.is_floating_point:
            raise TypeError(
                "fastinit.iinfo() requires an integer input type. "
                "Use fastinit.finfo to handle 'fastinit.iinfo'"
            )
        if type is bool:
            raise TypeError("fastinit.bool is not supported by fastinit.iinfo")
        limits = np.iinfo(type.numpy)
        self.bits = type.itemsize * 8
        self.dtype = type.name
        self.max = builtins.int(limits.max)
        self.min = builtins.int(limits.min)

    def __eq__(self, other: object) -> builtins.bool:
        return isinstance(other, iinfo) and self.dtype == other.dtype

    def __hash__(self) -> builtins.int:
        return hash(("iinfo", self.dtype))

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
