"""Every fill against the NumPy reference: where a stream begins, carries and ends, and in boxes.

What each distribution is to its last bit is tested elsewhere; here, that the right words reach each element.
"""

import numpy as np
import pytest

from reference import distributions
from reference.fills import FILLS, POSITIONS, SEED, STREAM, dtypes_of, filled

pytestmark = pytest.mark.usefixtures("isa")

REFERENCE = distributions.Stream(SEED, STREAM)
SIZE = 1003


def affine(standard):
    """A distribution of (offset, scale, ...) by its standard form."""
    return lambda at, dtype, offset, scale, *rest: offset + scale * standard(at, dtype, *rest)


def normal(at, dtype):
    return distributions.standard_normal(at, dtype, REFERENCE)


def truncated(at, dtype, mean, std, low, high):
    bounds = ((low - mean) / std, (high - mean) / std)
    return mean + std * distributions.truncated_normal(at, dtype, *bounds, REFERENCE)[0]


REFERENCES = {
    "uniform": lambda *a: distributions.uniform(*a, REFERENCE),
    "masked_uniform": lambda *a: distributions.masked_uniform(*a, REFERENCE),
    "bernoulli": lambda *a: distributions.bernoulli(*a, REFERENCE),
    "normal": affine(normal),
    "log_normal": lambda *a: np.exp(affine(normal)(*a)),
    "trunc_normal": truncated,
    "exponential": lambda at, dtype, rate: distributions.standard_exponential(at, dtype, REFERENCE) / rate,
    "cauchy": affine(lambda at, dtype: distributions.standard_cauchy(at, dtype, REFERENCE)),
    "geometric": lambda *a: distributions.geometric(*a, REFERENCE),
    "integers": lambda at, dtype, first, end: distributions.integers(at, first, end, REFERENCE),
}


def kernel(name):
    return FILLS[name][0].__name__.removeprefix("fill_")


def dtypes_compared(name):
    """All that hold the values: where one does not fit, a kernel's own tests say what becomes of it."""
    if kernel(name) in ("geometric", "integers"):
        return [dtype for dtype in dtypes_of(name) if dtype.endswith(("32", "64"))]
    return dtypes_of(name)


def assert_is_the_reference(found, name, at):
    expected = REFERENCES[kernel(name)](at.ravel(), found.dtype, *FILLS[name][1]).reshape(at.shape)
    with np.errstate(over="ignore"):
        expected = np.asarray(expected).astype(found.dtype).astype(np.longdouble)
    found = found.astype(np.longdouble)
    # As far as a value differs from another word's: the accuracy of each distribution is tested elsewhere.
    close = np.isclose(found, expected, rtol=0.02, atol=1e-4) | (found == expected)
    assert close.mean() > 0.995


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("name", FILLS)
def test_each_element_has_the_words_of_its_position(name, position):
    for dtype in dtypes_compared(name):
        assert_is_the_reference(filled(name, dtype, SIZE, position), name, position + np.arange(SIZE))


@pytest.mark.parametrize("position", [0, 2**34 - 1200, 3 * 2**34 - 1200, 2**50 - 13 * 17 * 11 - 1])
@pytest.mark.parametrize("name", FILLS)
def test_each_element_of_a_box_has_the_words_of_its_place_in_the_whole(name, position):
    whole, start, shape = (13, 17, 11), (2, 3, 1), (9, 13, 7)
    index = np.ravel_multi_index(np.indices(shape) + np.reshape(start, (3, 1, 1, 1)), whole)
    for dtype in dtypes_compared(name):
        part = filled(name, dtype, shape, position, global_shape=whole, start=start)
        assert_is_the_reference(part, name, position + index)
