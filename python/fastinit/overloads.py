"""Functions that may be called in several ways: PyTorch's message where the arguments fit none."""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["is_integer", "no_overload"]


def is_integer(value: object) -> bool:
    """Tells whether PyTorch reads a value as an int: not a bool, but a tensor of one integer."""
    return hasattr(value, "__index__") and not isinstance(value, bool)


def no_overload(
    function: str, arguments: Sequence[Any], named: Mapping[str, Any], overloads: Sequence[str]
) -> TypeError:
    """Returns the exception, to be raised.

    Args:
        function: its name.
        arguments: what was given by position.
        named: what was given by name.
        overloads: the ways to call it, as PyTorch writes them.
    """
    given = [_class_name(value) for value in arguments]
    given += [f"{name}={_class_name(value)}, " for name, value in named.items()]
    return TypeError(
        f"{function}() received an invalid combination of arguments - got ({', '.join(given)}), but expected "
        "one of:" + "".join(f"\n * ({overload})" for overload in overloads)
    )


def _class_name(value: object) -> str:
    kind = type(value)
    plain = kind.__module__ == "builtins" or kind.__module__.split(".")[0] == __name__.split(".")[0]
    return kind.__qualname__ if plain else f"{kind.__module__}.{kind.__qualname__}"
