"""The distributions are those that the docstrings state."""

import math

import numpy as np
import pytest
from ml_dtypes import bfloat16
from scipy import stats

from fastinit import Generator
from fastinit.nn import init

SHAPE = (300, 200)


def fill(name, *arguments, shape=SHAPE, dtype=np.float32, seed=0, **keywords):
    array = np.empty(shape, dtype)
    return getattr(init, name)(array, *arguments, generator=Generator(seed=seed), **keywords)


def uniform(bound):
    return stats.uniform(-bound, 2 * bound)


def normal(std):
    return stats.norm(0, std)


def truncated(std, width=2.0):
    return stats.truncnorm(-width, width, 0, std)


KERNEL = (40, 30, 5, 5)  # fan_in 750, fan_out 1000
EXPECTED = [
    ("uniform_", (-2, 3), {}, SHAPE, stats.uniform(-2, 5)),
    ("normal_", (1, 0.5), {}, SHAPE, stats.norm(1, 0.5)),
    ("trunc_normal_", (), {}, SHAPE, truncated(1)),
    ("trunc_normal_", (), {"mean": 1, "std": 2, "a": 0, "b": 9}, SHAPE, stats.truncnorm(-0.5, 4, 1, 2)),
    ("trunc_normal_", (), {"a": 6, "b": 7, "mean": 4.5}, SHAPE, stats.truncnorm(1.5, 2.5, 4.5)),
    ("trunc_normal_", (), {"a": 0, "b": math.inf}, SHAPE, stats.halfnorm()),
    ("xavier_uniform_", (), {}, SHAPE, uniform(math.sqrt(6 / 500))),
    ("xavier_uniform_", (), {"gain": 3}, KERNEL, uniform(3 * math.sqrt(6 / 1750))),
    ("xavier_normal_", (), {"gain": 2}, SHAPE, normal(2 * math.sqrt(2 / 500))),
    ("kaiming_uniform_", (), {}, SHAPE, uniform(math.sqrt(6 / 200))),
    ("kaiming_uniform_", (), {"a": math.sqrt(5)}, SHAPE, uniform(1 / math.sqrt(200))),
    ("kaiming_normal_", (), {"mode": "fan_out"}, KERNEL, normal(math.sqrt(2 / 1000))),
    ("kaiming_normal_", (), {"nonlinearity": "linear"}, SHAPE, normal(math.sqrt(1 / 200))),
    ("lecun_uniform_", (), {}, SHAPE, uniform(math.sqrt(3 / 200))),
    ("lecun_normal_", (), {}, SHAPE, truncated(math.sqrt(1 / 200) / 0.87962566103423978)),
    ("variance_scaling_", (2, "fan_avg", "uniform"), {}, SHAPE, uniform(math.sqrt(6 / 250))),
    ("variance_scaling_", (2, "fan_geo_avg", "normal"), {}, SHAPE, normal(math.sqrt(2 / math.sqrt(60000)))),
    ("variance_scaling_", (3, "fan_out"), {}, KERNEL, truncated(math.sqrt(3 / 1000) / 0.87962566103423978)),
    ("variance_scaling_", (3, "fan_in", "untruncated_normal"), {}, SHAPE, normal(math.sqrt(3 / 200))),
]


@pytest.mark.parametrize(("name", "arguments", "keywords", "shape", "expected"), EXPECTED)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_distribution_is_the_stated_one(name, arguments, keywords, shape, expected, dtype):
    array = fill(name, *arguments, shape=shape, dtype=dtype, seed=6, **keywords).ravel()
    assert stats.kstest(array, expected.cdf).pvalue > 1e-3
    deviation = expected.std() / math.sqrt(array.size)
    assert abs(array.mean(dtype=np.float64) - expected.mean()) < 4 * deviation
    assert array.std(dtype=np.float64) == pytest.approx(expected.std(), rel=0.02)


@pytest.mark.parametrize("name", ["lecun_normal_", "lecun_uniform_"])
def test_the_variance_after_the_cut_is_one_over_the_fan(name):
    array = fill(name, shape=(1000, 400), seed=2)
    assert array.std(dtype=np.float64) == pytest.approx(math.sqrt(1 / 400), rel=0.005)


@pytest.mark.parametrize("dtype", [np.float16, bfloat16, np.float32, np.float64])
@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (-0.3, 0.7), (1, 1.01)])
def test_uniform_stays_in_its_half_open_interval_in_every_dtype(low, high, dtype):
    array = fill("uniform_", low, high, shape=(1000, 200), dtype=dtype).astype(np.float64)
    assert array.min() >= low
    assert array.max() < high


@pytest.mark.parametrize("dtype", [np.float16, bfloat16, np.float32, np.float64])
@pytest.mark.parametrize(("a", "b"), [(-2, 2), (0, 0.1), (-0.3, 0.7), (6, 7), (1, math.inf)])
def test_trunc_normal_stays_in_its_interval_in_every_dtype(a, b, dtype):
    array = fill("trunc_normal_", 4.5 if a == 6 else 0, 1, a, b, shape=(500, 200), dtype=dtype).astype(
        np.float64
    )
    assert array.min() >= a
    assert array.max() <= b


@pytest.mark.parametrize("dtype", [np.float16, bfloat16, np.float32, np.float64])
@pytest.mark.parametrize(
    ("low", "high", "threshold"), [(-10, 10, 5), (-1, 3, 0.25), (-2, -1, 1.5), (-1, 1, 0), (-1, 1, 9)]
)
def test_masked_uniform_is_the_three_step_form_bit_for_bit(low, high, threshold, dtype):
    masked = fill("masked_uniform_", low, high, threshold, dtype=dtype, seed=1)
    steps = fill("uniform_", low, high, dtype=dtype, seed=1)
    steps *= (np.abs(steps) >= threshold).astype(dtype)
    assert masked.tobytes() == steps.tobytes()


def test_equal_bounds_fill_with_the_bound():
    assert (fill("uniform_", 0.3, 0.3) == np.float32(0.3)).all()
    assert (fill("trunc_normal_", a=0.3, b=0.3) == np.float32(0.3)).all()
    assert (fill("normal_", 0.3, 0) == np.float32(0.3)).all()
