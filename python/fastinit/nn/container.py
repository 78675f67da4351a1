"""Modules made of modules: in a row, in a list, in a dict."""

import operator
from collections import OrderedDict
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from itertools import chain, groupby, islice
from typing import Any, Self, SupportsIndex, overload

from .fusion import run_in_a_row
from .module import Module, enclosed, indented

__all__ = ["ModuleDict", "ModuleList", "Sequential"]


class _Row(Module):
    """What Sequential and ModuleList have in common: children in an order, reached by position."""

    _modules: dict[str, Module]  # type: ignore[assignment]  # no None among them

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def _name_at(self, index: SupportsIndex) -> str:
        position, length = operator.index(index), len(self)
        if not -length <= position < length:
            raise IndexError(f"index {position} is out of range")
        return next(islice(self._modules, position % length, None))

    def __setitem__(self, index: SupportsIndex, module: Module) -> None:
        setattr(self, self._name_at(index), module)

    def __delitem__(self, index: SupportsIndex | slice) -> None:
        names = list(self._modules)[index] if isinstance(index, slice) else [self._name_at(index)]
        self._renumber(module for name, module in self._modules.items() if name not in names)

    def _renumber(self, modules: Iterable[Module]) -> None:
        self._modules = {str(position): module for position, module in enumerate(modules)}

    def append(self, module: Module) -> Self:
        """Adds a module at the end, under its position as name.

        Raises:
            TypeError: `module` is not a Module.
        """
        self.add_module(str(len(self)), module)
        return self

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if not name.isdigit()]


class Sequential(_Row):
    """Modules in a row: each is called with what the one before it returned.

    Args:
        *args: the modules, named "0", "1", ...; or one OrderedDict from names to modules.

    Raises:
        TypeError: an argument is not a Module.

    Source: torch.nn.Sequential.

    Example:
        >>> net = Sequential(Linear(4, 3), ReLU(), Linear(3, 1))
        >>> [name for name, _ in net.named_parameters()]
        ['0.weight', '0.bias', '2.weight', '2.bias']
    """

    @overload
    def __init__(self, *args: Module) -> None: ...
    @overload
    def __init__(self, arg: OrderedDict[str, Module], /) -> None: ...
    def __init__(self, *args: Any) -> None:
        super().__init__()
        named = args[0].items() if len(args) == 1 and isinstance(args[0], OrderedDict) else enumerate(args)
        for name, module in named:
            self.add_module(str(name), module)

    def forward(self, input: Any) -> Any:
        """Returns what the last module makes of what the one before it made, from `input` on."""
        return run_in_a_row(self._modules.values(), input)

    @overload
    def __getitem__(self, index: slice) -> Self: ...
    @overload
    def __getitem__(self, index: SupportsIndex) -> Module: ...
    def __getitem__(self, index: SupportsIndex | slice) -> Module:
        if isinstance(index, slice):
            return type(self)(OrderedDict(list(self._modules.items())[index]))
        return self._modules[self._name_at(index)]

    def insert(self, index: int, module: Module) -> Self:
        """Adds a module before position `index`, and names all by their positions.

        Raises:
            AssertionError: `module` is not a Module.
            IndexError: the row is shorter than that.
        """
        if not isinstance(module, Module):
            raise AssertionError(f"module should be of type: {Module}")
        if not -len(self) <= index <= len(self):
            raise IndexError(f"Index out of range: {index}")
        modules = list(self)
        modules.insert(index, module)
        self._renumber(modules)
        return self

    def extend(self, sequential: Iterable[Module]) -> Self:
        """Adds the modules of a Sequential, or of any iterable, at the end."""
        for module in tuple(sequential):
            self.append(module)
        return self

    def pop(self, key: int | slice) -> Module:
        """Removes and returns the module at a position, or a Sequential of those of a slice."""
        module = self[key]
        del self[key]
        return module

    def __add__(self, other: "Sequential") -> "Sequential":
        if not isinstance(other, Sequential):
            raise ValueError(
                f"add operator supports only objects of Sequential class, but {type(other)} is given."
            )
        return Sequential(*self, *other)

    def __iadd__(self, other: "Sequential") -> Self:
        if not isinstance(other, Sequential):
            raise ValueError(
                f"add operator supports only objects of Sequential class, but {type(other)} is given."
            )
        return self.extend(other)

    def __mul__(self, other: int) -> "Sequential":
        return Sequential(*chain.from_iterable([self] * self._repetitions(other)))

    __rmul__ = __mul__

    def __imul__(self, other: int) -> Self:
        return self.extend(chain.from_iterable([tuple(self)] * (self._repetitions(other) - 1)))

    def _repetitions(self, factor: object) -> int:
        if not isinstance(factor, int):
            raise TypeError(f"unsupported operand type(s) for *: {type(self)} and {type(factor)}")
        if factor <= 0:
            raise ValueError(f"Non-positive multiplication factor {factor} for {type(self)}")
        return factor


