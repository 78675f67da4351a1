"""A recipe: which parameter gets which initialiser, decided and checked before anything is filled."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import RecipeError, located, unknown
from .initialiser import Initialiser, bind
from .rule import Rule
from .spec import TensorSpec
from .toml import parse


@dataclass(frozen=True)
class Assignment:
    """What a recipe decides for one parameter: which of its rules it meets, and the call that follows."""

    name: str
    spec: TensorSpec
    rule: int
    initialiser: Initialiser


class Recipe:
    """Ordered rules that give each named parameter its initialiser; the first that matches decides.

    Every parameter must be matched, and every rule must decide something: one that decides nothing is
    misspelt, or stands behind one that takes all its names.

    Args:
        rules: in the order in which they are tried.
        tensors: the parameters by name. Without them the recipe can fill what exists
            (`fastinit.initialize_`), but write no checkpoint.
        ties: `{"lm_head.weight": "transformer.wte.weight"}`: the first is the second under another name.
        source: where the recipe comes from, for messages.

    Raises:
        RecipeError: something does not fit; the message says where it stands.

    Attributes:
        assignments: what is decided for each of `tensors`, tied ones left out.

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
    ) -> None:
        self.rules = tuple(rules)
        self.tensors = dict(tensors or {})
        self.ties = dict(ties or {})
        self.source = source
        self.assignments: dict[str, Assignment] = {}
        with located(source):
            self._initialisers = tuple(self._bind(number) for number in range(len(self.rules)))
            for name in self.ties:
                with located(f'tie "{name}"'):
                    self._check_tie(name)
        if self.tensors:
            untied = {name: spec for name, spec in self.tensors.items() if name not in self.ties}
            self.assignments = self.assign(untied)

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str]) -> Recipe:
        """Reads a recipe from a TOML file, whose form `docs/recipes.md` describes.

        Raises:
            RecipeError: the file is no TOML, or no recipe; the message says where.
            OSError: the file cannot be read.
        """
        file = Path(path)
        with located(str(file)):
            try:
                text = file.read_bytes().decode("utf-8-sig")
            except UnicodeDecodeError as error:
                raise RecipeError(f"not UTF-8 text: {error.reason} at byte {error.start}") from None
        return cls.from_text(text, source=str(file), directory=file.parent)

    @classmethod
    def from_text(
        cls, text: str, *, source: str | None = None, directory: str | os.PathLike[str] = "."
    ) -> Recipe:
        """Reads a recipe from the text of a TOML file.

        Args:
            text: the TOML.
            source: what messages call it.
            directory: where a file that `like` names is looked for.

        Raises:
            RecipeError: the text is no TOML, or no recipe.
        """
        with located(source):
            parts = parse(text, Path(directory))
        return cls(parts.rules, tensors=parts.tensors, ties=parts.ties, source=source)

    def key(self, name: str) -> str:
        """The name whose stream fills a parameter: that of its tie's source, else its own."""
        return self.ties.get(name, name)

    def assign(self, specs: Mapping[str, TensorSpec]) -> dict[str, Assignment]:
        """Decides for parameters of these names, shapes and dtypes; tied ones are to be left out.

        Raises:
            RecipeError: no rule matches a parameter; the recipe lists its tensors, and has it not or in
                another shape; a rule decides nothing; an initialiser refuses a shape or its arguments.
        """
        with located(self.source):
            assignments = {name: self._decide(name, spec) for name, spec in specs.items()}
            if not self.assignments:
                self._check_idle(assignments)
            for each in assignments.values():
                with located(f'{self.place(each.rule)}: tensor "{each.name}"'):
                    each.initialiser.check(each.spec)
        return assignments

    def explain(self, name: str) -> str:
        """Says which rule a parameter meets, and which it passes on the way.

        Raises:
            RecipeError: the recipe lists its tensors, and this is none of them.
        """
        key = self.key(name)
        if self.tensors and key not in self.assignments:
            with located(self.source):
                raise unknown("tensor", name, {*self.tensors, *self.ties})
        lines = [f'"{name}" is tied to "{key}"'] if key != name else []
        lines.append(f'"{key}" {self.tensors[key]}' if key in self.tensors else f'"{key}"')
        for number, rule in enumerate(self.rules):
            if rule.matches(key):
                return "\n".join([*lines, f"{self.place(number)} decides: {self._initialisers[number]}"])
            lines.append(f"{self.place(number)} does not match")
        return "\n".join([*lines, "no rule matches"])

    def place(self, number: int) -> str:
        """How messages call a rule: `line 41: rule 3 (match = "*.bias")`."""
        rule = self.rules[number]
        line = "" if rule.line is None else f"line {rule.line}: "
        return f'{line}rule {number + 1} (match = "{rule.match}")'

    def _bind(self, number: int) -> Initialiser:
        rule = self.rules[number]
        with located(self.place(number)):
            return bind(rule.init, rule.arguments)

    def _decide(self, name: str, spec: TensorSpec) -> Assignment:
        if self.tensors:
            if name not in self.tensors:
                raise unknown("tensor", name, self.tensors)
            if spec.shape != self.tensors[name].shape:
                raise RecipeError(f'tensor "{name}": it is {spec}, but the recipe says {self.tensors[name]}')
        for number, rule in enumerate(self.rules):
            if rule.matches(name):
                return Assignment(name, spec, number, self._initialisers[number])
        raise RecipeError(f'tensor "{name}": no rule matches it')

    def _check_idle(self, assignments: Mapping[str, Assignment]) -> None:
        busy = {each.rule for each in assignments.values()}
        for number, rule in enumerate(self.rules):
            if number in busy:
                continue
            taken = next((each for each in assignments.values() if rule.matches(each.name)), None)
            if taken is None:
                raise RecipeError(f"{self.place(number)}: matches no tensor")
            first = f'{self.place(taken.rule)} comes first and takes "{taken.name}"'
            raise RecipeError(f"{self.place(number)}: decides nothing: {first}")

    def _check_tie(self, name: str) -> None:
        source = self.ties[name]
        if source in self.ties:
            raise RecipeError(f'"{source}" is itself tied, to "{self.ties[source]}"')
        if not self.tensors:
            return
        if source not in self.tensors:
            raise unknown("tensor", source, self.tensors)
        if name in self.tensors and self.tensors[name] != self.tensors[source]:
            raise RecipeError(f'it is {self.tensors[name]}, but "{source}" is {self.tensors[source]}')
