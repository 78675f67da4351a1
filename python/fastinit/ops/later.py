"""Operations whose modules are imported when they are first used: most programs need none of them."""

from importlib import import_module
from typing import Any

__all__ = ["Later"]


class Later:
    """Stands for a module of `ops` where a class is defined: its functions become methods that import it.

    Args:
        module: the module's name.
    """

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, function: str) -> "_Method":
        return _Method(self._module, function)


class _Method:
    """Takes the place of a function in a class until it is asked for."""

    def __init__(self, module: str, function: str) -> None:
        self._module, self._function = module, function

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner, self._name = owner, name

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        function = getattr(import_module(f".{self._module}", __package__), self._function)
        setattr(self._owner, self._name, function)
        return function.__get__(instance, owner)
