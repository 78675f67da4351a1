"""The compiled fills as samples: Kolmogorov-Smirnov against SciPy, moments, correlations.

Pointwise errors are bounded elsewhere; these tests see what a wrong word, or one used twice, would do.
"""

import numpy as np
import pytest
from scipy import special, stats

from fastinit import _core

SAMPLES, SEEDS = 1_000_000, range(20)


def truncated_cdf(a, b):
    """That of the truncated standard normal, by SciPy's ndtr (its truncnorm is slow)."""
    return lambda x: (special.ndtr(-a) - special.ndtr(-x)) / (special.ndtr(-a) - special.ndtr(-b))


def truncated(a, b):
    return (_core.fill_trunc_normal, (0.0, 1.0, a, b), stats.truncnorm(a, b), truncated_cdf(a, b))


# The fill, its arguments, SciPy's distribution and its distribution function.
CONTINUOUS = {
    "uniform": (_core.fill_uniform, (-1.0, 3.0), stats.uniform(-1.0, 4.0), stats.uniform(-1.0, 4.0).cdf),
    "normal": (_core.fill_normal, (1.0, 2.0), stats.norm(1.0, 2.0), stats.norm(1.0, 2.0).cdf),
    "trunc_normal": truncated(-2.0, 2.0),
    "trunc_normal_one_sided": truncated(-np.inf, 1.0),
    "trunc_normal_narrow": truncated(0.0, 0.1),
    "trunc_normal_far": truncated(6.0, 7.0),
    "exponential": (_core.fill_exponential, (2.5,), stats.expon(0, 0.4), stats.expon(0, 0.4).cdf),
    "log_normal": (
        _core.fill_log_normal, (1.0, 0.2), stats.lognorm(0.2, scale=np.e), stats.lognorm(0.2, scale=np.e).cdf
    ),
}  # fmt: skip
# Their moments are infinite, or so large that no sample shows them.
HEAVY = {
    "cauchy": (_core.fill_cauchy, (-1.0, 3.0), None, stats.cauchy(-1.0, 3.0).cdf),
    "log_normal_wide": (_core.fill_log_normal, (0.0, 4.0), None, stats.lognorm(4.0).cdf),
}


def sample(fill, arguments, size, seed=0, stream=0, position=0, dtype=np.float32):
    array = np.empty(size, dtype)
    fill(array, *arguments, seed=seed, stream=stream, position=position)
    return array


def kolmogorov_smirnov(values, distribution_function):
    """The p-value of the two-sided test."""
    cdf = distribution_function(np.sort(values).astype(np.float64))
    n = len(cdf)
    distance = max((np.arange(1, n + 1) / n - cdf).max(), (cdf - np.arange(n) / n).max())
    return special.kolmogorov(np.sqrt(n) * distance)


@pytest.mark.parametrize("name", [*CONTINUOUS, *HEAVY])
def test_a_million_values_follow_the_distribution_for_each_of_20_seeds(name):
    fill, arguments, _, cdf = (CONTINUOUS | HEAVY)[name]
    p = [kolmogorov_smirnov(sample(fill, arguments, SAMPLES, seed), cdf) for seed in SEEDS]
    assert min(p) > 1e-4
    assert stats.kstest(p, "uniform").pvalue > 1e-3


def test_masked_uniform_keeps_a_uniform_part_for_each_of_20_seeds():
    kept_part = stats.uniform(5.0, 5.0).cdf
    for seed in SEEDS:
        values = sample(_core.fill_masked_uniform, (-10.0, 10.0, 5.0), SAMPLES, seed)
        kept = values[values != 0]
        assert kolmogorov_smirnov(np.abs(kept), kept_part) > 1e-4
        for count, total in ((len(kept), SAMPLES), (np.count_nonzero(kept > 0), len(kept))):
            assert abs(count - total / 2) < 4.5 * np.sqrt(total / 4)


@pytest.mark.parametrize("p", [0.001, 0.3, 0.5])
def test_bernoulli_has_its_rate_for_each_of_20_seeds(p):
    for seed in SEEDS:
        ones = np.count_nonzero(sample(_core.fill_bernoulli, (p,), SAMPLES, seed))
        assert abs(ones - SAMPLES * p) < 4.5 * np.sqrt(SAMPLES * p * (1 - p))


