"""What a scheme decides for each parameter, and the few rules of a recipe that say the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ..nn.init import Layout
from ..recipe import Recipe, Rule, TensorSpec
from ..recipe.initialiser import Argument
from .model import Model

__all__ = ["ONES", "ZEROS", "Call", "embedded", "normal", "recipe_of", "refuse_normalisations"]


@dataclass(frozen=True)
class Call:
    """An initialiser with its arguments, as a rule gives them.

    Args:
        init: the name of a function of `fastinit.nn.init`.
        arguments: its arguments by name.
        layout: which matrices the parameter holds.
    """

    init: str
    arguments: Mapping[str, Argument] = field(default_factory=dict, hash=False)
    layout: Layout | None = None


ZEROS, ONES = Call("zeros_"), Call("ones_")

_SCALES = frozenset({"weight", "gamma", "g", "scale", "gain", "multiplier"})
"""How vectors are called that multiply: the scales of normalisations, Fixup's multipliers."""


def normal(std: float) -> Call:
    """Normal values of mean 0."""
    return Call("normal_", {"std": std})


def embedded(spec: TensorSpec) -> Call:
    """Normal values of variance 1 / d, for rows of d values: times sqrt(d), they have variance 1."""
    return normal(spec.shape[-1] ** -0.5 if spec.shape and spec.shape[-1] else 1.0)


def recipe_of(
    what: str,
    model: Model,
    matrices: Callable[[str, TensorSpec], Call],
    rules: Iterable[Rule],
    vectors: Mapping[str, Call] | None = None,
) -> Recipe:
    """The recipe that says what a scheme decides.

    Biases are 0 and the scales of normalisations 1, unless the scheme says otherwise.

    Args:
        what: the scheme, for messages.
        model: the parameters.
        matrices: gives the call for a parameter of 2 dimensions or more.
        rules: the caller's own, which are tried first.
        vectors: what the scheme says of other parameters by name.

    Raises:
        ValueError: nothing says how a parameter starts.
        RecipeError: a rule of the caller's decides nothing, or an initialiser refuses a shape.
    """
    rules = tuple(rules)
    calls: dict[str, Call] = {}
    unknown = []
    for name, spec in model.tensors.items():
        if any(rule.applies(name, spec) for rule in rules):
            continue
        call = (vectors or {}).get(name) or _constant(name, spec)
        if call is None and len(spec.shape) > 1:
            call = matrices(name, spec)
        if call is None:
            unknown.append(name)
        else:
            calls[name] = call
    if unknown:
        shown = ", ".join(f'"{name}" {list(model.tensors[name].shape)}' for name in unknown[:5])
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        raise ValueError(
            f'{what}: it does not say how {shown}{more} start: add rules=[Rule("{unknown[0]}", ...)]'
        )
    return Recipe([*rules, *_rules(model.tensors, calls)], tensors=model.tensors, ties=model.ties)


def refuse_normalisations(what: str, model: Model, rules: Iterable[Rule]) -> None:
    """Sees to it that a model for a scheme that takes the place of normalisations has none.

    Raises:
        ValueError: it has some, and no rule of the caller's is for them.
    """
    rules = tuple(rules)
    for name in model.normalisations:
        if not any(rule.applies(name, model.tensors[name]) for rule in rules):
            raise ValueError(
                f'{what}: "{name}" scales a normalisation, and the scheme is for models without any: replace '
                f'it by nn.Identity, or add rules=[Rule("{name}", "ones_")]'
            )


def _constant(name: str, spec: TensorSpec) -> Call | None:
    last = name.rpartition(".")[2]
    if "bias" in last.lower() or last == "beta":
        return ZEROS
    # One number called "weight" is rather the slope of a PReLU.
    if len(spec.shape) < 2 and last in _SCALES and (last != "weight" or spec.shape not in ((), (1,))):
        return ONES
    return None


def _rules(tensors: Mapping[str, TensorSpec], calls: Mapping[str, Call]) -> Iterator[Rule]:
    """One rule for the layers that differ in nothing but their numbers; their shapes where those decide."""
    families: dict[tuple[str, ...], list[str]] = {}
    for name in calls:
        family = tuple("#" if part.isdigit() else part for part in name.split("."))
        families.setdefault(family, []).append(name)
    for family, names in families.items():
        if _agree(calls[name] for name in names):
            yield _rule(family, names, calls[names[0]])
            continue
        by_shape: dict[tuple[int, ...], list[str]] = {}
        for name in names:
            by_shape.setdefault(tensors[name].shape, []).append(name)
        for shape, alike in by_shape.items():
            if _agree(calls[name] for name in alike):
                yield _rule(family, alike, calls[alike[0]], shape)
            else:
                for name in alike:
                    yield _rule(tuple(name.split(".")), [name], calls[name])


def _agree(calls: Iterable[Call]) -> bool:
    first, *others = calls
    return all(each == first for each in others)


def _rule(
    family: Iterable[str], names: Iterable[str], call: Call, shape: tuple[int, ...] | None = None
) -> Rule:
    first, *others = names
    match: str | re.Pattern[str] = first
    if others or any(each in first for each in "*?["):
        match = re.compile(r"\.".join(r"\d+" if part == "#" else re.escape(part) for part in family))
    return Rule(match, call.init, call.arguments, shape=shape, layout=call.layout)
