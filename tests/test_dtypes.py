import copy
import itertools
import pickle

import numpy as np
import pytest

from fastinit import dtypes
from fastinit.dtypes import finfo, iinfo, promote_types, result_type

FLOATING = ("float16", "bfloat16", "float32", "float64")
INTEGER = ("int8", "int16", "int32", "int64", "uint8")
NAMES = (*FLOATING, *INTEGER, "bool")


@pytest.fixture
def restore_default():
    before = dtypes.get_default_dtype()
    yield
    dtypes.set_default_dtype(before)


@pytest.mark.parametrize("name", NAMES)
def test_a_dtype_is_one_object_through_names_numpy_copies_and_pickles(name):
    each = getattr(dtypes, name)
    assert repr(each) == f"fastinit.{name}"
    assert dtypes.as_dtype(each.numpy) is each
    assert copy.deepcopy(each) is each
    assert pickle.loads(pickle.dumps(each)) is each


def test_a_dtype_is_neither_made_nor_changed():
    with pytest.raises(TypeError, match=r"cannot create 'fastinit\.dtype' instances"):
        dtypes.dtype()
    with pytest.raises(AttributeError):
        dtypes.float32.itemsize = 8


@pytest.mark.parametrize("which", [np.float32, "float32", ">f4", None])
def test_what_numpy_calls_float32_is_float32(which):
    assert dtypes.as_dtype(which) is dtypes.float32


@pytest.mark.parametrize("which", [np.complex64, "U3", object, "no such dtype"])
def test_what_is_not_an_element_type_is_refused(which):
    with pytest.raises(TypeError, match="is not supported; the supported dtypes are: float16"):
        dtypes.as_dtype(which)


@pytest.mark.parametrize("name", NAMES)
def test_the_facts_of_a_dtype_are_pytorchs(name):
    torch = pytest.importorskip("torch")
    ours, theirs = getattr(dtypes, name), getattr(torch, name)
    for fact in ("itemsize", "is_floating_point", "is_signed", "is_complex"):
        assert getattr(ours, fact) == getattr(theirs, fact)
    assert ours.type_name == torch.empty(0, dtype=theirs).type().split(".")[1].removesuffix("Tensor")
    if name == "bool":
        return
    limits, same = (finfo, torch.finfo) if ours.is_floating_point else (iinfo, torch.iinfo)
    assert repr(limits(ours)) == repr(same(theirs))
    for fact in ("bits", "max", "min", "dtype") + (("eps", "tiny") if ours.is_floating_point else ()):
        assert getattr(limits(ours), fact) == getattr(same(theirs), fact)


def test_every_pair_promotes_as_in_pytorch():
    torch = pytest.importorskip("torch")
    for a, b in itertools.product(NAMES, NAMES):
        expected = str(torch.promote_types(getattr(torch, a), getattr(torch, b)))
        assert repr(promote_types(getattr(dtypes, a), getattr(dtypes, b))) == expected.replace(
            "torch", "fastinit"
        )
        expected = torch.can_cast(getattr(torch, a), getattr(torch, b))
        assert dtypes.can_cast(getattr(dtypes, a), getattr(dtypes, b)) == expected


@pytest.mark.parametrize("default", ["float32", "float64"])
def test_dimensions_and_numbers_count_in_promotion_as_in_pytorch(default, restore_default):
    torch = pytest.importorskip("torch")
    operands = [(name, ndim) for name in NAMES for ndim in (0, 1)] + [True, 2, 2.5]

    def ours(operand):
        if not isinstance(operand, tuple):
            return operand
        return np.ones((1,) * operand[1], dtype=getattr(dtypes, operand[0]).numpy)

    def theirs(operand):
        if not isinstance(operand, tuple):
            return operand
        return torch.ones((1,) * operand[1], dtype=getattr(torch, operand[0]))

    dtypes.set_default_dtype(getattr(dtypes, default))
    torch.set_default_dtype(getattr(torch, default))
    try:
        for a, b in itertools.product(operands, operands):
            expected = str(torch.result_type(theirs(a), theirs(b)))
            assert repr(result_type(ours(a), ours(b))) == expected.replace("torch", "fastinit"), (a, b)
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("wrong", [dtypes.int32, np.float32, "float32", None])
def test_the_default_dtype_is_floating_point(wrong):
    with pytest.raises(TypeError, match="only floating-point types are supported as the default type"):
        dtypes.set_default_dtype(wrong)


@pytest.mark.parametrize(
    ("limits", "wrong"), [(finfo, dtypes.int32), (iinfo, dtypes.half), (iinfo, dtypes.bool)]
)
def test_limits_are_those_of_the_right_category(limits, wrong):
    with pytest.raises(TypeError):
        limits(wrong)
