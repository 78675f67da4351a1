"""An initialiser of `fastinit.nn.init` together with the arguments that a rule gives it."""

from __future__ import annotations

import inspect
import math
import numbers
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, Final

import numpy as np

from ..nn import init
from ..nn.init import Layout
from ..random import Generator
from ..shard import Shard
from .errors import RecipeError, unknown
from .spec import TensorSpec

Argument = int | float | str | bool

_OF_WHOLE_MATRICES: Final = frozenset({"delta_orthogonal_", "orthogonal_", "sparse_"})
_NOT_ARGUMENTS: Final = frozenset({"generator", "shard", "layout"})


@dataclass(frozen=True)
class Initialiser:
    """A function of `fastinit.nn.init` bound to its arguments. Made by `bind`, which checks them."""

    name: str
    arguments: Mapping[str, Argument] = field(hash=False)
    layout: Layout | None = None

    def __str__(self) -> str:
        """The call as one would write it: `normal_(std=0.02)`."""
        given = [f"{key}={_written(value)}" for key, value in self.arguments.items()]
        if self.layout is not None:
            given.append(f"layout={_of(self.layout)}")
        return f"{self.name}({', '.join(given)})"

    @property
    def elementwise(self) -> bool:
        """Whether a box of a tensor costs no more than a box; else it costs whole matrices."""
        return self.name not in _OF_WHOLE_MATRICES

    def fill(self, tensor: Any, generator: Generator, shard: Shard | None = None) -> None:
        """Fills a tensor, or the box of it that `shard` says, in place.

        Args:
            tensor: whatever `fastinit.nn.init` fills: Tensor, ndarray, memory map.
            generator: where the values come from; every parameter has its own.
            shard: which box of which whole tensor `tensor` is; None: it is whole.
        """
        accepted = _signature(self.name)
        options: dict[str, Any] = dict(self.arguments)
        if "generator" in accepted:
            options["generator"] = generator
        # The constants take no shard, and need none: every box of them is alike.
        if "shard" in accepted:
            options["shard"] = shard
        if self.layout is not None:
            options["layout"] = self.layout
        getattr(init, self.name)(tensor, **options)

    def check(self, spec: TensorSpec) -> None:
        """Tries the call on an empty box of such a tensor: all is checked, next to nothing computed.

        Raises:
            RecipeError: the initialiser refuses the shape, the dtype or an argument.
        """
        shard = Shard(spec.shape, (slice(0, 0),) * len(spec.shape))
        trial = np.empty(shard.shape, spec.numpy_dtype)
        try:
            with warnings.catch_warnings(action="ignore"):  # the fill will warn
                self.fill(trial, Generator(seed=0), shard)
        except (ValueError, TypeError, RuntimeError, ArithmeticError) as error:
            raise RecipeError(f"{self}: {error}") from None


def bind(name: str, arguments: Mapping[str, Argument], layout: Layout | None = None) -> Initialiser:
    """Checks that `fastinit.nn.init` has the function, and that it takes these arguments.

    Args:
        name: the function.
        arguments: what it is given, by name.
        layout: which matrices a tensor holds; for a function that depends on them.

    Raises:
        RecipeError: there is no such initialiser, it has no such argument, one that it needs is missing, one
            is of the wrong kind (a text where it takes a number) or not finite, or it takes no layout.
    """
    if name not in initialisers():
        raise unknown("initialiser", name, initialisers())
    accepted = parameters(name)
    for key, value in arguments.items():
        if key not in accepted:
            raise unknown(f"argument of {name}", key, accepted)
        if _kind(value) != kind(name, key):
            raise RecipeError(f"{key} = {_written(value)}: {name} takes a {kind(name, key)} here")
    missing = [key for key, each in accepted.items() if each.default is each.empty and key not in arguments]
    if missing:
        raise RecipeError(f"{name} needs {' and '.join(missing)}")
    if layout is not None and not takes_layout(name):
        raise RecipeError(f"{name} reads no fans, so that {_of(layout)} has no meaning for it")
    return Initialiser(
        name, {key: _plain(key, arguments[key]) for key in accepted if key in arguments}, layout
    )


@cache
def initialisers() -> tuple[str, ...]:
    """The names that a rule may give: the in-place functions of `fastinit.nn.init`."""
    return tuple(name for name in init.__all__ if name.endswith("_"))


@cache
def parameters(name: str) -> Mapping[str, inspect.Parameter]:
    """What a rule may set as an argument: not the tensor, nor what `fill` gives."""
    settable = list(_signature(name).values())[1:]
    return {each.name: each for each in settable if each.name not in _NOT_ARGUMENTS}


def takes_layout(name: str) -> bool:
    """Whether the initialiser `name` depends on which matrices a tensor holds."""
    return "layout" in _signature(name)


def kind(name: str, key: str) -> str:
    """What the argument `key` of the initialiser `name` is: a "text", a "truth value" or a "number"."""
    default = parameters(name)[key].default
    return "number" if default is inspect.Parameter.empty else _kind(default)


def _kind(value: Argument) -> str:
    return {str: "text", bool: "truth value"}.get(type(value), "number")


def _plain(key: str, value: Argument) -> Argument:
    """The same value as one of Python's own types: NumPy's floats are written otherwise."""
    if isinstance(value, str | bool):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if not isinstance(value, numbers.Real) or not math.isfinite(value):
        raise RecipeError(f"{key} = {value!r}: it must be a finite number")
    return float(value)


@cache
def _signature(name: str) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(getattr(init, name)).parameters


def _written(value: Argument) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _of(layout: Layout) -> str:
    """The layout without what is left at its default: `Layout(splits=3)`."""
    given = [(each.name, getattr(layout, each.name), each.default) for each in fields(layout)]
    return f"Layout({', '.join(f'{name}={value!r}' for name, value, default in given if value != default)})"
