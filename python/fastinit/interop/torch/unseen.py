"""What fills in place of the functions of PyTorch that a mode sees only the parts of; see `calls`."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import torch

from ... import random
from ...nn import init
from ...random import Generator
from ...random.bounds import check_floating
from ...random.fills import check_trunc_normal, check_uniform
from ...shard import Shard
from .filling import Untouched, as_number, fill
from .opened import Opened

__all__ = ["orthogonal_", "sparse_", "trunc_normal_"]


def trunc_normal_(
    opened: Opened, tensor: torch.Tensor, mean: Any, std: Any, a: Any, b: Any, generator: Any
) -> torch.Tensor:
    """Fills in place of `torch.nn.init._no_grad_trunc_normal_`."""
    numbers = map(as_number, (mean, std, a, b))
    return fill(opened, tensor, _fill_trunc_normal, *numbers, generator=generator, later=random.trunc_normal)


def _fill_trunc_normal(
    array: np.ndarray[Any, np.dtype[Any]],
    mean: float,
    std: float,
    a: float,
    b: float,
    generator: Generator,
    shard: Shard | None,
) -> None:
    """Fills as `random.trunc_normal` where PyTorch would, and warns as it does."""
    limits = check_floating(array, "normal_kernel_cpu")
    check_trunc_normal(limits, mean, std, a, b)
    if _part_between(a, b, mean, std) <= _LEAST_OF_NORMAL:
        check_uniform(limits, a, b)
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
            "The distribution of values may be incorrect.",
            stacklevel=_TO_TRUNC_NORMAL_,
        )
    random.trunc_normal(array, mean, std, a, b, generator, shard)


# Where less of the normal lies between the bounds, PyTorch draws from `uniform_(a, b)`, which checks them.
_LEAST_OF_NORMAL = 0.3
# From `_fill_trunc_normal` to `torch.nn.init.trunc_normal_`, which PyTorch's warning points at.
_TO_TRUNC_NORMAL_ = 6


def _part_between(a: float, b: float, mean: float, std: float) -> float:
    scale = std * math.sqrt(2.0)
    return (math.erf((b - mean) / scale) - math.erf((a - mean) / scale)) / 2


def orthogonal_(opened: Opened, tensor: torch.Tensor, gain: Any, generator: Any) -> torch.Tensor:
    """Fills in place of `torch.nn.init.orthogonal_`."""
    if tensor.dtype not in (torch.float32, torch.float64):  # PyTorch factorises no others
        raise Untouched
    return fill(opened, tensor, init.orthogonal_, as_number(gain), generator=generator)


def sparse_(opened: Opened, tensor: torch.Tensor, sparsity: Any, std: Any, generator: Any) -> torch.Tensor:
    """Fills in place of `torch.nn.init.sparse_`."""
    return fill(opened, tensor, init.sparse_, as_number(sparsity), as_number(std), generator=generator)
