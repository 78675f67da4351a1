"""The base class of every layer and network: what it holds, by name, and how that is reached and changed."""

from collections.abc import Callable, Iterable
from typing import Any, NoReturn, Self

from .. import creation, dtypes
from ..autograd import no_grad
from ..devices import DeviceLike, as_device
from ..meta import CANNOT_COPY
from ..tensor import Tensor
from .module_hooks import Hooks, call_hook_tables
from .module_tree import Tree
from .parameter import Parameter, is_lazy
from .state_dict import State, state_hook_tables

__all__ = ["Module"]


def _no_forward(self: "Module", *_: Any) -> NoReturn:
    """Computes the module's output from its inputs; every subclass says how.

    Raises:
        NotImplementedError: the subclass does not define it.
    """
    raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')


class Module(Tree, Hooks, State):
    """The base class of layers and networks, as `torch.nn.Module`.

    An attribute that is a `Parameter` becomes one of the module's parameters, one that is a `Module` a child;
    `register_buffer` adds tensors that are state but not parameters. A plain tensor stays a plain attribute.

    Args:
        *args: none are taken; a subclass with `call_super_init` hands them on.
        **kwargs: likewise.

    Raises:
        NotImplementedError: at the call, the subclass defines no `forward`.
        TypeError: an argument is given that nothing takes.

    Source: torch.nn.Module.

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
        call_super_init: whether the class that follows in the order of bases is initialised, too, with the
            arguments that a subclass hands on.
        dump_patches: without effect, as in PyTorch.
    """

    training: bool
    call_super_init: bool = False
    dump_patches: bool = False
    forward: Callable[..., Any] = _no_forward

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not self.call_super_init and (args or kwargs):
            unexpected = f"got an unexpected keyword argument '{next(iter(kwargs))}'" if kwargs else ""
            taken = f"takes 1 positional argument but {len(args) + 1} were given"
            raise TypeError(f"{type(self).__name__}.__init__() {unexpected or taken}")
        # Through __dict__, since __setattr__ would look for these very tables.
        self.__dict__.update(
            training=True,
            _parameters={},
            _buffers={},
            _modules={},
            _non_persistent_buffers_set=set(),
            **call_hook_tables(),
            **state_hook_tables(),
        )
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    # The call.

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the forward pre-hooks, `forward` and the forward hooks."""
        if self._hooked:
            return self._call_with_hooks(args, kwargs)
        return self.forward(*args, **kwargs)

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
        On another device, "cpu" or "meta", the parameters are others: ties between names are not kept.

        Raises:
            NotImplementedError: a parameter or buffer is on the device "meta", and is to be on the CPU.
            TypeError: the dtype is not floating point.
        """
        device, dtype = _destination(*args, **kwargs)

        def convert(tensor: Tensor) -> Tensor:
            try:
                return tensor.to(device=device, dtype=dtype if tensor.is_floating_point() else None)
            except NotImplementedError as error:
                if str(error) != CANNOT_COPY:
                    raise
                raise NotImplementedError(
                    f"{error} Please use fastinit.nn.Module.to_empty() instead of fastinit.nn.Module.to() "
                    "when moving module from meta to a different device."
                ) from None

        return self if device is None and dtype is None else self._apply(convert)

    def to_empty(self, *, device: DeviceLike, recurse: bool = True) -> Self:
        """Gives all parameters and buffers memory on a device, whose values are whatever it held.

        Args:
            device: "cpu" or "meta".
            recurse: whether to go into the children.
        """
        return self._apply(lambda tensor: creation.empty_like(tensor, device=device), recurse)

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
        """Returns the module.

        Raises:
            NotImplementedError: a parameter or buffer is on the device "meta": there is nothing to copy.
        """
        return self._apply(lambda tensor: tensor.cpu())

    def cuda(self, device: Any = None) -> Self:
        """Refuses: there is no such device.

        Raises:
            RuntimeError: always.
        """
        return self.to("cuda")

    def share_memory(self) -> Self:
        """Moves parameters and buffers into shared memory, where `Tensor.share_memory_` can."""
        return self._apply(lambda tensor: tensor.share_memory_())

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Does nothing: what there is to compile is compiled."""

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        # Children first, as in PyTorch: a buffer that is also a child's parameter is then converted already.
        for module in reversed(list(self.modules())) if recurse else (self,):
            for name, parameter in module._parameters.items():
                if parameter is not None:
                    with no_grad():
                        module._parameters[name] = _applied(parameter, fn)
            for name, buffer in module._buffers.items():
                if buffer is not None:
                    module._buffers[name] = fn(buffer)
        return self

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

    def _repr_html_(self) -> str:
        """What a notebook shows: a table of the parameters, and the text that prints."""
        from ..html import module_html

        named = ((name, None if is_lazy(each) else each._array) for name, each in self.named_parameters())
        return module_html(self._get_name(), named, repr(self))


def indented(text: str) -> str:
    """Indents all lines but the first, as a child's are under its parent's."""
    return text.replace("\n", "\n  ")


def enclosed(name: str, lines: Iterable[str]) -> str:
    """The printed form of a module that has one line or more between its parentheses, or none."""
    body = "".join(f"\n  {line}" for line in lines)
    return f"{name}({body}\n)" if body else f"{name}()"


def _applied(parameter: Parameter, fn: Callable[[Tensor], Tensor]) -> Parameter:
    """The parameter with another value, which whoever shares it shares; on another device, another one."""
    value = fn(parameter.data)
    grad = None if parameter.grad is None else fn(parameter.grad.data)
    if value.is_meta == parameter.is_meta or is_lazy(parameter):
        parameter.data = value
        if parameter.grad is not None and grad is not None:
            parameter.grad.data = grad
        return parameter
    moved = Parameter(value, parameter.requires_grad)
    moved.grad = grad
    return moved


def _destination(
    *args: Any, device: DeviceLike = None, dtype: dtypes.dtype | None = None, **_: Any
) -> tuple[DeviceLike, dtypes.dtype | None]:
    """The device and the dtype that the arguments of `Module.to` ask for, None where they leave it."""
    for arg in args:
        if isinstance(arg, dtypes.dtype | type):
            dtype = dtypes.as_dtype(arg)
        elif isinstance(arg, Tensor):
            device, dtype = arg.device, arg.dtype
        elif not isinstance(arg, bool):
            device = arg
    dtype = None if dtype is None else dtypes.as_dtype(dtype)
    if dtype is not None and not dtype.is_floating_point:
        raise TypeError(
            f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype}"
        )
    return None if device is None else as_device(device), dtype
