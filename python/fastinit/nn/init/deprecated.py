"""The names that initialisers had before they ended in an underscore, which warn and do the same."""

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from .elementwise import constant_, normal_, uniform_
from .orthogonal import orthogonal_
from .scaled import kaiming_normal_, kaiming_uniform_, xavier_normal_, xavier_uniform_
from .structured import dirac_, eye_, sparse_

__all__ = [
    "constant",
    "dirac",
    "eye",
    "kaiming_normal",
    "kaiming_uniform",
    "normal",
    "orthogonal",
    "sparse",
    "uniform",
    "xavier_normal",
    "xavier_uniform",
]

P = ParamSpec("P")
R = TypeVar("R")


def _deprecate(initialiser: Callable[P, R]) -> Callable[P, R]:
    new_name = initialiser.__name__
    old_name = new_name.removesuffix("_")

    @functools.wraps(initialiser)
    def deprecated(*args: P.args, **kwargs: P.kwargs) -> R:
        warnings.warn(
            f"`nn.init.{old_name}` is now deprecated in favor of `nn.init.{new_name}`.",
            FutureWarning,
            stacklevel=2,
        )
        return initialiser(*args, **kwargs)

    deprecated.__name__ = deprecated.__qualname__ = old_name
    deprecated.__doc__ = _docstring(initialiser.__doc__, old_name, new_name)
    return deprecated


def _docstring(of_initialiser: str | None, old_name: str, new_name: str) -> str:
    """What stands there of an initialiser's arguments, errors and source, without its examples."""
    _, *parts = inspect.cleandoc(of_initialiser or "").split("\n\n")
    sections = [part for part in parts if part.startswith(("Args:", "Returns:", "Raises:", "Draws:"))]
    return "\n\n".join(
        [
            f"The former name of `{new_name}`, an alias of it that warns and does the same.",
            *sections,
            "Warns:\n    FutureWarning: always.",
            f"Source:\n    torch.nn.init.{old_name}; see `{new_name}`.",
        ]
    )


constant = _deprecate(constant_)
dirac = _deprecate(dirac_)
eye = _deprecate(eye_)
kaiming_normal = _deprecate(kaiming_normal_)
kaiming_uniform = _deprecate(kaiming_uniform_)
normal = _deprecate(normal_)
orthogonal = _deprecate(orthogonal_)
sparse = _deprecate(sparse_)
uniform = _deprecate(uniform_)
xavier_normal = _deprecate(xavier_normal_)
xavier_uniform = _deprecate(xavier_uniform_)
