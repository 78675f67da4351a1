"""Which rule each parameter meets, and what is wrong where one meets none, or a rule meets no parameter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from .errors import RecipeError, located
from .initialiser import Initialiser, bind
from .rule import Rule, place_in_file
from .spec import TensorSpec


@dataclass(frozen=True)
class Assignment:
    """What a recipe decides for one parameter: which of its rules it meets, and the call that follows.

    Args:
        name: the parameter's name.
        spec: its shape and the dtype in which a checkpoint stores it.
        rule: the number of the rule, from 0.
        initialiser: the function of `fastinit.nn.init` that the rule names, bound to its arguments.

    Source: fastinit's own; see docs/recipes.md.
    """

    name: str
    spec: TensorSpec
    rule: int
    initialiser: Initialiser


class OrderedRules:
    """Rules, each bound to its initialiser, of which the first that applies to a parameter decides.

    Args:
        rules: in the order in which they are tried.
        source: the file in which they stand, for messages; a rule may name another.
        allow_unmatched: whether a parameter may meet none.

    Raises:
        RecipeError: an initialiser is none, or does not take its arguments.
    """

    def __init__(self, rules: Iterable[Rule], source: str | None, allow_unmatched: bool) -> None:
        self.rules = tuple(rules)
        self._source = source
        self._allow_unmatched = allow_unmatched
        self.initialisers = tuple(self._bind(number) for number in range(len(self.rules)))

    def place(self, number: int) -> str:
        """How messages call a rule: `line 41: rule 3 (match = "*.bias")`; its file first, if it names one."""
        rule = self.rules[number]
        file = "" if rule.source is None else f"{rule.source}: "
        return f"{file}{place_in_file(rule.line, rule.number or number + 1)} {rule}"

    def decide(self, specs: Mapping[str, TensorSpec], *, stored: bool) -> dict[str, Assignment]:
        """Finds the rule of each parameter, and tries each call once for all that are alike.

        Args:
            specs: the parameters.
            stored: whether they are to have the dtype that their rule stores, instead of their own.

        Raises:
            RecipeError: no rule applies to a parameter, or an initialiser refuses one.
        """
        assignments: dict[str, Assignment] = {}
        checked: set[tuple[int, TensorSpec]] = set()
        for name, given in specs.items():
            number = self._first(name, given)
            if number is None:
                continue
            dtype = self.rules[number].dtype if stored else None
            spec = given if dtype is None else replace(given, dtype=dtype)
            assignments[name] = Assignment(name, spec, number, self.initialisers[number])
            if (number, spec) not in checked:
                checked.add((number, spec))
                with self._at(number), located(f'tensor "{name}"'):
                    self.initialisers[number].check(spec)
        return assignments

    def check_used(self, assignments: Mapping[str, Assignment]) -> None:
        """Sees to it that every rule decides something.

        Raises:
            RecipeError: one decides nothing; the message says what comes closest.
        """
        busy = {each.rule for each in assignments.values()}
        for number, rule in enumerate(self.rules):
            if number in busy:
                continue
            with self._at(number):
                named = [each for each in assignments.values() if rule.matches(each.name)]
                taken = next((each for each in named if rule.applies(each.name, each.spec)), None)
                if taken is not None:
                    first = f'{self.place(taken.rule)} comes first and takes "{taken.name}"'
                    raise RecipeError(f"decides nothing: {first}")
                if not named:
                    raise RecipeError("matches no tensor")
                near = named[0]
                obstacle = rule.obstacle(near.name, near.spec)
                raise RecipeError(f'matches no tensor: "{near.name}" fits by its name, but {obstacle}')

    def explain(self, name: str, spec: TensorSpec | None) -> Iterator[str]:
        """Says a line for each rule that a parameter passes, and one for the rule that decides.

        Args:
            name: the parameter.
            spec: what is known of it; None: no more than its name.
        """
        for number, rule in enumerate(self.rules):
            stored = "" if rule.dtype is None else f", stored as {rule.dtype}"
            decision = f"decides: {self.initialisers[number]}{stored}"
            obstacle = None if spec is None else rule.obstacle(name, spec)
            if not rule.matches(name):
                yield f"{self.place(number)} does not match"
            elif obstacle is not None:
                yield f"{self.place(number)} does not apply: {obstacle}"
            elif spec is None and rule.conditions:
                yield f"{self.place(number)}, where {' and '.join(rule.conditions)}, {decision}"
            else:
                yield f"{self.place(number)} {decision}"
                return
        yield "no rule matches" + (": it stays as it is" if self._allow_unmatched else "")

    def _at(self, number: int) -> located:
        """A context that puts the file and the place of a rule before the message of an error inside."""
        own = self.rules[number].source is None and self._source is not None
        return located(f"{self._source}: {self.place(number)}" if own else self.place(number))

    def _bind(self, number: int) -> Initialiser:
        rule = self.rules[number]
        with self._at(number):
            return bind(rule.init, rule.arguments, rule.layout)

    def _first(self, name: str, spec: TensorSpec) -> int | None:
        for number, rule in enumerate(self.rules):
            if rule.applies(name, spec):
                return number
        if self._allow_unmatched:
            return None
        near = next((number for number, rule in enumerate(self.rules) if rule.matches(name)), None)
        why = (
            "" if near is None else f"; {self.place(near)} does not: {self.rules[near].obstacle(name, spec)}"
        )
        with located(self._source):
            raise RecipeError(f'tensor "{name}": no rule matches it{why}')
