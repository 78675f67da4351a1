"""`Layout`: which matrices a stored tensor holds, and how they lie in it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Layout"]


@dataclass(frozen=True)
class Layout:
    """Which matrices a tensor holds: parts of a fused projection, experts, matrices stored as [in, out].

    Args:
        splits: the matrices that lie along the output dimension, one behind the other: into how many equal
            parts it falls, or their sizes; all of it is one matrix if None.
        expert_axis: the dimension or dimensions along which separate matrices are stacked.
        transposed: whether the first two of the other dimensions are (in, out) instead of (out, in).
    """

    splits: int | tuple[int, ...] | None = None
    expert_axis: int | tuple[int, ...] | None = None
    transposed: bool = False
