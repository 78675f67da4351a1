"""A recipe: which parameter gets which initialiser, decided and checked before anything is filled."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..random import Generator
from ..shard import Shard
from .decision import Assignment, OrderedRules
from .document import read
from .errors import RecipeError, located, unknown
from .expression import Number
from .index import Index, box
from .rule import Rule
from .spec import TensorSpec
from .toml import parse
from .written import written


class Recipe:
    """Ordered rules that give each named parameter its initialiser; the first that applies decides.

    Every parameter must meet a rule, and every rule must decide something: one that decides nothing is
    misspelt, or stands behind one that takes all its names. Two recipes are equal if they are written alike
    (`to_toml`).

    Args:
        rules: in the order in which they are tried.
        tensors: the parameters by name. Without them the recipe can fill what exists
            (`fastinit.initialize_`), but write no checkpoint.
        ties: `{"lm_head.weight": "transformer.wte.weight"}`: the first is the second under another name.
        source: where the recipe comes from, for messages.
        allow_unmatched: whether a parameter may meet no rule: it stays as it is, and out of a checkpoint.
        allow_unused: whether a rule may decide nothing.

    Raises:
        RecipeError: something does not fit; the message says where it stands.

    Attributes:
        assignments: what is decided for each of `tensors`, those left out that are tied or meet no rule; the
            dtype of each is the one that a checkpoint stores.

    Source: fastinit's own; see docs/recipes.md.

    Examples:
        >>> rules = [Rule("*.bias", "zeros_"), Rule("*.weight", "normal_", {"std": 0.02})]
        >>> recipe = Recipe(rules, tensors={"0.weight": TensorSpec((3, 4)), "0.bias": TensorSpec((3,))})
        >>> print(recipe.explain("0.weight"))
        "0.weight" [3, 4] float32
        rule 1 (match = "*.bias") does not match
        rule 2 (match = "*.weight") decides: normal_(std=0.02)
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        *,
        tensors: Mapping[str, TensorSpec] | None = None,
        ties: Mapping[str, str] | None = None,
        source: str | None = None,
        allow_unmatched: bool = False,
        allow_unused: bool = False,
    ) -> None:
        self.rules = tuple(rules)
        self.tensors = dict(tensors or {})
        self.ties = dict(ties or {})
        self.source = source
        self.allow_unmatched = allow_unmatched
        self.allow_unused = allow_unused
        self._ordered = OrderedRules(self.rules, source, allow_unmatched)
        with located(source):
            self._check_names()
            for name in self.ties:
                self._check_tie(name)
        untied = {name: spec for name, spec in self.tensors.items() if name not in self.ties}
        self.assignments = self._ordered.decide(untied, stored=True)
        if self.tensors and not allow_unused:
            self._ordered.check_used(self.assignments)

    @classmethod
    def from_toml(
        cls, path: str | os.PathLike[str], *, variables: Mapping[str, Number | str] | None = None
    ) -> Recipe:
        """Reads a recipe from a TOML file, whose form `docs/recipes.md` describes.

        Args:
            path: the file.
            variables: what takes the place of entries of `[vars]`: numbers, or arithmetic.

        Raises:
            RecipeError: the file is no TOML, or no recipe, or it has no such variable;
                the message says where.
            OSError: the file cannot be read.
        """
        file = Path(path)
        return cls._parsed(
            read(file), source=str(file), directory=file.parent, path=file, variables=variables
        )

    @classmethod
    def from_text(
        cls,
        text: str,
        *,
        source: str | None = None,
        directory: str | os.PathLike[str] = ".",
        variables: Mapping[str, Number | str] | None = None,
    ) -> Recipe:
        """Reads a recipe from the text of a TOML file.

        Args:
            text: the TOML.
            source: what messages call it.
            directory: where the files that `like` and `base` name are looked for.
            variables: what takes the place of entries of `[vars]`: numbers, or arithmetic.

        Raises:
            RecipeError: the text is no TOML, or no recipe, or it has no such variable.
        """
        return cls._parsed(text, source=source, directory=Path(directory), path=None, variables=variables)

    @classmethod
    def _parsed(cls, text: str, *, source: str | None, **where: Any) -> Recipe:
        rules, tensors, ties, allow_unmatched, allow_unused = parse(text, source=source, **where)
        return cls(
            rules,
            tensors=tensors,
            ties=ties,
            source=source,
            allow_unmatched=allow_unmatched,
            allow_unused=allow_unused,
        )

    def with_tensors(
        self, tensors: Mapping[str, TensorSpec], ties: Mapping[str, str] | None = None
    ) -> Recipe:
        """The same rules for these tensors, such as `fastinit.recipe.tensors_of_model` gives them.

        Args:
            tensors: the parameters by name.
            ties: second names, beside those of the recipe, which decide where both have one.

        Raises:
            RecipeError: the recipe lists tensors of its own, none are given, or something does not fit.
        """
        with located(self.source):
            if self.tensors:
                raise RecipeError("the recipe lists tensors of its own, and takes no others")
            if not tensors:
                raise RecipeError("there are no tensors to apply the recipe to")
        return Recipe(
            self.rules,
            tensors=tensors,
            ties={**(ties or {}), **self.ties},
            source=self.source,
            allow_unmatched=self.allow_unmatched,
            allow_unused=self.allow_unused,
        )

    def to_toml(self) -> str:
        """The recipe as a TOML file that reads back as an equal one: numbers worked out, floats exact."""
        return self._text

    def digest(self) -> str:
        """A name of what the recipe says, 64 hexadecimal digits: BLAKE2b of `to_toml`."""
        return hashlib.blake2b(self._text.encode(), digest_size=32).hexdigest()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Recipe):
            return NotImplemented
        return self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    @cached_property
    def _text(self) -> str:
        flags = {"allow_unmatched": self.allow_unmatched, "allow_unused": self.allow_unused}
        rules = zip(self.rules, self._ordered.initialisers, strict=True)
        return written(rules, self.tensors, self.ties, flags)

    def key(self, name: str) -> str:
        """The name whose stream fills a parameter: that of its tie's source, else its own."""
        return self.ties.get(name, name)

    def leaves(self, name: str) -> bool:
        """Whether a parameter of this name stays as it is, whatever its shape: no rule's pattern fits it."""
        listed = not self.tensors or name in self.tensors
        return self.allow_unmatched and listed and not any(rule.matches(name) for rule in self.rules)

    def assign(self, specs: Mapping[str, TensorSpec]) -> dict[str, Assignment]:
        """Decides for parameters of these names, shapes and dtypes; tied ones are to be left out.

        Raises:
            RecipeError: no rule applies to a parameter; the recipe lists its tensors, and has it not or in
                another shape; a rule decides nothing; an initialiser refuses a shape or its arguments.
        """
        with located(self.source):
            for name, spec in specs.items():
                self._check_listed(name, spec)
        assignments = self._ordered.decide(specs, stored=False)
        if not self.tensors and not self.allow_unused:
            self._ordered.check_used(assignments)
        return assignments

    def assignment(self, name: str) -> Assignment:
        """What is decided for one of the recipe's tensors; for a tied name, what is for its source.

        Raises:
            RecipeError: the recipe has no such tensor, or leaves it as it is.
        """
        key = self.key(name)
        if key not in self.assignments:
            with located(self.source):
                if key in self.tensors:
                    raise RecipeError(f'tensor "{key}": no rule applies to it: it has no initial values')
                raise self._unknown(name)
        return self.assignments[key]

    def value(self, name: str, index: Index | tuple[Index, ...], seed: int) -> npt.NDArray[Any]:
        """Recomputes a slice of a parameter's initial values: the bits that a checkpoint holds there.

        Only the smallest box that holds the slice is computed, so a row of a huge matrix costs a row (for an
        initialiser that is not elementwise, what its docstring says).

        Args:
            name: one of the recipe's tensors, or a tied name.
            index: ints, slices of any step and at most one `...`, as NumPy's basic indexing; `...` is the
                whole.
            seed: the seed of the checkpoint.

        Returns:
            A new array of the dtype that a checkpoint stores and of the shape that the index gives.

        Raises:
            RecipeError: the recipe has no such tensor, or leaves it as it is.
            IndexError: the index does not fit its shape.

        Examples:
            >>> recipe = Recipe([Rule("*", "normal_")], tensors={"wte": TensorSpec((50257, 768))})
            >>> recipe.value("wte", (slice(7, 9), slice(None, 4)), seed=0).shape
            (2, 4)
        """
        assignment = self.assignment(name)
        whole, view = box(index if isinstance(index, tuple) else (index,), assignment.spec.shape)
        shard = Shard(assignment.spec.shape, whole)
        values = np.empty(shard.shape, assignment.spec.numpy_dtype)
        assignment.initialiser.fill(values, Generator(seed=seed).fork(assignment.name), shard)
        found: npt.NDArray[Any] = values[(*view, ...)]
        return found

    def explain(self, name: str) -> str:
        """Says which rule a parameter meets, and why it passes others on the way.

        Raises:
            RecipeError: the recipe lists its tensors, and this is none of them.
        """
        key = self.key(name)
        if self.tensors and key not in self.tensors:
            with located(self.source):
                raise self._unknown(name)
        spec = self.tensors.get(key)
        tie = [f'"{name}" is tied to "{key}"'] if key != name else []
        head = f'"{key}"' if spec is None else f'"{key}" {spec}'
        return "\n".join([*tie, head, *self._ordered.explain(key, spec)])

    def place(self, number: int) -> str:
        """How messages call a rule: `line 41: rule 3 (match = "*.bias")`; its file first, if a base's."""
        return self._ordered.place(number)

    def _check_listed(self, name: str, spec: TensorSpec) -> None:
        if not self.tensors:
            return
        if name not in self.tensors:
            raise unknown("tensor", name, self.tensors)
        if spec.shape != self.tensors[name].shape:
            raise RecipeError(f'tensor "{name}": it is {spec}, but the recipe says {self.tensors[name]}')

    def _check_names(self) -> None:
        """Refuses what no UTF-8 can write: neither a stream nor a file can be called so."""
        for text in (
            *self.tensors,
            *self.ties,
            *self.ties.values(),
            *map(str, (*self.rules, *self._ordered.initialisers)),
        ):
            try:
                text.encode()
            except UnicodeEncodeError:
                raise RecipeError(f"{text!r} holds half of a surrogate pair, which is no character") from None

    def _check_tie(self, name: str) -> None:
        source = self.ties[name]
        with located(f'tie "{name}"'):
            if source in self.ties:
                raise RecipeError(f'"{source}" is itself tied, to "{self.ties[source]}"')
            if not self.tensors:
                return
            if source not in self.tensors:
                raise unknown("tensor", source, self.tensors)
            if name in self.tensors and self.tensors[name] != self.tensors[source]:
                raise RecipeError(f'it is {self.tensors[name]}, but "{source}" is {self.tensors[source]}')

    def _unknown(self, name: str) -> RecipeError:
        return unknown("tensor", name, {*self.tensors, *self.ties})
