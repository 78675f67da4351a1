"""The base class of every layer and network: what it holds, by name, and how that is reached and changed."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, NoReturn, Self

from .. import dtypes
from ..autograd import no_grad
from ..devices import DeviceLike, as_device
from ..hooks import RemovableHandle
from ..tensor import Tensor
from . import state_dict as state
from .parameter import Parameter

__all__ = ["Module"]


class _Hook(NamedTuple):
    call: Callable[..., Any]
    with_kwargs: bool
    always_call: bool = False


def _no_forward(self: "Module", *_: Any) -> NoReturn:
    """Computes the module's output from its inputs; every subclass says how.

    Raises:
        NotImplementedError: the subclass does not define it.
    """
    raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')


def type_name(value: object) -> str:
    """The name that messages give to a value's type: `fastinit.FloatTensor`, `numpy.ndarray`, `int`."""
    if isinstance(value, Tensor):
        return f"fastinit.{value.dtype.type_name}Tensor"
    kind = value if isinstance(value, type) else type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


class Module:
    """The base class of layers and networks, as `torch.nn.Module`.

    An attribute that is a `Parameter` becomes one of the module's parameters, one that is a `Module` a child;
    `register_buffer` adds tensors that are state but not parameters. A plain tensor stays a plain attribute.

    Example:
        >>> class Scale(Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.factor = Parameter(fastinit.ones(2))
        ...     def forward(self, x):
        ...         return x * self.factor
        >>> [name for name, _ in Scale().named_parameters()]
        ['factor']

    Attributes:
        training: true until `eval()`; Dropout and the like behave by it.
    """

    _version = 1

    training: bool
    forward: Callable[..., Any] = _no_forward

    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: "dict[str, Module | None]"
    _non_persistent_buffers: set[str]
    _forward_pre_hooks: OrderedDict[int, _Hook]
    _forward_hooks: OrderedDict[int, _Hook]

    def __init__(self) -> None:
        # Through __dict__, since __setattr__ would look for these very tables.
        self.__dict__.update(
            training=True,
            _parameters={},
            _buffers={},
            _modules={},
            _non_persistent_buffers=set(),
            _forward_pre_hooks=OrderedDict(),
            _forward_hooks=OrderedDict(),
        )

    # The call.

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the forward pre-hooks, `forward` and the forward hooks."""
        if self._forward_hooks or self._forward_pre_hooks:
            return self._call_with_hooks(args, kwargs)
        return self.forward(*args, **kwargs)

    def _call_with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        called: set[int] = set()
        try:
            for pre_hook in tuple(self._forward_pre_hooks.values()):
                if pre_hook.with_kwargs:
                    changed = pre_hook.call(self, args, kwargs)
                    if changed is None:
                        continue
                    if not isinstance(changed, tuple) or len(changed) != 2:
                        raise RuntimeError(
                            "forward pre-hook must return None or a tuple of (new_args, new_kwargs), "
                            f"but got {changed}."
                        )
                    args, kwargs = changed
                else:
                    changed = pre_hook.call(self, args)
                    if changed is not None:
                        args = changed if isinstance(changed, tuple) else (changed,)
            result = self.forward(*args, **kwargs)
            for key, hook in tuple(self._forward_hooks.items()):
                called.add(key)
                changed = (
                    hook.call(self, args, kwargs, result)
                    if hook.with_kwargs
                    else hook.call(self, args, result)
                )
                if changed is not None:
                    result = changed
        except Exception:
            for key, hook in tuple(self._forward_hooks.items()):
                if hook.always_call and key not in called:
                    hook.call(self, args, kwargs, None) if hook.with_kwargs else hook.call(self, args, None)
            raise
        return result

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Calls `hook(module, args)` before every `forward`.

        Args:
            hook: may return new arguments: one value, or a tuple; with `with_kwargs` it is called as
                `hook(module, args, kwargs)` and may return `(args, kwargs)`.
            prepend: puts it before the hooks that are there.
            with_kwargs: whether it sees the keyword arguments.

        Returns:
            The handle that removes it.
        """
        return _add_hook(self._forward_pre_hooks, _Hook(hook, with_kwargs), prepend)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Calls `hook(module, args, output)` after every `forward`.

        Args:
            hook: may return another output; with `with_kwargs` it is called as
                `hook(module, args, kwargs, output)`.
            prepend: puts it before the hooks that are there.
            with_kwargs: whether it sees the keyword arguments.
            always_call: calls it, with the output None, also when `forward` raises.

        Returns:
            The handle that removes it.
        """
        return _add_hook(self._forward_hooks, _Hook(hook, with_kwargs, always_call), prepend)

    # Attributes.

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
        elif isinstance(value, Module):
            if "_parameters" not in held:
                raise AttributeError("cannot assign module before Module.__init__() call")
            if name in self._parameters:
                raise TypeError(_cannot_assign(value, "parameter", name, "fastinit.nn.Parameter or None"))
            self._forget(name, self._buffers)
            self._modules[name] = value
        elif "_parameters" in held and (entry := self._entry_for(name)) is not None:
            table, kind, expected = entry
            if value is not None and not (kind == "buffer" and isinstance(value, Tensor)):
                raise TypeError(_cannot_assign(value, kind, name, expected))
            table[name] = value
        else:
            object.__setattr__(self, name, value)

    def _entry_for(self, name: str) -> tuple[dict[str, Any], str, str] | None:
        """The table that has the name, what its entries are called, and what they may be."""
        if name in self._parameters:
            return self._parameters, "parameter", "fastinit.nn.Parameter or None"
        if name in self._modules:
            return self._modules, "child module", "fastinit.nn.Module or None"
        if name in self._buffers:
            return self._buffers, "buffer", "fastinit.nn.Buffer, fastinit.Tensor or None"
        return None

    def _forget(self, name: str, *tables: dict[str, Any]) -> None:
        self.__dict__.pop(name, None)
        for table in tables:
            table.pop(name, None)
        self._non_persistent_buffers.discard(name)

    def __delattr__(self, name: str) -> None:
        for table in (self._parameters, self._buffers, self._modules):
            if name in table:
                del table[name]
                self._non_persistent_buffers.discard(name)
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
        """
        if "_parameters" not in self.__dict__:
            raise AttributeError("cannot assign parameter before Module.__init__() call")
        self._check_name(name, "parameter", self._parameters)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{type_name(param)}' object to parameter '{name}' "
                "(fastinit.nn.Parameter or None required)"
            )
        self._parameters[name] = param

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
        self._buffers[name] = tensor
        if persistent:
            self._non_persistent_buffers.discard(name)
        else:
            self._non_persistent_buffers.add(name)

    def add_module(self, name: str, module: "Module | None") -> None:
        """Adds a child under a name.

        Raises:
            KeyError: the name is taken, empty, or has a dot.
            TypeError: `name` is not a string, or `module` not a Module.
        """
        if not isinstance(module, Module) and module is not None:
            raise TypeError(f"{type_name(module)} is not a Module subclass")
        self._check_name(name, "module", self._modules)
        self._modules[name] = module

    def register_module(self, name: str, module: "Module | None") -> None:
        """Adds a child under a name; another name of `add_module`."""
        self.add_module(name, module)

    def _check_name(self, name: object, kind: str, table: Mapping[str, Any]) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {type_name(name)}")
        if hasattr(self, name) and name not in table:
            raise KeyError(f"attribute '{name}' already exists")
        if "." in name:
            got = f", got: {name}" if kind == "module" else ""
            raise KeyError(f'{kind} name can\'t contain "."{got}')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')

    # Iteration.

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Yields the parameters with their dotted names, in the order in which they were assigned.

        Args:
            prefix: stands before every name.
            recurse: whether to go into the children.
            remove_duplicate: yields a shared parameter once, under its first name.
        """
        yield from self._named_members(lambda module: module._parameters, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Yields the parameters, each once; `recurse` goes into the children."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Yields the buffers with their dotted names; the arguments are those of `named_parameters`."""
        yield from self._named_members(lambda module: module._buffers, prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Yields the buffers, each once; `recurse` goes into the children."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def _named_members(
        self,
        members: "Callable[[Module], Mapping[str, Any]]",
        prefix: str,
        recurse: bool,
        remove_duplicate: bool,
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        modules = (
            self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
            if recurse
            else [(prefix, self)]
        )
        for module_prefix, module in modules:
            for name, member in members(module).items():
                if member is None or id(member) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(member))
                yield f"{module_prefix}.{name}" if module_prefix else name, member

    def named_children(self) -> "Iterator[tuple[str, Module]]":
        """Yields the modules that this one holds itself, with their names, each once."""
        seen: set[Module] = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> "Iterator[Module]":
        """Yields the modules that this one holds itself, each once."""
        for _, module in self.named_children():
            yield module

    def named_modules(
        self, memo: "set[Module] | None" = None, prefix: str = "", remove_duplicate: bool = True
    ) -> "Iterator[tuple[str, Module]]":
        """Yields this module, under the name `prefix`, and all below it, with their dotted names.

        Args:
            memo: modules that count as seen already; those yielded are added to it.
            prefix: stands before every name.
            remove_duplicate: yields a shared module once, under its first name.
        """
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(
                    memo, f"{prefix}.{name}" if prefix else name, remove_duplicate
                )

    def modules(self) -> "Iterator[Module]":
        """Yields this module and all below it, each once."""
        for _, module in self.named_modules():
            yield module

    def get_submodule(self, target: str) -> "Module":
        """Returns the module with this dotted name; the empty name is this module's own.

        Raises:
            AttributeError: there is none.
        """
        module = self
        for name in target.split(".") if target else ():
            if not hasattr(module, name):
                raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
            module = getattr(module, name)
            if not isinstance(module, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return module

    def set_submodule(self, target: str, module: "Module", strict: bool = False) -> None:
        """Puts `module` under a dotted name.

        Args:
            target: the name; all but its last part must exist.
            module: the module to put there.
            strict: whether the last part, too, must exist.

        Raises:
            AttributeError: a part of the name does not exist, or is not a module.
            ValueError: the name is empty, or `module` is not a Module.
        """
        if target == "":
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, Module):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict and not hasattr(parent, name):
            raise AttributeError(f"{parent._get_name()} has no attribute `{name}`")
        if hasattr(parent, name) and not isinstance(getattr(parent, name), Module):
            raise AttributeError(f"`{name}` is not an nn.Module")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """Returns the parameter with this dotted name.

        Raises:
            AttributeError: there is none.
        """
        parameter = self._get_member(target)
        if not isinstance(parameter, Parameter):
            raise AttributeError(f"`{target.rpartition('.')[2]}` is not an nn.Parameter")
        return parameter

    def get_buffer(self, target: str) -> Tensor:
        """Returns the buffer with this dotted name.

        Raises:
            AttributeError: there is none.
        """
        buffer = self._get_member(target)
        path, _, name = target.rpartition(".")
        if not isinstance(buffer, Tensor) or name not in self.get_submodule(path)._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return buffer

    def _get_member(self, target: str) -> Any:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if not hasattr(module, name):
            raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
        return getattr(module, name)

    # Modes and conversions.

    def apply(self, fn: "Callable[[Module], object]") -> Self:
        """Calls `fn` on every module below this one, then on this one: the usual way to initialise."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> Self:
        """Sets `training` here and below.

        Raises:
            ValueError: `mode` is not a bool.
        """
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        """Sets `training` to False, here and below."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Says of every parameter whether it gets a gradient."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets the gradients; `set_to_none=False` keeps their memory and fills it with zeros."""
        for parameter in self.parameters():
            if parameter.grad is not None:
                if set_to_none:
                    parameter.grad = None
                else:
                    parameter.grad.detach_().zero_()

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Converts the floating-point parameters and buffers, in place; every name keeps its object.

        Called as `to(dtype)`, `to(device)`, `to(device, dtype)` or `to(tensor)`, positionally or by keyword.
        The one device is "cpu".

        Raises:
            TypeError: the dtype is not floating point.
        """
        wanted = _dtype_for_to(*args, **kwargs)
        if wanted is not None:
            self._apply(lambda tensor: tensor.to(wanted) if tensor.is_floating_point() else tensor)
        return self

    def type(self, dst_type: dtypes.dtype) -> Self:
        """Converts all parameters and buffers, whatever their dtype."""
        return self._apply(lambda tensor: tensor.to(dst_type))

    def float(self) -> Self:
        """Converts the floating-point parameters and buffers to float32."""
        return self.to(dtypes.float32)

    def double(self) -> Self:
        """Converts the floating-point parameters and buffers to float64."""
        return self.to(dtypes.float64)

    def half(self) -> Self:
        """Converts the floating-point parameters and buffers to float16."""
        return self.to(dtypes.float16)

    def bfloat16(self) -> Self:
        """Converts the floating-point parameters and buffers to bfloat16."""
        return self.to(dtypes.bfloat16)

    def cpu(self) -> Self:
        """Returns the module: it is there already."""
        return self

    def _apply(self, fn: Callable[[Tensor], Tensor]) -> Self:
        for module in self.modules():
            for parameter in module._parameters.values():
                if parameter is None:
                    continue
                # The Parameter stays, with another value: whoever shares it shares the new value.
                with no_grad():
                    parameter.data = fn(parameter.data)
                    if parameter.grad is not None:
                        parameter.grad.data = fn(parameter.grad.data)
            for name, buffer in module._buffers.items():
                if buffer is not None:
                    module._buffers[name] = fn(buffer)
        return self

    # State.

    def state_dict(
        self, *, destination: "OrderedDict[str, Any] | None" = None, prefix: str = "", keep_vars: bool = False
    ) -> "OrderedDict[str, Any]":
        """Returns the parameters and persistent buffers by dotted name; a shared one under each of its names.

        Args:
            destination: a mapping to add to, instead of a new one.
            prefix: stands before every name.
            keep_vars: gives the parameters themselves, instead of tensors that share their memory and have no
                graph.
        """
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()  # type: ignore[attr-defined]
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = {"version": self._version}
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        return destination

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        """Adds this module's own tensors, without its children's; subclasses may do it their way."""
        for name, tensor in {**self._parameters, **self._persistent_buffers()}.items():
            if tensor is not None:
                destination[prefix + name] = tensor if keep_vars else tensor.detach()
        if self._has_extra_state():
            destination[prefix + state.EXTRA_STATE] = self.get_extra_state()

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> state.IncompatibleKeys:
        """Copies values into the parameters and persistent buffers of the same names.

        Args:
            state_dict: names to tensors.
            strict: whether a name that is only on one side is an error.
            assign: puts the given tensors themselves in the place of the module's.

        Returns:
            The names only on one side: `missing_keys`, `unexpected_keys`.

        Raises:
            RuntimeError: names or shapes do not agree. All that is wrong is told; what fits has been copied.
            TypeError: `state_dict` is not a mapping.
        """
        return state.load(self, state_dict, strict, assign)

    def _load_from_state_dict(
        self,
        state_dict: Mapping[str, Any],
        prefix: str,
        local_metadata: Mapping[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Copies this module's own tensors, without its children's; subclasses may do it their way."""
        assign = local_metadata.get("assign_to_params_buffers", False)
        state.load_own(self, state_dict, prefix, assign, missing_keys, unexpected_keys, error_msgs)

    def get_extra_state(self) -> Any:
        """Returns what `state_dict` is to hold besides tensors; a subclass that has such state says what."""
        raise RuntimeError("get_extra_state is for subclasses to define, together with set_extra_state")

    def set_extra_state(self, state: Any) -> None:
        """Takes back what `get_extra_state` gave; a subclass that has such state says how."""
        raise RuntimeError("set_extra_state is for subclasses to define, together with get_extra_state")

    def _has_extra_state(self) -> bool:
        return type(self).get_extra_state is not Module.get_extra_state

    def _persistent_buffers(self) -> dict[str, Tensor | None]:
        return {
            name: buffer for name, buffer in self._buffers.items() if name not in self._non_persistent_buffers
        }

    # Printing.

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """Returns what stands between the parentheses when the module is printed, besides its children."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        extra_lines = extra.split("\n") if extra else []
        child_lines = [f"({name}): {indented(repr(module))}" for name, module in self._modules.items()]
        if len(extra_lines) == 1 and not child_lines:
            return f"{self._get_name()}({extra})"
        return enclosed(self._get_name(), extra_lines + child_lines)


def indented(text: str) -> str:
    """Indents all lines but the first, as a child's are under its parent's."""
    return text.replace("\n", "\n  ")


def enclosed(name: str, lines: Iterable[str]) -> str:
    """The printed form of a module that has one line or more between its parentheses, or none."""
    body = "".join(f"\n  {line}" for line in lines)
    return f"{name}({body}\n)" if body else f"{name}()"


def _cannot_assign(value: object, kind: str, name: str, expected: str) -> str:
    return f"cannot assign '{type_name(value)}' as {kind} '{name}' ({expected} expected)"


def _dtype_for_to(
    *args: Any, device: DeviceLike = None, dtype: dtypes.dtype | None = None, **_: Any
) -> dtypes.dtype | None:
    """The dtype that the arguments of `Module.to` ask for, if any."""
    for arg in args:
        if isinstance(arg, dtypes.dtype):
            dtype = arg
        elif isinstance(arg, Tensor):
            dtype = arg.dtype
        elif not isinstance(arg, bool):
            device = arg
    as_device(device)
    if dtype is not None and not dtype.is_floating_point:
        raise TypeError(
            f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype}"
        )
    return dtype


def _add_hook(hooks: OrderedDict[int, _Hook], hook: _Hook, prepend: bool) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle
