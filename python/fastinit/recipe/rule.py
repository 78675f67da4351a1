"""A rule: parameters whose name, and shape, fit get this initialiser."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import translate
from functools import cached_property
from typing import TypeVar

from ..nn.init import Layout
from .errors import RecipeError, unknown
from .initialiser import Argument
from .spec import DTYPES, TensorSpec

Size = TypeVar("Size", int, int | None)


@dataclass(frozen=True)
class Rule:
    r"""Parameters whose name, number of dimensions and shape fit get this initialiser.

    Args:
        match: what the whole name must fit: a glob, as `fnmatch` reads it (`*` is any text, dots included,
            `?` any one character, `[abc]` one of these; upper and lower case differ), or a regular
            expression, compiled by `re.compile`.
        init: the name of a function of `fastinit.nn.init`, such as `"normal_"`.
        arguments: its arguments by name; those left out have the function's defaults.
        line: where the rule stands in its file, for messages.
        ndim: how many dimensions the parameter has: a number, or several to choose from; any if None.
        shape: its shape, None where a dimension may have any size; any shape if None.
        dtype: in which dtype a checkpoint stores what the rule decides; the tensor's own if None.
        layout: which matrices the parameter holds, for an initialiser that reads fans.
        number: its number in its file, from 1, for messages; that in the recipe if None.
        source: the file in which it stands, for messages; that of the recipe if None.

    Raises:
        RecipeError: the regular expression has flags that it does not itself say, a condition is none, or
            there is no such dtype.

    Source: fastinit's own; see docs/recipes.md.

    Examples:
        >>> Rule("*.c_proj.weight", "normal_", {"std": 0.004}).matches("h.0.attn.c_proj.weight")
        True
        >>> rule = Rule(re.compile(r"h\.\d+\.weight"), "orthogonal_", ndim=2, shape=(None, 768))
        >>> rule.obstacle("h.0.weight", TensorSpec((768,)))
        'it has 1 dimension, not 2'
    """

    match: str | re.Pattern[str]
    init: str
    arguments: Mapping[str, Argument] = field(default_factory=dict, hash=False)
    line: int | None = field(default=None, compare=False)
    ndim: int | tuple[int, ...] | None = field(default=None, kw_only=True)
    shape: tuple[int | None, ...] | None = field(default=None, kw_only=True)
    dtype: str | None = field(default=None, kw_only=True)
    layout: Layout | None = field(default=None, kw_only=True)
    number: int | None = field(default=None, compare=False, kw_only=True)
    source: str | None = field(default=None, compare=False, kw_only=True)

    def __post_init__(self) -> None:
        pattern = self.match
        if isinstance(pattern, re.Pattern) and re.compile(pattern.pattern).flags != pattern.flags:
            raise RecipeError(f"{self}: flags must stand in the regular expression: (?i) for re.IGNORECASE")
        if isinstance(self.ndim, int):
            object.__setattr__(self, "ndim", (self.ndim,))
        if self.ndim is not None:
            object.__setattr__(self, "ndim", _sizes("ndim", tuple(self._dimensions)))
            if not self._dimensions:
                raise RecipeError("ndim is an empty list, which no parameter fits")
        if self.shape is not None:
            object.__setattr__(self, "shape", _sizes("shape", tuple(self.shape)))
        if self.dtype is not None and self.dtype not in DTYPES:
            raise unknown("dtype", self.dtype, DTYPES)

    def __str__(self) -> str:
        """As messages write it: `(match = "*.bias")`, `(regex = "...")`."""
        if isinstance(self.match, str):
            return f'(match = "{self.match}")'
        return f'(regex = "{self.match.pattern}")'

    def matches(self, name: str) -> bool:
        """Whether the name fits the pattern."""
        return self._pattern.fullmatch(name) is not None

    def applies(self, name: str, spec: TensorSpec) -> bool:
        """Whether the name fits the pattern, and the shape the conditions."""
        return self._pattern.fullmatch(name) is not None and self._misfit(spec.shape) is None

    def obstacle(self, name: str, spec: TensorSpec) -> str | None:
        """Why the rule does not apply to a parameter; None where it does."""
        return self._misfit(spec.shape) if self.matches(name) else "its name does not match"

    def asks_as(self, other: Rule) -> bool:
        """Whether the rule applies to just what the other asks for, in the same words."""
        return (self.match, self.ndim, self.shape) == (other.match, other.ndim, other.shape)

    @property
    def conditions(self) -> tuple[str, ...]:
        """What the rule asks of a shape, as a recipe writes it: `ndim = [2, 3]`, `shape = ["*", 768]`."""
        asked = []
        if self.ndim is not None:
            asked.append(f"ndim = {_one_or_list(self._dimensions)}")
        if self.shape is not None:
            asked.append(f"shape = {_written(self.shape)}")
        return tuple(asked)

    def _misfit(self, shape: tuple[int, ...]) -> str | None:
        if self.ndim is not None and len(shape) not in self._dimensions:
            dimensions = "dimension" if len(shape) == 1 else "dimensions"
            asked = " or ".join(str(each) for each in self._dimensions)
            return f"it has {len(shape)} {dimensions}, not {asked}"
        if self.shape is not None and not (
            len(shape) == len(self.shape)
            and all(asked in (None, size) for asked, size in zip(self.shape, shape, strict=True))
        ):
            return f"its shape is {list(shape)}, not {_written(self.shape)}"
        return None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(translate(self.match)) if isinstance(self.match, str) else self.match

    @property
    def _dimensions(self) -> tuple[int, ...]:
        return () if self.ndim is None or isinstance(self.ndim, int) else self.ndim


def place_in_file(line: int | None, number: int) -> str:
    """How messages call a rule of which no more is known: `line 41: rule 3`."""
    return f"rule {number}" if line is None else f"line {line}: rule {number}"


def _sizes(key: str, sizes: tuple[Size, ...]) -> tuple[Size, ...]:
    for each in sizes:
        if each is not None and (not isinstance(each, int) or isinstance(each, bool) or each < 0):
            raise RecipeError(f"{key} holds {each!r}, which is not a whole number of at least 0")
    return sizes


def _one_or_list(numbers: tuple[int, ...]) -> str:
    return str(numbers[0]) if len(numbers) == 1 else str(list(numbers))


def _written(shape: tuple[int | None, ...]) -> str:
    return "[" + ", ".join('"*"' if size is None else str(size) for size in shape) + "]"
