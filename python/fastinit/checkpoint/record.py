"""What is known of a part of a checkpoint once it is written: digests and statistics, tensor by tensor."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from ..statistics import Statistics, merge, statistics
from .digest import LEAF, leaves, root


@dataclass(frozen=True)
class Summary:
    """What a tensor's bytes came to: the digest that says which they are, and their statistics.

    Args:
        blake2b: the digest, in hexadecimal digits.
        statistics: of the values.

    Source: fastinit's own digest, a tree of BLAKE2b (RFC 7693); see docs/checkpoints.md.
    """

    blake2b: str
    statistics: Statistics

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it; what is not finite as text, which JSON has no number for."""
        return {"blake2b": self.blake2b, "statistics": _written(self.statistics)}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Summary:
        """Reads it back."""
        return cls(str(document["blake2b"]), _read(document["statistics"]))


class Tally:
    """Digests and sums up bytes of a tensor as they come, leaf by leaf, so that no buffer's size matters.

    Args:
        dtype: of the values.

    Attributes:
        leaves: the digests of the leaves so far.
        statistics: of the values so far.
    """

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._dtype = dtype
        self.leaves = b""
        self.statistics = Statistics()

    def add(self, data: npt.NDArray[np.uint8], first: int, last: bool) -> None:
        """Takes the next bytes: whole leaves, of which the first is number `first` of the tensor.

        Args:
            data: the bytes.
            first: as above.
            last: whether they are the tensor's last, and may end inside a leaf.
        """
        self.leaves += leaves(data, first, last)
        for start in range(0, data.size, LEAF):
            found = statistics(data[start : start + LEAF].view(self._dtype))
            self.statistics = merge(self.statistics, found)


@dataclass(frozen=True)
class Record:
    """What a part of a checkpoint came to.

    Args:
        digests: of each tensor that lies in the part as a whole, the digest.
        leaves: of each of which a piece lies in it, the leaves of its digest that do.
        statistics: of all of them, of what lies in the part.
    """

    digests: Mapping[str, str]
    leaves: Mapping[str, bytes]
    statistics: Mapping[str, Statistics]

    @classmethod
    def of(cls, tallies: Mapping[str, Tally], whole: bool) -> Record:
        """The record of a part in which tensors lie as a whole, or of a part of one."""
        found = {name: each.statistics for name, each in tallies.items()}
        if whole:
            return cls({name: root([each.leaves]) for name, each in tallies.items()}, {}, found)
        return cls({}, {name: each.leaves for name, each in tallies.items()}, found)

    def to_text(self) -> str:
        """As a task hands it on."""
        texts = {name: base64.b64encode(each).decode() for name, each in self.leaves.items()}
        found = {name: _written(each) for name, each in self.statistics.items()}
        return json.dumps({"digests": dict(self.digests), "leaves": texts, "statistics": found})

    @classmethod
    def from_text(cls, text: str | bytes) -> Record:
        """Reads it back.

        Raises:
            ValueError: the text is none, such as half of one.
        """
        try:
            document = json.loads(text)
            return cls(
                document["digests"],
                {name: base64.b64decode(each) for name, each in document["leaves"].items()},
                {name: _read(each) for name, each in document["statistics"].items()},
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"no record of a part: {error}") from None


def summaries(records: Iterable[Record]) -> dict[str, Summary]:
    """Puts together what the parts of a checkpoint, in order, say of its tensors."""
    pieces: dict[str, list[bytes]] = {}
    digests: dict[str, str] = {}
    sums: dict[str, Statistics] = {}
    for record in records:
        digests.update(record.digests)
        for name, each in record.leaves.items():
            pieces.setdefault(name, []).append(each)
        for name, found in record.statistics.items():
            sums[name] = merge(sums.get(name, Statistics()), found)
    digests.update({name: root(each) for name, each in pieces.items()})
    return {name: Summary(digests[name], found) for name, found in sums.items()}


def _written(statistics: Statistics) -> dict[str, int | float | str]:
    return {key: value if math.isfinite(value) else repr(value) for key, value in asdict(statistics).items()}


def _read(document: Mapping[str, Any]) -> Statistics:
    found: dict[str, Any] = {}
    for each in fields(Statistics):
        value = document[each.name]
        found[each.name] = float(value) if isinstance(value, str) else value
    return Statistics(**found)
