"""A module's attributes: the tables of its parameters, buffers and children, and what goes into which."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from ..tensor import Tensor
from .parameter import Buffer, Parameter

if TYPE_CHECKING:
    from .module import Module

__all__ = ["REGISTRATION_HOOKS", "Members", "type_name"]

#: What is called, of every module, when something of the kind is registered.
REGISTRATION_HOOKS: Final[dict[str, dict[int, Callable[..., Any]]]] = {
    "parameter": {},
    "buffer": {},
    "module": {},
}


def type_name(value: object) -> str:
    """The name that messages give to a value's type: `fastinit.FloatTensor`, `numpy.ndarray`, `int`."""
    if isinstance(value, Tensor):
        return f"fastinit.{value.dtype.type_name}Tensor"
    kind = value if isinstance(value, type) else type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


class Members:
    """The part of `Module` that keeps parameters, buffers and children apart from plain attributes."""

    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: "dict[str, Module | None]"
    _non_persistent_buffers_set: set[str]

    def __getattr__(self, name: str) -> Any:
        held = self.__dict__
        if "_parameters" in held:
            # Every forward reads its parameters here: they come first.
            if name in held["_parameters"]:
                return held["_parameters"][name]
            if name in held["_modules"]:
                return held["_modules"][name]
            if name in held["_buffers"]:
                return held["_buffers"][name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        held = self.__dict__
        if isinstance(value, Parameter):
            if "_parameters" not in held:
                raise AttributeError("cannot assign parameters before Module.__init__() call")
            self._forget(name, self._buffers, self._modules)
            self.register_parameter(name, value)
        elif isinstance(value, Members):
            if "_parameters" not in held:
                raise AttributeError("cannot assign module before Module.__init__() call")
            if name in self._parameters:
                raise TypeError(_cannot_assign(value, "parameter", name, "fastinit.nn.Parameter or None"))
            self._forget(name, self._buffers)
            self._modules[name] = self._registered("module", name, value)
        elif "_parameters" in held and name in self._parameters:
            if value is not None:
                raise TypeError(_cannot_assign(value, "parameter", name, "fastinit.nn.Parameter or None"))
            self.register_parameter(name, None)
        elif "_modules" in held and name in self._modules:
            if value is not None:
                raise TypeError(_cannot_assign(value, "child module", name, "fastinit.nn.Module or None"))
            self._modules[name] = self._registered("module", name, None)
        elif isinstance(value, Buffer) or ("_buffers" in held and name in self._buffers):
            self._set_buffer(name, value)
        else:
            object.__setattr__(self, name, value)

    def _set_buffer(self, name: str, value: Any) -> None:
        if value is not None and not isinstance(value, Tensor):
            expected = "fastinit.nn.Buffer, fastinit.Tensor or None"
            raise TypeError(_cannot_assign(value, "buffer", name, expected))
        if value.persistent if isinstance(value, Buffer) else name not in self._non_persistent_buffers_set:
            self.register_buffer(name, value)
        else:
            self.register_buffer(name, value, persistent=False)

    def _registered(self, kind: str, name: str, value: Any) -> Any:
        """What is to be kept under the name: the value, or what a hook has put in its place."""
        for hook in tuple(REGISTRATION_HOOKS[kind].values()):
            changed = hook(self, name, value)
            if changed is not None:
                value = changed
        return value

    def _forget(self, name: str, *tables: dict[str, Any]) -> None:
        self.__dict__.pop(name, None)
        for table in tables:
            table.pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    def __delattr__(self, name: str) -> None:
        for table in (self._parameters, self._buffers, self._modules):
            if name in table:
                del table[name]
                self._non_persistent_buffers_set.discard(name)
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        names = {*super().__dir__(), *self._parameters, *self._modules, *self._buffers}
        # What is not an identifier ("0") cannot be written as an attribute.
        return sorted(name for name in names if not name[0].isdigit())

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Adds a parameter under a name; None says that the module has none there (as a Linear without bias).

        Raises:
            AttributeError: `Module.__init__` has not been called.
            KeyError: the name is taken, empty, or has a dot.
            TypeError: `name` is not a string, or `param` not a Parameter.
            ValueError: `param` was written to, and that was recorded.
        """
        if "_parameters" not in self.__dict__:
            raise AttributeError("cannot assign parameter before Module.__init__() call")
        self._check_name(name, "parameter", self._parameters)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{type_name(param)}' object to parameter '{name}' "
                "(fastinit.nn.Parameter or None required)"
            )
        if param is not None and param.grad_fn is not None:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created "
                f"explicitly. To express '{name}' as a function of another Tensor, compute the value in the "
                "forward() method."
            )
        self._parameters[name] = None if param is None else self._registered("parameter", name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Adds a tensor that is state, but not a parameter: a running mean, say.

        Args:
            name: the attribute's name.
            tensor: the tensor, or None, which is left out of the state.
            persistent: whether `state_dict` has it.

        Raises:
            AttributeError: `Module.__init__` has not been called.
            KeyError: the name is taken, empty, or has a dot.
            TypeError: `name` is not a string, or `tensor` not a Tensor.
        """
        if "_buffers" not in self.__dict__:
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        self._check_name(name, "buffer", self._buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{type_name(tensor)}' object to buffer '{name}' "
                "(fastinit Tensor or None required)"
            )
        self._buffers[name] = self._registered("buffer", name, tensor)
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: "Module | None") -> None:
        """Adds a child under a name.

        Raises:
            KeyError: the name is taken, empty, or has a dot.
            TypeError: `name` is not a string, or `module` not a Module.
        """
        if not isinstance(module, Members) and module is not None:
            raise TypeError(f"{type_name(module)} is not a Module subclass")
        self._check_name(name, "module", self._modules)
        self._modules[name] = self._registered("module", name, module)

    def register_module(self, name: str, module: "Module | None") -> None:
        """Adds a child under a name; another name of `add_module`."""
        self.add_module(name, module)

    def _check_name(self, name: object, kind: str, table: Mapping[str, Any]) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {type_name(name)}")
        taken = hasattr(self, name) and name not in table
        # Which mistake is told of first differs, as in PyTorch.
        if taken and kind == "module":
            raise KeyError(f"attribute '{name}' already exists")
        if "." in name:
            got = f", got: {name}" if kind == "module" else ""
            raise KeyError(f'{kind} name can\'t contain "."{got}')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if taken:
            raise KeyError(f"attribute '{name}' already exists")


def _cannot_assign(value: object, kind: str, name: str, expected: str) -> str:
    return f"cannot assign '{type_name(value)}' as {kind} '{name}' ({expected} expected)"
