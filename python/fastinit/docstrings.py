"""Docstrings of functions that are alike: what all of them say is written once, below the line of each."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["documented"]

F = TypeVar("F", bound=Callable[..., Any])


def documented(sections: str) -> Callable[[F], F]:
    """Returns a decorator that appends sections to the docstring that a function has.

    Args:
        sections: Args, Returns, Raises and so on, as they stand in a docstring.

    Raises:
        TypeError: `sections` is no string.
    """
    shared = inspect.cleandoc(sections)

    def append(function: F) -> F:
        own = function.__doc__
        if own:  # Python's -OO leaves none
            function.__doc__ = f"{inspect.cleandoc(own)}\n\n{shared}\n"
        return function

    return append
