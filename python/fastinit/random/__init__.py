"""Random values: generators, and the checked fills that tensors, creation and `nn.init` share.

A fill checks everything that could be wrong before it takes positions from its generator or writes a byte, so
that a refused call leaves both as they were.
"""

from .distributions import cauchy, exponential, geometric, log_normal
from .fills import bernoulli, bernoulli_each, constant, masked_uniform, normal, trunc_normal, uniform
from .generator import (
    STREAM_VERSION,
    Generator,
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)
from .integers import integers, permutation

__all__ = [
    "STREAM_VERSION",
    "Generator",
    "bernoulli",
    "bernoulli_each",
    "cauchy",
    "constant",
    "default_generator",
    "exponential",
    "geometric",
    "get_rng_state",
    "initial_seed",
    "integers",
    "log_normal",
    "manual_seed",
    "masked_uniform",
    "normal",
    "permutation",
    "seed",
    "set_rng_state",
    "trunc_normal",
    "uniform",
]
