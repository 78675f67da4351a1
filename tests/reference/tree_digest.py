"""A tensor's digest by the standard library alone: the leaves, then the root over them."""

from __future__ import annotations

import hashlib


def leaf(data: bytes, leaf_size: int, number: int, last: bool) -> bytes:
    return hashlib.blake2b(
        data,
        digest_size=64,
        fanout=0,
        depth=2,
        leaf_size=leaf_size,
        inner_size=64,
        node_offset=number,
        node_depth=0,
        last_node=last,
    ).digest()


def leaves(data: bytes, leaf_size: int, first: int = 0, last: bool = True) -> list[bytes]:
    starts = range(0, max(len(data), 1), leaf_size)
    return [
        leaf(data[start : start + leaf_size], leaf_size, first + number, last and number == len(starts) - 1)
        for number, start in enumerate(starts)
    ]


def digest(data: bytes, leaf_size: int) -> str:
    return hashlib.blake2b(
        b"".join(leaves(data, leaf_size)),
        digest_size=32,
        fanout=0,
        depth=2,
        leaf_size=leaf_size,
        inner_size=64,
        node_offset=0,
        node_depth=1,
        last_node=True,
    ).hexdigest()
