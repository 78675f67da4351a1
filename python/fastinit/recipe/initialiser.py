"""An initialiser of `fastinit.nn.init` together with the arguments that a rule gives it."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ..nn import init
from ..random import Generator
from ..shard import Shard
from .errors import RecipeError, unknown
from .spec import TensorSpec

Argument = int | float | str | bool


@dataclass(frozen=True)
class Initialiser:
    """A function of `fastinit.nn.init` bound to its arguments. Made by `bind`, which checks them."""

    name: str
    arguments: Mapping[str, Argument]

    def __str__(self) -> str:
        """The call as one would write it: `normal_(std=0.02)`."""
        given = (f"{key}={_written(value)}" for key, value in self.arguments.items())
        return f"{self.name}({', '.join(given)})"

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


def bind(name: str, arguments: Mapping[str, Argument]) -> Initialiser:
    """Checks that `fastinit.nn.init` has the function, and that it takes these arguments.

    Raises:
        RecipeError: there is no such initialiser, it has no such argument, one that it needs is missing, or
            one is of the wrong kind (a text where it takes a number).
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
    return Initialiser(name, dict(arguments))


@cache
def initialisers() -> tuple[str, ...]:
    """The names that a rule may give: the in-place functions of `fastinit.nn.init`."""
    return tuple(name for name in init.__all__ if name.endswith("_"))


@cache
def parameters(name: str) -> Mapping[str, inspect.Parameter]:
    """What a rule may set: all the arguments of the function but the tensor, the generator and the shard."""
    settable = list(_signature(name).values())[1:]
    return {each.name: each for each in settable if each.name not in ("generator", "shard")}


def kind(name: str, key: str) -> str:
    """What the argument `key` of the initialiser `name` is: a "text", a "truth value" or a "number"."""
    default = parameters(name)[key].default
    return "number" if default is inspect.Parameter.empty else _kind(default)


def _kind(value: Argument) -> str:
    return {str: "text", bool: "truth value"}.get(type(value), "number")


@cache
def _signature(name: str) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(getattr(init, name)).parameters


def _written(value: Argument) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return f'"{value}"' if isinstance(value, str) else str(value)
