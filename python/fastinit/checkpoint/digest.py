"""The digest of a tensor's bytes: a tree of BLAKE2b, so that any machine can hash any part of it.

The bytes are cut into leaves of `LEAF`; the digest is that of the leaves' digests. Both are BLAKE2b in its
tree mode, as the standard library's `hashlib.blake2b` documents it: `fanout=0, depth=2, leaf_size=LEAF,
inner_size=64`, a leaf with its number as `node_offset`, the root with `node_depth=1`; of each level, the last
is marked `last_node`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _core

LEAF = 256 * 1024
"""The bytes of a leaf."""

LEAF_DIGEST = 64
"""The bytes of a leaf's digest."""

ROOT_DIGEST = 32
"""The bytes of the digest of them all."""

Bytes = bytes | bytearray | memoryview | npt.NDArray[Any]


def leaves(data: Bytes, first: int, last: bool) -> bytes:
    """The digests of consecutive leaves of a tensor, 64 bytes each, one after another.

    Args:
        data: the bytes of the leaves; an array's are those of its values, and it must be contiguous.
        first: the number of the first leaf.
        last: whether they are the tensor's last, of which the very last may be shorter. Nothing is one leaf.

    Raises:
        ValueError: the bytes are no whole leaves, and not the last.
    """
    seen = _seen(data)
    digests = np.empty((max(1, -(-seen.size // LEAF)), LEAF_DIGEST), np.uint8)
    _core.blake2b_leaves(seen, LEAF, first, last, digests)
    return digests.tobytes()


def root(parts: Iterable[bytes]) -> str:
    """The digest of a tensor, in hexadecimal, from the digests of all its leaves in order.

    Args:
        parts: what `leaves` gave for the tensor's parts, one after another.
    """
    node = _root()
    for part in parts:
        node.update(part)
    return node.hexdigest()


class TreeDigest:
    """The digest of a tensor whose bytes come piece by piece.

    Args:
        nbytes: how many there will be.

    Examples:
        >>> digest = TreeDigest(nbytes=3)
        >>> digest.update(b"abc")
        >>> digest.hexdigest() == root([leaves(b"abc", 0, last=True)])
        True
    """

    def __init__(self, nbytes: int) -> None:
        self._nbytes = nbytes
        self._seen = 0
        self._root = _root()
        if nbytes == 0:
            self._root.update(leaves(b"", 0, last=True))

    def update(self, data: Bytes) -> None:
        """Takes the next bytes, whose number is a multiple of `LEAF` unless they are the last.

        Raises:
            ValueError: it is not, or there are more bytes than was said.
        """
        seen = _seen(data)
        end = self._seen + seen.size
        if end > self._nbytes:
            raise ValueError(f"update: {end} bytes, but there were to be {self._nbytes}")
        if seen.size:
            self._root.update(leaves(seen, self._seen // LEAF, last=end == self._nbytes))
        self._seen = end

    def hexdigest(self) -> str:
        """The digest, in hexadecimal.

        Raises:
            ValueError: bytes are missing.
        """
        if self._seen != self._nbytes:
            raise ValueError(f"hexdigest: {self._seen} bytes of {self._nbytes} have come")
        return self._root.hexdigest()


def _root() -> hashlib.blake2b:
    return hashlib.blake2b(
        digest_size=ROOT_DIGEST,
        fanout=0,
        depth=2,
        leaf_size=LEAF,
        inner_size=LEAF_DIGEST,
        node_depth=1,
        last_node=True,
    )


def _seen(data: Bytes) -> npt.NDArray[np.uint8]:
    """The bytes as an array that shares their memory."""
    if not isinstance(data, np.ndarray):
        return np.frombuffer(data, np.uint8)
    if not data.flags.c_contiguous:
        raise ValueError("the array must be contiguous")
    return data.reshape(-1).view(np.uint8)
