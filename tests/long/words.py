"""Writes the stream's raw words to standard output, for the programs that test generators.

`python tests/long/words.py streams | dieharder -a -g 200`; it ends when its reader does, and says on
standard error how many bytes it wrote.

sequential: block after block of one stream. The other orders read block b of every neighbour (seeds, streams
or draws that follow one another), then block b + 1 of every neighbour: what is alike in two of them lies next
to each other.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator

import numpy as np

from fastinit import _core

NEIGHBOURS, BLOCKS = 4096, 256
ORDERS = {"sequential": None, "streams": "stream", "seeds": "seed", "draws": "draw"}


def words(order: str, first_block: int = 0) -> Iterator[np.ndarray]:
    """The words in that order, 16 MiB at a time, from that block of each neighbour on."""
    varied = ORDERS[order]
    key = {"seed": 0, "stream": 0, "draw": 0}
    for position in range(4 * first_block, 2**50, 4 * BLOCKS * (1 if varied else NEIGHBOURS)):
        array = np.empty((NEIGHBOURS, BLOCKS, 4), np.uint32)
        if varied is None:
            _core.random_words(array, position=position, **key)
            yield array
            continue
        for neighbour, row in enumerate(array):
            _core.random_words(row, position=position, **{**key, varied: neighbour})
        yield array.transpose(1, 0, 2)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("order", choices=ORDERS)
    parser.add_argument("--first-block", type=int, default=0)
    options = parser.parse_args()
    written = 0
    try:
        for some in words(options.order, options.first_block):
            remaining = memoryview(np.ascontiguousarray(some)).cast("B")
            while remaining:
                count = os.write(sys.stdout.fileno(), remaining[: 2**16])
                remaining = remaining[count:]
                written += count
    except BrokenPipeError:
        sys.stderr.write(f"{written}\n")


if __name__ == "__main__":
    main()
