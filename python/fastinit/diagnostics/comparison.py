"""Two models side by side: what differs between their parameters."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..checkpoint.drift import Sums
from .table import Table
from .tensors import Held, source_of

__all__ = ["Comparison", "Difference", "compare"]


@dataclass(frozen=True)
class Difference:
    """How a parameter of b differs from the one of a of the same name; NaN where they are no real numbers.

    Attributes:
        name: the name.
        shape: its shape in both.
        dtype_a: its dtype in a.
        dtype_b: its dtype in b.
        std_a: its standard deviation in a.
        std_b: its standard deviation in b.
        relative: `|b - a| / |a|` in the Euclidean norm; 0 where nothing differs, infinite where a is 0.
        rms: the root of the mean of (b - a)^2.
        largest: the largest `|b - a|` of one value.
        cosine: that of the angle between the two; NaN where one of them is 0.
        equal: which part of the values are equal; NaN equals nothing.

    Source: fastinit's own; see docs/diagnostics.md.
    """

    name: str
    shape: tuple[int, ...]
    dtype_a: str
    dtype_b: str
    std_a: float
    std_b: float
    relative: float
    rms: float
    largest: float
    cosine: float
    equal: float


class Comparison(Table[Difference]):
    """A row for each parameter that both have in one shape, in the order of a.

    Args:
        rows: the rows.
        only_in_a: names that b has not.
        only_in_b: names that a has not.
        reshaped: names whose shape differs, to that in a and that in b.

    Source: fastinit's own; see docs/diagnostics.md.
    """

    columns: ClassVar[tuple[str, ...]] = (
        "name",
        "shape",
        "dtype_a",
        "dtype_b",
        "std_a",
        "std_b",
        "relative",
        "rms",
        "largest",
        "cosine",
        "equal",
    )

    def __init__(
        self,
        rows: Iterable[Difference],
        only_in_a: Iterable[str] = (),
        only_in_b: Iterable[str] = (),
        reshaped: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] | None = None,
    ) -> None:
        super().__init__(tuple(rows))
        self.only_in_a = tuple(only_in_a)
        self.only_in_b = tuple(only_in_b)
        self.reshaped = dict(reshaped or {})

    @property
    def identical(self) -> bool:
        """Whether both have the same names, shapes, dtypes and values."""
        apart = self.only_in_a or self.only_in_b or self.reshaped
        return not apart and all(row.equal == 1 and row.dtype_a == row.dtype_b for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """As every table's, with the names that do not fit, and whether all is the same."""
        return {
            **super().to_dict(),
            "only_in_a": list(self.only_in_a),
            "only_in_b": list(self.only_in_b),
            "reshaped": {name: [list(a), list(b)] for name, (a, b) in self.reshaped.items()},
            "identical": self.identical,
        }

    def __str__(self) -> str:
        """The table, and a line for each kind of name that does not fit."""
        lines = [super().__str__()]
        for words, names in (("only in a", self.only_in_a), ("only in b", self.only_in_b)):
            if names:
                lines.append(f"{words}: {', '.join(map(ascii, names))}")
        lines.extend(
            f"{name!a} is {list(shape_a)} in a, {list(shape_b)} in b"
            for name, (shape_a, shape_b) in self.reshaped.items()
        )
        return "\n".join(lines)


def compare(a: Any, b: Any) -> Comparison:
    """Puts the parameters of two models side by side: two initialisations, or before and after training.

    Args:
        a: a module of fastinit or of torch, a mapping from names to arrays, a `Checkpoint`, or a path or an
            address of one.
        b: likewise; the two need not be of one kind, nor of one dtype.

    Returns:
        The table: `table["0.weight"].relative`, `table.identical`, `print(table)`, `table.to_dict()`.

    Raises:
        TypeError: one is none of these, or a parameter has no values, as on the device "meta".
        CheckpointError, OSError: a checkpoint cannot be read.

    Source: fastinit's own; see docs/diagnostics.md.

    Examples:
        >>> found = compare({"w": np.ones(4)}, {"w": np.array([1.0, 1.0, 1.0, 2.0])})
        >>> found["w"].relative, found["w"].equal, found.identical
        (0.5, 0.75, False)
    """
    in_a, in_b = source_of("compare", a).tensors, source_of("compare", b).tensors
    common = [name for name in in_a if name in in_b]
    reshaped = {
        name: (in_a[name].shape, in_b[name].shape) for name in common if in_a[name].shape != in_b[name].shape
    }
    return Comparison(
        [_difference(name, in_a[name], in_b[name]) for name in common if name not in reshaped],
        [name for name in in_a if name not in in_b],
        [name for name in in_b if name not in in_a],
        reshaped,
    )


def _difference(name: str, a: Held, b: Held) -> Difference:
    if not (a.real and b.real):
        return Difference(name, a.shape, a.dtype, b.dtype, *(math.nan,) * 7)
    sums = Sums()
    for then, now in zip(a.pieces(), b.pieces(), strict=True):
        sums.add(now, then)
    found = sums.drift()
    return Difference(
        name=name,
        shape=a.shape,
        dtype_a=a.dtype,
        dtype_b=b.dtype,
        std_a=found.std_then,
        std_b=found.std_now,
        relative=found.relative,
        rms=found.rms,
        largest=found.largest,
        cosine=found.cosine,
        equal=found.unchanged,
    )
