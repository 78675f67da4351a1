"""Histograms in one line of text."""

from __future__ import annotations

import sys
from typing import Any

import numpy.typing as npt

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = "_.:-=+*#"


def sparkline(counts: npt.NDArray[Any], levels: str = BLOCKS) -> str:
    """A character for each count, the higher the larger.

    Args:
        counts: of a histogram, (bins,), not negative.
        levels: the characters, from that of 0 to that of the largest.
    """
    highest = len(levels) - 1
    return "".join(levels[round(highest * int(count) / max(int(counts.max()), 1))] for count in counts)


def levels_of_stdout() -> str:
    """Blocks, or what stands for them where the encoding of stdout has none."""
    try:
        BLOCKS.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        return ASCII
    return BLOCKS