# The first values of the distribution, each a cell of a chi-square test, and one cell of the rest.
DISCRETE = {
    "geometric": (_core.fill_geometric, (0.3,), stats.geom(0.3), range(1, 25)),
    "geometric_rare": (_core.fill_geometric, (0.01,), stats.geom(0.01), range(1, 400)),
    "geometric_likely": (_core.fill_geometric, (0.9,), stats.geom(0.9), range(1, 5)),
    "integers": (_core.fill_integers, (-3, 96), stats.randint(-3, 97), range(-3, 97)),
}


@pytest.mark.parametrize("name", DISCRETE)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, np.int64])
def test_discrete_values_have_their_frequencies_for_each_of_20_seeds(name, dtype):
    fill, arguments, distribution, cells = DISCRETE[name]
    expected = distribution.pmf(cells) * SAMPLES
    expected = np.append(expected, SAMPLES - expected.sum())
    p = []
    for seed in SEEDS:
        values = sample(fill, arguments, SAMPLES, seed, dtype=dtype).astype(np.int64) - cells[0]
        counts = np.bincount(np.minimum(values, len(cells)), minlength=len(cells) + 1)
        used = expected > 1e-6  # integers have no rest
        assert counts[~used].sum() == 0
        p.append(stats.chisquare(counts[used], expected[used], sum_check=False).pvalue)
    assert min(p) > 1e-4
    assert stats.kstest(p, "uniform").pvalue > 1e-3


@pytest.mark.parametrize(("first", "last"), [(0, 3 * 2**30), (-(2**62), 2**62), (-(2**63), 2**61)])
def test_integers_that_are_often_drawn_again_stay_uniform(first, last):
    for seed in SEEDS:
        values = sample(_core.fill_integers, (first, last), SAMPLES, seed, dtype=np.int64)
        cells = ((values.astype(np.float64) - first) / (last - first + 1) * 100).astype(np.int64)
        assert stats.chisquare(np.bincount(cells, minlength=100)).pvalue > 1e-4


def moments_in_standard_errors(fill, arguments, distribution, size):
    """How far a sample's first four standardised moments lie from the exact ones, in standard errors."""
    mean, std = distribution.mean(), distribution.std()
    exact = [distribution.expect(lambda x, k=k: ((x - mean) / std) ** k) for k in range(1, 9)]
    sums, piece = np.zeros(4), 2_000_000
    for start in range(0, size, piece):
        x = sample(fill, arguments, min(piece, size - start), position=start).astype(np.float64)
        x = (x - mean) / std
        power = np.ones_like(x)
        for k in range(4):
            power *= x
            sums[k] += power.sum()
    errors = np.sqrt([(exact[2 * k + 1] - exact[k] ** 2) / size for k in range(4)])
    return (sums / size - exact[:4]) / errors


@pytest.mark.parametrize("size", [10_000_000, pytest.param(100_000_000, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", CONTINUOUS)
def test_the_first_four_moments_are_those_of_the_distribution(name, size, record_property):
    found = moments_in_standard_errors(*CONTINUOUS[name][:3], size)
    record_property("standard errors", found.round(2).tolist())
    assert np.abs(found).max() < 4.5


@pytest.mark.parametrize(
    "other",
    [{"seed": 1}, {"seed": 2**32}, {"stream": 1}, {"stream": 2**32}, {"position": 4}, {"position": 2**34}],
    ids=str,
)
def test_neighbouring_seeds_streams_and_positions_are_independent(other):
    x = sample(_core.fill_normal, (0.0, 1.0), SAMPLES).astype(np.float64)
    y = sample(_core.fill_normal, (0.0, 1.0), SAMPLES, **other).astype(np.float64)
    assert abs(x @ y) < 4.5 * np.sqrt(SAMPLES)
    assert abs((x**2 - 1) @ (y**2 - 1)) < 4.5 * 2 * np.sqrt(SAMPLES)
