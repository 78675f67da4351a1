"""A rule: parameters whose name fits a pattern get this initialiser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from .initialiser import Argument


@dataclass(frozen=True)
class Rule:
    """Parameters whose name fits a pattern get this initialiser.

    Args:
        match: a glob on the whole name, as `fnmatch` reads it: `*` is any text (dots included), `?` any one
            character, `[abc]` one of these; upper and lower case differ.
        init: the name of a function of `fastinit.nn.init`, such as `"normal_"`.
        arguments: its arguments by name; those left out have the function's defaults.
        line: where the rule stands in its file, for messages.

    Examples:
        >>> Rule("*.c_proj.weight", "normal_", {"std": 0.004}).matches("h.0.attn.c_proj.weight")
        True
    """

    match: str
    init: str
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    line: int | None = field(default=None, compare=False)

    def matches(self, name: str) -> bool:
        """Whether the name fits the pattern."""
        return fnmatchcase(name, self.match)
