"""Seeds that come from PyTorch's generators."""

from typing import Any

import torch
from torch.utils._python_dispatch import _disable_current_modes

from ...random import Generator

__all__ = ["SeededByTorch", "draw_seed"]

_LEAST = -(1 << 63)


def draw_seed(generator: torch.Generator) -> int:
    """Takes one draw of 64 bits from a generator of PyTorch's on the CPU; returns it.

    Nothing that watches or transforms what PyTorch does (modes, `vmap`) takes part.
    """
    with torch._C.DisableTorchFunction(), _disable_current_modes(), torch._C._DisableFuncTorch():
        bits = torch.empty((), dtype=torch.int64, device="cpu").random_(_LEAST, None, generator=generator)
        return int(bits.item()) % (1 << 64)


class SeededByTorch(Generator):
    """The generator of one fill that was given one of PyTorch's: its seed is drawn once the fill is certain.

    A fill that is refused has taken nothing, and PyTorch then finds its generator as it was.

    Args:
        source: a generator of PyTorch's on the CPU.
    """

    __slots__ = ("_source",)

    def __init__(self, source: Any) -> None:
        super().__init__()
        if not isinstance(source, torch.Generator) or source.device.type != "cpu":
            raise TypeError("expected a torch.Generator on the CPU")
        self._source = source

    def _take(self, numel: int) -> tuple[int, int, int]:
        self.manual_seed(draw_seed(self._source))
        return super()._take(numel)
