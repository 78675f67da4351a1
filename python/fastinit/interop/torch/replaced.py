"""The initialisers that a mode sees only the parts of, made to ask for the open context as a whole.

`trunc_normal_` draws and rejects, `orthogonal_` factorises what it has drawn, `sparse_` shuffles each column:
what they come to cannot be put together from the parts. Nor does it reach them to set another function in
`torch.nn.init`: `from torch.nn.init import orthogonal_` is common, and transformers keeps the functions in a
table that it fills on import. So the functions stay the objects that they are, and while a context is open
have another `__code__`, which asks for the context of its own thread and task, and without one goes on to
the code that was there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

import torch

from .filling import REFUSALS
from .opened import current
from .unseen import orthogonal_, sparse_, trunc_normal_

__all__ = ["REPLACED"]


class _Replaced:
    """A function with another code while at least one context is open.

    Args:
        function: the function.
        substitute: a function of the same parameters; its code runs with the global names of `function`.
        call: what is called with the open context and the arguments. Whatever it raises means that the
            function's own code has to run.
    """

    def __init__(self, function: Any, substitute: Any, call: Callable[..., torch.Tensor]) -> None:
        self._function = function
        self._substitute: CodeType = substitute.__code__
        self._call = call
        self._own = FunctionType(
            function.__code__, function.__globals__, function.__name__, function.__defaults__
        )

    def __call__(self, *arguments: Any) -> Any:
        opened = None if torch.compiler.is_compiling() else current()
        if opened is not None:
            try:
                return self._call(opened, *arguments)
            except REFUSALS:  # of whatever is wrong, PyTorch's own word is wanted
                pass
        return self._own(*arguments)

    def replace(self) -> None:
        """Gives the function the substitute's code, if it is called as that is."""
        code = self._function.__code__
        if _parameters(code) == _parameters(self._substitute):
            self._own.__code__ = code
            self._function.__code__ = self._substitute

    def restore(self) -> None:
        """Gives the function the code back that it had, unless somebody else has given it another."""
        if self._function.__code__ is self._substitute:
            self._function.__code__ = self._own.__code__


def _parameters(code: CodeType) -> tuple[str, ...]:
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


# The substitutes. Their bodies run among the names of torch.nn.init, so they import what they call.


def _substitute_trunc_normal_(tensor: Any, mean: Any, std: Any, a: Any, b: Any, generator: Any = None) -> Any:
    from fastinit.interop.torch.replaced import TRUNC_NORMAL_

    return TRUNC_NORMAL_(tensor, mean, std, a, b, generator)


def _substitute_orthogonal_(tensor: Any, gain: Any = 1, generator: Any = None) -> Any:
    from fastinit.interop.torch.replaced import ORTHOGONAL_

    return ORTHOGONAL_(tensor, gain, generator)


def _substitute_sparse_(tensor: Any, sparsity: Any, std: Any = 0.01, generator: Any = None) -> Any:
    from fastinit.interop.torch.replaced import SPARSE_

    return SPARSE_(tensor, sparsity, std, generator)


class _ReplacedWhileOpen:
    """Functions that are replaced from the first entry into a context to the last exit, in any thread."""

    def __init__(self, *functions: _Replaced) -> None:
        self._functions = functions
        self._lock = threading.Lock()
        self._open = 0

    def enter(self) -> None:
        """Replaces the functions, for one more context."""
        with self._lock:
            self._open += 1
            if self._open == 1:
                for each in self._functions:
                    each.replace()

    def leave(self) -> None:
        """Restores the functions, if no other context is open."""
        with self._lock:
            self._open -= 1
            if self._open == 0:
                for each in self._functions:
                    each.restore()


TRUNC_NORMAL_ = _Replaced(torch.nn.init._no_grad_trunc_normal_, _substitute_trunc_normal_, trunc_normal_)
ORTHOGONAL_ = _Replaced(torch.nn.init.orthogonal_, _substitute_orthogonal_, orthogonal_)
SPARSE_ = _Replaced(torch.nn.init.sparse_, _substitute_sparse_, sparse_)
REPLACED = _ReplacedWhileOpen(TRUNC_NORMAL_, ORTHOGONAL_, SPARSE_)
