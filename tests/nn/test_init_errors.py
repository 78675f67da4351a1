"""Nonsense is refused where PyTorch takes it or fails by accident; warnings name the caller's line."""

import numpy as np
import pytest

import fastinit
from fastinit.nn import init

nan, inf = float("nan"), float("inf")
NONSENSE = [
    ("trunc_normal_", (3,), {"std": 0.0}, "std > 0.0"),
    ("trunc_normal_", (3,), {"std": -1.0}, "std > 0.0"),
    ("trunc_normal_", (3,), {"std": nan}, "std > 0.0"),
    ("trunc_normal_", (3,), {"mean": nan}, "mean to be finite"),
    ("normal_", (3,), {"mean": nan}, "mean to be finite"),
    ("normal_", (3,), {"std": inf}, "std to be finite"),
    ("sparse_", (3, 3), {"sparsity": 2}, r"sparsity to be in \[0, 1\]"),
    ("sparse_", (3, 3), {"sparsity": -0.1}, r"sparsity to be in \[0, 1\]"),
    ("sparse_", (3, 3), {"sparsity": nan}, r"sparsity to be in \[0, 1\]"),
    ("xavier_uniform_", (0, 0), {}, "fan_in \\+ fan_out is 0"),
    ("xavier_normal_", (3, 3, 0), {}, "fan_in \\+ fan_out is 0"),
    ("dirac_", (3, 2, 3), {"groups": 0}, "groups to be at least 1"),
    ("dirac_", (3, 2, 3), {"groups": -1}, "groups to be at least 1"),
    ("kaiming_uniform_", (3, 3), {"mode": 3}, "Mode 3 not supported"),
    ("orthogonal_", (3, 3), {"gain": nan}, "gain to be finite"),
    ("orthogonal_", (3, 3), {"gain": 1e39}, "gain to be finite"),
    ("masked_uniform_", (3, 3), {"low": 0, "high": 1, "threshold": nan}, "threshold"),
    ("variance_scaling_", (3, 3), {"scale": 0}, "scale to be above 0"),
    ("variance_scaling_", (3, 3), {"scale": nan}, "scale to be above 0"),
    ("variance_scaling_", (3, 3), {"mode": "fan"}, "Mode fan not supported"),
    ("variance_scaling_", (3, 3), {"distribution": "cauchy"}, "Distribution cauchy not supported"),
    ("variance_scaling_", (3,), {}, "fewer than 2 dimensions"),
    ("lecun_normal_", (3,), {}, "fewer than 2 dimensions"),
    ("delta_orthogonal_", (3, 3), {}, "3, 4, or 5 dimensions"),
    ("delta_orthogonal_", (3, 4, 3), {}, "in=4 > out=3"),
    ("delta_orthogonal_", (4, 4, 3), {"gain": inf}, "gain to be finite"),
]


@pytest.mark.parametrize(("name", "shape", "keywords", "message"), NONSENSE)
def test_nonsense_is_a_value_error_before_anything_is_written(name, shape, keywords, message):
    array = np.full(shape, 7, np.float32)
    tensor = fastinit.from_numpy(array)
    state = fastinit.get_rng_state()
    with pytest.raises(ValueError, match=message):
        getattr(init, name)(tensor, **keywords)
    assert (array == 7).all()
    assert tensor._version == 0
    assert (fastinit.get_rng_state() == state).all()


@pytest.mark.parametrize("name", ["lecun_normal_", "lecun_uniform_", "variance_scaling_"])
def test_an_empty_tensor_is_a_warning_as_in_kaiming(name):
    with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
        getattr(init, name)(np.empty((0, 3), np.float32))


@pytest.mark.parametrize(
    "call",
    [
        lambda: init.kaiming_uniform_(np.empty((0, 3), np.float32)),
        lambda: init.lecun_normal_(np.empty((0, 3), np.float32)),
        lambda: init.variance_scaling_(np.empty((0, 3), np.float32)),
        lambda: init.trunc_normal_(np.empty(3, np.float32), mean=9),
        lambda: init.uniform(np.empty(3, np.float32)),
    ],
)
def test_a_warning_names_the_callers_line(call):
    with pytest.warns((UserWarning, FutureWarning)) as caught:
        call()
    assert [warning.filename for warning in caught] == [__file__]
