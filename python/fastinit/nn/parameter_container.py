"""Parameters in a list and in a dict."""

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator, KeysView, Mapping
from typing import Any, NoReturn, Self, SupportsIndex, overload

from ..tensor import Tensor
from .container import pairs
from .module import Module
from .module_members import type_name
from .parameter import Parameter

__all__ = ["ParameterDict", "ParameterList"]


def _as_entry(value: Any) -> Any:
    """A tensor becomes a parameter; anything else is kept as it is, and is none."""
    return Parameter(value) if isinstance(value, Tensor) and not isinstance(value, Parameter) else value


def _line(key: object, value: Any, element: str) -> str:
    if isinstance(value, Tensor):
        return f"  ({key}): Parameter containing: [{element} of size {'x'.join(map(str, value.shape))}]"
    return f"  ({key}): Object of type: {type(value).__name__}"


class ParameterList(Module):
    """A list of parameters, named "0", "1", ...

    Args:
        values: the parameters, if any. Tensors become parameters; other things are kept, but are none.

    Raises:
        TypeError: `values` is not an iterable, or is a tensor.

    Source: torch.nn.ParameterList.
    """

    _size: int

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return (getattr(self, str(position)) for position in range(len(self)))

    @overload
    def __getitem__(self, index: slice) -> Self: ...
    @overload
    def __getitem__(self, index: SupportsIndex) -> Any: ...
    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return getattr(self, self._name_at(index))

    def __setitem__(self, index: SupportsIndex, value: Any) -> None:
        setattr(self, self._name_at(index), _as_entry(value))

    def _name_at(self, index: SupportsIndex) -> str:
        position, length = operator.index(index), len(self)
        if not -length <= position < length:
            raise IndexError(f"index {position} is out of range")
        return str(position % length)

    def append(self, value: Any) -> Self:
        """Adds a parameter at the end."""
        name = str(len(self))
        self._size += 1
        setattr(self, name, _as_entry(value))
        return self

    def extend(self, values: Iterable[Any]) -> Self:
        """Adds parameters at the end.

        Raises:
            TypeError: `values` is not an iterable, or is a tensor.
        """
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            raise TypeError(
                f"ParameterList.extend should be called with an iterable, but got {type(values).__name__}"
            )
        for value in tuple(values):
            self.append(value)
        return self

    def __iadd__(self, values: Iterable[Any]) -> Self:
        return self.extend(values)

    def extra_repr(self) -> str:
        """Returns a line for each entry: its dtype and size, or its type."""
        return "\n".join(
            _line(position, value, repr(value.dtype) if isinstance(value, Tensor) else "")
            for position, value in enumerate(self)
        )

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuses: a list of parameters computes nothing."""
        raise RuntimeError("ParameterList should not be called.")

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if not name.isdigit()]


class ParameterDict(Module):
    """Parameters by name, in the order in which they were added.

    Args:
        parameters: a mapping from names to parameters (added in the order of the names, unless it is an
            OrderedDict or a ParameterDict), or (name, parameter) pairs. Tensors become parameters; other
            things are kept, but are none.

    Raises:
        KeyError: a parameter's name is an attribute of the dict, is empty, or has a dot.
        TypeError: `parameters` is neither mapping nor pairs, or a name is not a string.
        ValueError: a pair has not two items.

    Source: torch.nn.ParameterDict.
    """

    _keys: dict[str, None]

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self._keys = {}
        if parameters is not None:
            self.update(parameters)

    def __getitem__(self, key: str) -> Any:
        return getattr(self, self._checked(key))

    def __setitem__(self, key: str, value: Any) -> None:
        self._keys[self._checked(key)] = None
        setattr(self, key, _as_entry(value))

    def __delitem__(self, key: str) -> None:
        del self._keys[self._checked(key)]
        delattr(self, key)

    def _checked(self, key: object) -> str:
        if not isinstance(key, str):
            raise TypeError(
                "Index given to ParameterDict cannot be used as a key as it is not a string "
                f"(type is '{type(key).__name__}')."
            )
        return key

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def keys(self) -> KeysView[str]:
        """Returns the names."""
        return self._keys.keys()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Returns the (name, parameter) pairs."""
        return ((key, self[key]) for key in self._keys)

    def values(self) -> Iterable[Any]:
        """Returns the parameters."""
        return (self[key] for key in self._keys)

    def get(self, key: str, default: Any = None) -> Any:
        """Returns the parameter of this name, or `default` if there is none."""
        return self[key] if key in self._keys else default

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Returns the parameter of this name, after adding `default` if there is none."""
        if key not in self._keys:
            self[key] = default
        return self[key]

    def pop(self, key: str) -> Any:
        """Removes the parameter of this name and returns it."""
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Removes the parameter that was added last and returns it with its name."""
        key, _ = self._keys.popitem()
        value = getattr(self, key)
        delattr(self, key)
        return key, value

    def clear(self) -> None:
        """Removes all parameters."""
        for key in tuple(self._keys):
            del self[key]

    def copy(self) -> "ParameterDict":
        """Returns another dict of the same parameters."""
        return ParameterDict(OrderedDict(self.items()))

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> "ParameterDict":
        """Returns a dict that has `default` under every name."""
        return ParameterDict((key, default) for key in keys)

    def update(self, parameters: Any) -> None:
        """Adds parameters, or replaces those of the same names; orders and raises as the constructor does."""
        entries = pairs(parameters, "ParameterDict", "ParametersDict")
        in_order = isinstance(parameters, OrderedDict | ParameterDict) or not isinstance(parameters, Mapping)
        for key, value in entries if in_order else sorted(entries):
            self[key] = value

    def __or__(self, other: Any) -> "ParameterDict":
        merged = self.copy()
        merged.update(other)
        return merged

    def __ror__(self, other: Any) -> Any:
        # As in PyTorch, what stands on the left decides what the result is.
        merged = other.copy()
        merged.update(self)
        return merged

    def __ior__(self, other: Any) -> Self:
        self.update(other)
        return self

    def extra_repr(self) -> str:
        """Returns a line for each entry: its type and size."""
        return "\n".join(_line(key, value, type_name(value)) for key, value in self.items())

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuses: a dict of parameters computes nothing."""
        raise RuntimeError("ParameterDict should not be called.")
