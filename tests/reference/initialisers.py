"""Calls of the random initialisers, one of each kind, that fit a matrix of 6 by 4."""

from fastinit.nn.init import Layout

RANDOM_CALLS = [
    ("uniform_", {"a": -1}),
    ("normal_", {"std": 0.02}),
    ("trunc_normal_", {}),
    ("masked_uniform_", {"low": -10, "high": 10, "threshold": 5}),
    ("xavier_normal_", {}),
    ("kaiming_uniform_", {"layout": Layout(splits=(4, 2))}),
    ("lecun_normal_", {}),
    ("orthogonal_", {}),
    ("sparse_", {"sparsity": 0.5}),
]
