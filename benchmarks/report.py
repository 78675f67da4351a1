"""Tables of figures for a terminal, and as Markdown for the documentation."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table as RichTable


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3g}"
    return str(value)


class Table:
    """A title, column names, and rows of values; numbers are shown to three digits."""

    def __init__(self, title: str, columns: list[str]) -> None:
        self.title = title
        self.columns = columns
        self.rows: list[list[str]] = []

    def row(self, *values: object) -> None:
        assert len(values) == len(self.columns)
        self.rows.append([_text(value) for value in values])

    def print(self) -> None:
        table = RichTable(title=self.title, title_justify="left")
        for column in self.columns:
            table.add_column(column, justify="right", no_wrap=True)
        for row in self.rows:
            table.add_row(*row)
        Console(width=max(110, Console().width)).print(table)

    def markdown(self) -> str:
        lines = [self.columns, ["---:"] * len(self.columns), *self.rows]
        return f"**{self.title}**\n\n" + "\n".join("| " + " | ".join(line) + " |" for line in lines)
