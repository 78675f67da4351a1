"""The functions of PyTorch that a mode sees, and what fills in their place."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch

from ... import random
from ...nn import init
from ...random import Generator
from ...random.bounds import FLOATING
from ...shard import Shard
from .filling import Fill, Untouched, as_number, fill, require_unrecorded
from .opened import Opened

__all__ = ["CALLS", "call_of_init"]

#: What is called with the open context and the arguments of a function in that function's place. Whatever it
#: raises means that the function has to be called after all.
Call = Callable[..., torch.Tensor]


def _method(run: Fill, **names: str) -> Call:
    """A method of Tensor that fills it; `names` are its keywords, each with that of `run`."""

    def call(
        opened: Opened, tensor: torch.Tensor, *arguments: Any, generator: Any = None, **keywords: Any
    ) -> torch.Tensor:
        require_unrecorded(tensor)
        numbers = map(as_number, arguments)
        named = {names[key]: as_number(value) for key, value in keywords.items()}
        return fill(opened, tensor, run, *numbers, generator=generator, **named)

    return call


def _random_(
    opened: Opened, tensor: torch.Tensor, *arguments: Any, generator: Any = None, **keywords: Any
) -> torch.Tensor:
    require_unrecorded(tensor)
    low, high = _range(arguments, keywords, "from", "to") if arguments or keywords else (0, None)
    return fill(opened, tensor, _integers, low, high, generator=generator)


def _uniform_(
    opened: Opened, tensor: torch.Tensor, a: Any = 0.0, b: Any = 1.0, generator: Any = None
) -> torch.Tensor:
    return fill(opened, tensor, init.uniform_, as_number(a), as_number(b), generator=generator)


def _normal_(
    opened: Opened, tensor: torch.Tensor, mean: Any = 0.0, std: Any = 1.0, generator: Any = None
) -> torch.Tensor:
    return fill(opened, tensor, init.normal_, as_number(mean), as_number(std), generator=generator)


def _kaiming_uniform_(
    opened: Opened,
    tensor: torch.Tensor,
    a: Any = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> torch.Tensor:
    return fill(opened, tensor, init.kaiming_uniform_, a, mode, nonlinearity, generator=generator)


def _created(make: Callable[..., torch.Tensor], run: Fill) -> Call:
    """A function that returns what `make` makes of the same arguments, filled."""

    def call(
        opened: Opened, *arguments: Any, generator: Any = None, out: Any = None, **keywords: Any
    ) -> torch.Tensor:
        if out is not None or keywords.get("names") is not None:
            raise Untouched
        return fill(opened, make(*arguments, **keywords), run, generator=generator, fresh=True)

    return call


def _normal(
    opened: Opened, *arguments: Any, generator: Any = None, out: Any = None, **keywords: Any
) -> torch.Tensor:
    given = _named(arguments, keywords, ("mean", "std", "size"))
    if not given.keys() >= {"mean", "std", "size"}:
        raise Untouched
    mean, std, size = given.pop("mean"), given.pop("std"), given.pop("size")
    # Tensors are of another form of the function, also those without dimensions.
    if out is not None or not (isinstance(mean, (float, int)) and isinstance(std, (float, int))):
        raise Untouched
    return fill(opened, torch.empty(size, **given), random.normal, mean, std, generator=generator, fresh=True)


def _randint(
    opened: Opened,
    *arguments: Any,
    size: Any = None,
    dtype: torch.dtype | None = None,
    generator: Any = None,
    out: Any = None,
    **keywords: Any,
) -> torch.Tensor:
    if out is not None:
        raise Untouched
    if size is None:
        *given, size = arguments
        arguments = tuple(given)
    low, high = _range(arguments, keywords, "low", "high")
    tensor = torch.empty(size, dtype=torch.int64 if dtype is None else dtype, **keywords)
    return fill(opened, tensor, _integers, low, high, generator=generator, fresh=True)


def _randint_like(
    opened: Opened, input: torch.Tensor, *arguments: Any, generator: Any = None, **keywords: Any
) -> torch.Tensor:
    low, high = _range(arguments, keywords, "low", "high")
    tensor = torch.empty_like(input, **keywords)
    return fill(opened, tensor, _integers, low, high, generator=generator, fresh=True)


def _range(arguments: Iterable[Any], keywords: dict[str, Any], low: str, high: str) -> tuple[int, int | None]:
    """Takes the ends of a range of integers from the arguments; one alone is its end."""
    arguments = tuple(arguments)
    names = (high,) if len(arguments) == 1 and high not in keywords else (low, high)
    given = _named(arguments, keywords, names)
    if high not in given:
        raise Untouched
    for name in (low, high):
        keywords.pop(name, None)
    first, last = given.get(low, 0), given[high]
    return _as_int(first), None if last is None and low == "from" else _as_int(last)


def _named(arguments: tuple[Any, ...], keywords: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """The arguments by name, with those that were given by name."""
    named = dict(zip(names[: len(arguments)], arguments, strict=True))
    if named.keys() & keywords.keys():
        raise Untouched
    return named | keywords


def _as_int(value: Any) -> int:
    if isinstance(value, bool):
        raise Untouched
    return operator.index(as_number(value))


def _integers(
    array: np.ndarray[Any, np.dtype[Any]],
    low: int,
    high: int | None,
    generator: Generator | None = None,
    shard: Shard | None = None,
) -> None:
    """Fills as `random.integers`, where PyTorch would not warn of what the dtype cannot hold exactly."""
    limits = FLOATING.get(array.dtype.type.__name__)
    if limits is not None and max(abs(low), abs(high or 0)) > 1 << limits.digits:
        raise Untouched
    random.integers(array, low, high, generator, shard)


_OF_INIT: dict[str, Call] = {
    "uniform_": _uniform_,
    "normal_": _normal_,
    "kaiming_uniform_": _kaiming_uniform_,
}


def call_of_init(func: Any) -> Call | None:
    """Returns what fills in the place of a function of `torch.nn.init`, given what stands there by now.

    These tell a mode what they find under their own name, not themselves. While transformers initialises a
    model, that is a function of its own, which has been passed by then.
    """
    return next((call for name, call in _OF_INIT.items() if getattr(torch.nn.init, name) is func), None)


#: By the function as a mode is given it.
CALLS: dict[Any, Call] = {
    **{getattr(torch.nn.init, name): call for name, call in _OF_INIT.items()},
    torch.Tensor.uniform_: _method(random.uniform, **{"from": "low", "to": "high"}),
    torch.Tensor.normal_: _method(random.normal, mean="mean", std="std"),
    torch.Tensor.bernoulli_: _method(random.bernoulli, p="p"),
    torch.Tensor.exponential_: _method(random.exponential, lambd="lambd"),
    torch.Tensor.log_normal_: _method(random.log_normal, mean="mean", std="std"),
    torch.Tensor.cauchy_: _method(random.cauchy, median="median", sigma="sigma"),
    torch.Tensor.geometric_: _method(random.geometric, p="p"),
    torch.Tensor.random_: _random_,
    torch.rand: _created(torch.empty, random.uniform),
    torch.randn: _created(torch.empty, random.normal),
    torch.rand_like: _created(torch.empty_like, random.uniform),
    torch.randn_like: _created(torch.empty_like, random.normal),
    torch.normal: _normal,
    torch.randint: _randint,
    torch.randint_like: _randint_like,
}