class ModuleList(_Row):
    """A list of modules, which its owner's `forward` calls as it likes.

    Args:
        modules: the modules, if any.

    Raises:
        TypeError: `modules` is not iterable, or has something else than Modules.

    Source: torch.nn.ModuleList.
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    @overload
    def __getitem__(self, index: slice) -> Self: ...
    @overload
    def __getitem__(self, index: SupportsIndex) -> Module: ...
    def __getitem__(self, index: SupportsIndex | slice) -> Module:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return self._modules[self._name_at(index)]

    def insert(self, index: int, module: Module) -> None:
        """Adds a module before position `index`, as `list.insert`."""
        modules = list(self)
        modules.insert(index, module)
        self._renumber(modules)

    def extend(self, modules: Iterable[Module]) -> Self:
        """Adds the modules of an iterable at the end.

        Raises:
            TypeError: `modules` is not iterable, or has something else than Modules.
        """
        if not isinstance(modules, Iterable):
            raise TypeError(
                f"ModuleList.extend should be called with an iterable, but got {type(modules).__name__}"
            )
        for module in tuple(modules):
            self.append(module)
        return self

    def pop(self, key: int | slice) -> Module:
        """Removes and returns the module at a position, or a ModuleList of those of a slice."""
        module = self[key]
        del self[key]
        return module

    def __add__(self, other: Iterable[Module]) -> "ModuleList":
        return ModuleList(chain(self, other))

    def __iadd__(self, modules: Iterable[Module]) -> Self:
        return self.extend(modules)

    def __repr__(self) -> str:
        """Prints neighbours that print alike as one: `(0-2): 3 x ReLU()`."""
        lines = []
        for form, group in groupby(enumerate(map(repr, self)), key=operator.itemgetter(1)):
            first, *others = [position for position, _ in group]
            many = f"({first}-{others[-1]}): {len(others) + 1} x " if others else f"({first}): "
            lines.append(many + indented(form))
        return enclosed(self._get_name(), lines)


class ModuleDict(Module):
    """Modules by name, in the order in which they were added.

    Args:
        modules: a mapping from names to modules, or (name, module) pairs.

    Raises:
        KeyError: a name is one of the dict's own attributes, is empty, or has a dot.
        TypeError: `modules` is neither mapping nor pairs, a name is not a string, or a value not a Module.
        ValueError: a pair has not two items.

    Source: torch.nn.ModuleDict.
    """

    _modules: dict[str, Module]  # type: ignore[assignment]  # no None among them

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Module:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: object) -> bool:
        return key in self._modules

    def clear(self) -> None:
        """Removes all modules."""
        self._modules.clear()

    def pop(self, key: str) -> Module:
        """Removes the module of this name and returns it."""
        return self._modules.pop(key)

    def keys(self) -> KeysView[str]:
        """Returns the names."""
        return self._modules.keys()

    def items(self) -> ItemsView[str, Module]:
        """Returns the (name, module) pairs."""
        return self._modules.items()

    def values(self) -> ValuesView[Module]:
        """Returns the modules."""
        return self._modules.values()

    def update(self, modules: "Mapping[str, Module] | ModuleDict | Iterable[tuple[str, Module]]") -> None:
        """Adds modules, or replaces those of the same names; raises as the constructor does."""
        for key, module in pairs(modules, "ModuleDict", "ModuleDict"):
            self[key] = module


def pairs(items: Any, owner: str, owner_in_message: str) -> Iterable[tuple[Any, Any]]:
    """Returns the (name, value) pairs of a mapping, or of an iterable of pairs, which it checks.

    Raises:
        TypeError: `items` is not iterable, or one of its items is not.
        ValueError: an item has not two items of its own.
    """
    if not isinstance(items, Iterable):
        raise TypeError(
            f"{owner_in_message}.update should be called with an iterable of key/value pairs, "
            f"but got {type(items).__name__}"
        )
    if hasattr(items, "items"):
        return list(items.items())
    checked = []
    for position, pair in enumerate(items):
        if not isinstance(pair, Iterable):
            raise TypeError(
                f"{owner} update sequence element #{position} should be Iterable; is{type(pair).__name__}"
            )
        entry = tuple(pair)
        if len(entry) != 2:
            raise ValueError(
                f"{owner} update sequence element #{position} has length {len(entry)}; 2 is required"
            )
        checked.append(entry)
    return checked
