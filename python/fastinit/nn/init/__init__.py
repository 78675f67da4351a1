"""Initialisers: functions that fill a parameter's memory in place, and record no gradient.

Each takes a Tensor, a Parameter, an ndarray (a memory map included) or one of PyTorch's tensors on the CPU,
and returns the same object. Of a DTensor it fills this rank's part with the values that the whole has there,
and asks nothing of other ranks. The random ones take `generator=`, and `shard=` where the array is a box of a
larger tensor, of which it then gets exactly that box's values. Those that depend on a matrix, by its fans or
as a whole, take `layout=` where the tensor holds several or stores one transposed. A refused call leaves the
tensor and the generator as they were; every initialiser may raise

- TypeError: what is to be filled is none of these, or an argument is of a wrong type;
- NotImplementedError: its dtype is not one of those that the initialiser names;
- ValueError: it is read-only, not aligned, not of this machine's byte order, or not of the shard's shape;
- RuntimeError: two of its elements share memory.
"""

from .deprecated import (
    constant,
    dirac,
    eye,
    kaiming_normal,
    kaiming_uniform,
    normal,
    orthogonal,
    sparse,
    uniform,
    xavier_normal,
    xavier_uniform,
)
from .elementwise import constant_, masked_uniform_, normal_, ones_, trunc_normal_, uniform_, zeros_
from .gain import _calculate_fan_in_and_fan_out as _calculate_fan_in_and_fan_out
from .gain import calculate_gain
from .layout import Layout
from .orthogonal import delta_orthogonal_, orthogonal_
from .scaled import (
    kaiming_normal_,
    kaiming_uniform_,
    lecun_normal_,
    lecun_uniform_,
    variance_scaling_,
    xavier_normal_,
    xavier_uniform_,
)
from .structured import dirac_, eye_, sparse_

__all__ = [
    "Layout",
    "calculate_gain",
    "constant",
    "constant_",
    "delta_orthogonal_",
    "dirac",
    "dirac_",
    "eye",
    "eye_",
    "kaiming_normal",
    "kaiming_normal_",
    "kaiming_uniform",
    "kaiming_uniform_",
    "lecun_normal_",
    "lecun_uniform_",
    "masked_uniform_",
    "normal",
    "normal_",
    "ones_",
    "orthogonal",
    "orthogonal_",
    "sparse",
    "sparse_",
    "trunc_normal_",
    "uniform",
    "uniform_",
    "variance_scaling_",
    "xavier_normal",
    "xavier_normal_",
    "xavier_uniform",
    "xavier_uniform_",
    "zeros_",
]
