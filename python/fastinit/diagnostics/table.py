"""Tables of what was measured: rows that have names, as text and as what JSON can say."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import fields
from difflib import get_close_matches
from html import escape
from typing import Any, ClassVar, Generic, Protocol, TypeVar, overload

from ..html import table_html

__all__ = ["Row", "Table"]


class Row(Protocol):
    """A dataclass that has a name."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def name(self) -> str:
        """What the row is found by."""
        ...


R = TypeVar("R", bound=Row)


class Table(Generic[R]):
    """Rows in order, which are found by their place or their name.

    Args:
        rows: the rows; where two have one name, the first is found by it.

    Source: fastinit's own; see docs/diagnostics.md.
    """

    #: The fields that the text shows, in this order.
    columns: ClassVar[tuple[str, ...]] = ("name",)

    def __init__(self, rows: Sequence[R]) -> None:
        self.rows = tuple(rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[R]:
        return iter(self.rows)

    def __contains__(self, name: object) -> bool:
        return any(row.name == name for row in self.rows)

    @overload
    def __getitem__(self, key: int | str) -> R: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[R, ...]: ...
    def __getitem__(self, key: int | str | slice) -> R | tuple[R, ...]:
        if not isinstance(key, str):
            return self.rows[key]
        for row in self.rows:
            if row.name == key:
                return row
        near = get_close_matches(key, [row.name for row in self.rows], n=3)
        hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise KeyError(f"there is no row {key!r}{hint}")

    def to_dict(self) -> dict[str, Any]:
        """The table as JSON can say it: NaN is None, an infinity "inf" or "-inf".

        Returns:
            `{"rows": [...]}` with a dictionary of each row's fields, and what the table as a whole says.
        """
        return {"rows": [_document(row) for row in self.rows]}

    def __str__(self) -> str:
        """The columns one beside another, words at the left and numbers at the right; NaN is "-"."""
        columns = [name for name in self.columns if self._shown(name)]
        lines = [
            [name.replace("_", " ") for name in columns],
            *([self.cell(row, name) for name in columns] for row in self.rows),
        ]
        widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
        at_left = [self._of_words(name) for name in columns]
        return "\n".join(
            "  ".join(
                cell.ljust(width) if left else cell.rjust(width)
                for cell, width, left in zip(line, widths, at_left, strict=True)
            ).rstrip()
            for line in lines
        )

    def _repr_html_(self) -> str:
        """What a notebook shows: the table, rows with flags marked, and what the text says below it."""
        columns = [name for name in self.columns if self._shown(name)]
        rows = [[self.cell(row, name) for name in columns] for row in self.rows]
        words = [place for place, name in enumerate(columns) if self._of_words(name)]
        marked = [place for place, row in enumerate(self.rows) if getattr(row, "flags", ())]
        table = table_html([name.replace("_", " ") for name in columns], rows, words=words, marked=marked)
        below = str(self).removeprefix(Table.__str__(self)).strip()
        return f"<div>{table}{f'<pre>{escape(below)}</pre>' if below else ''}</div>"

    def cell(self, row: R, column: str) -> str:
        """What the text says of a field of a row."""
        return _text(getattr(row, column))

    def _shown(self, name: str) -> bool:
        """Whether the text has the column: it has something to say in some row."""
        return not self.rows or any(self.cell(row, name) not in ("-", "") for row in self.rows)

    def _of_words(self, name: str) -> bool:
        """Whether the column stands at the left."""
        return all(isinstance(getattr(row, name), str) for row in self.rows)


def _text(value: object) -> str:
    """As the cell of a table shows it."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, tuple):
        if all(isinstance(each, str) for each in value) and value:
            return "; ".join(value)
        return "x".join(map(str, value))
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    # What would steer a terminal is written out.
    text = str(value)
    return text if text.isprintable() else text.encode("unicode_escape").decode()


def _document(row: Row) -> dict[str, Any]:
    """The fields of a row, but for those that are there to be drawn."""
    return {each.name: _plain(getattr(row, each.name)) for each in fields(row) if each.repr}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return None if math.isnan(value) else value if math.isfinite(value) else str(value)
    return [_plain(each) for each in value] if isinstance(value, tuple) else value
