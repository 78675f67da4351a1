"""What the checks of a fill's arguments tell of its dtype."""

import numpy as np
import pytest
from ml_dtypes import bfloat16, float8_e4m3fn

from fastinit.random.bounds import check_floating


@pytest.mark.parametrize("dtype", [np.float16, bfloat16, np.float32, np.float64])
def test_the_four_floating_dtypes_are_accepted(dtype):
    assert check_floating(np.zeros(2, dtype), "kernel").dtype == np.dtype(dtype).name


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        (np.bool_, "Bool"),
        (np.uint8, "Byte"),
        (np.int8, "Char"),
        (np.int16, "Short"),
        (np.int32, "Int"),
        (np.int64, "Long"),
        (np.complex64, "ComplexFloat"),
        (np.complex128, "ComplexDouble"),
        (float8_e4m3fn, "float8_e4m3fn"),
        (object, "object"),
        ("U3", "str96"),
    ],
)
def test_other_dtypes_are_refused_under_pytorchs_names(dtype, name):
    with pytest.raises(NotImplementedError, match=f"\"normal_kernel_cpu\" not implemented for '{name}'"):
        check_floating(np.zeros(2, dtype), "normal_kernel_cpu")
