"""The ways in which tensors of PyTorch's are initialised on fastinit's kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import fastinit

ON_TENSORS = "fastinit on a tensor"
ON_PARAMETERS = "fastinit on a Parameter"
IN_CONTEXT = "torch in the context"
WAYS = [ON_TENSORS, ON_PARAMETERS, IN_CONTEXT]


@dataclass(frozen=True)
class Way:
    """How it is written.

    Attributes:
        init: the module whose functions are called.
        wrap: makes of a tensor what they are given.
        generator: makes a generator of a seed, as these functions take it.
    """

    init: ModuleType
    wrap: Callable[[Any], Any]
    generator: Callable[[int], Any]


def context(seed: int) -> AbstractContextManager[Any]:
    """What makes PyTorch's own initialisers run on fastinit's kernels."""
    from fastinit.interop.torch import fast_init

    return fast_init(seed)


@contextmanager
def seeded(name: str, seed: int = 0) -> Iterator[Way]:
    """Opens a way by its name, with its default generator at the start of a seed."""
    import torch

    fastinit.manual_seed(seed)
    torch.manual_seed(seed)
    if name == IN_CONTEXT:
        with context(seed):
            yield Way(torch.nn.init, torch.nn.Parameter, lambda seed: torch.Generator().manual_seed(seed))
    else:
        wrap = torch.nn.Parameter if name == ON_PARAMETERS else lambda tensor: tensor
        yield Way(fastinit.nn.init, wrap, lambda seed: fastinit.Generator(seed=seed))
