"""Tensors of a module that are computed from others: a weight that is symmetric, orthogonal, of norm 1."""

import copyreg
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, NoReturn

from ...autograd import no_grad
from ...tensor import Tensor
from ..container import ModuleDict
from ..module import Module
from ..parameter import Parameter
from .parametrization_list import ParametrizationList, register_tensor, take_over

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]


class _Cache:
    """The tensors that were computed within the outermost block of `cached`, by module and name."""

    depth = 0
    tensors: dict[tuple[int, str], Tensor] = {}  # noqa: RUF012 - the one there is


@contextmanager
def cached() -> Iterator[None]:
    """Computes each parametrized tensor once within the block, however often it is read.

    The values are dropped at the end of the block, of the outermost one if they are nested. What is assigned
    within the block is not seen by a tensor that was read before.

    Returns:
        A context manager.

    Source: torch.nn.utils.parametrize.cached.
    """
    _Cache.depth += 1
    try:
        yield
    finally:
        _Cache.depth -= 1
        if not _Cache.depth:
            _Cache.tensors = {}


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Has a parameter or buffer of a module computed by another module, at every reading.

    The tensor itself becomes `module.parametrizations.<name>.original`; that is what an optimiser trains and
    what a state dict has. A parametrization that is registered on a name again is called on what the one
    before it computed. Assigning to the name needs a method `right_inverse` of the parametrizations: it gives
    the original from which they compute the value. If it gives several tensors, the first parametrization is
    called with them, and they are named `original0`, `original1`, ....

    Args:
        module: the module; its class becomes one derived from its own.
        tensor_name: the name of the parameter or buffer.
        parametrization: computes the tensor from the original.
        unsafe: leaves out the check that the parametrization keeps shape and dtype.

    Returns:
        The module.

    Raises:
        ValueError: there is no such tensor, or the parametrization does not keep shape and dtype.

    Source: torch.nn.utils.parametrize.register_parametrization.

    Example:
        >>> class Symmetric(Module):
        ...     def forward(self, x):
        ...         return x.triu() + x.triu(1).T
        >>> layer = register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
        >>> fastinit.equal(layer.weight, layer.weight.T)
        True
        >>> list(layer.state_dict())
        ['bias', 'parametrizations.weight.original']
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            _check_further(module, tensor_name, parametrization)
        parametrizations: Any = module.parametrizations[tensor_name]
        parametrizations.append(parametrization)
        parametrizations.unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        # Made first: where it raises, the module is still as it was.
        parametrizations = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe=unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            module.__class__ = _parametrized_class(type(module))
            module.parametrizations = ModuleDict()
        _add_property(type(module), tensor_name)
        module.parametrizations[tensor_name] = parametrizations
    else:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name "
            f"'{tensor_name}'"
        )
    return module


def _check_further(module: Module, name: str, parametrization: Module) -> None:
    """Checks a parametrization that is to come after others: it keeps shape and dtype, there and back.

    Raises:
        ValueError: it does not.
    """
    before = getattr(module, name)
    after = parametrization(before)
    if not isinstance(after, Tensor):
        raise ValueError(f"A parametrization must return a tensor. Got {type(after).__name__}.")
    for what in ("dtype", "shape"):
        was, became = getattr(before, what), getattr(after, what)
        if became != was:
            raise ValueError(
                f"Registering a parametrization may not change the {what} of the tensor, unless the `unsafe` "
                f"flag is enabled.\nmodule.{name}.{what}: {was}\n"
                f"parametrization(module.{name}).{what}: {became}"
            )
    if not hasattr(parametrization, "right_inverse"):
        return
    try:
        inverse = parametrization.right_inverse(after)
    except NotImplementedError:
        return
    if not isinstance(inverse, Tensor):
        raise ValueError(f"parametrization.right_inverse must return a tensor. Got: {type(inverse).__name__}")
    for what in ("dtype", "shape"):
        was, became = getattr(before, what), getattr(inverse, what)
        if became != was:
            raise ValueError(
                f"The tensor returned by parametrization.right_inverse must have the same {what} as "
                f"module.{name}, unless the `unsafe` flag is enabled.\n"
                f"module.{name}.{what}: {was}\nreturned {what}: {became}"
            )


def _parametrized_class(kind: type[Module]) -> type[Module]:
    """A class for one module, which can have properties of its own."""
    methods: dict[str, Any] = {"__getstate__": _refuse_pickling}
    if not hasattr(kind, "__deepcopy__"):
        # copy.deepcopy would ask for the state.
        methods["__deepcopy__"] = _deepcopy
    return type(f"Parametrized{kind.__name__}", (kind,), methods)


def _refuse_pickling(self: Module) -> NoReturn:
    raise RuntimeError(
        "Serialization of parametrized modules is only supported through state_dict(). See:\n"
        "https://pytorch.org/tutorials/beginner/saving_loading_models.html"
        "#saving-loading-a-general-checkpoint-for-inference-and-or-resuming-training"
    )


def _deepcopy(self: Module, memo: dict[int, Any]) -> Any:
    # With a class of its own: what is removed from the copy stays with the module, and the reverse.
    kind: Any = _parametrized_class(type(self).__bases__[0])
    for name in self.parametrizations:
        _add_property(kind, name)
    replica = memo[id(self)] = kind.__new__(kind)
    replica.__dict__ = deepcopy(self.__dict__, memo)
    for slot in copyreg._slotnames(kind):  # type: ignore[attr-defined]
        if hasattr(self, slot):
            setattr(replica, slot, deepcopy(getattr(self, slot), memo))
    return replica


def _add_property(kind: type[Module], name: str) -> None:
    """Lets modules of a class compute the tensor where the name is read, and invert where it is assigned."""

    def compute(self: Module) -> Any:
        parametrizations = self.parametrizations[name]
        if not _Cache.depth:
            return parametrizations()
        key = id(self), name
        if key not in _Cache.tensors:
            _Cache.tensors[key] = parametrizations()
        return _Cache.tensors[key]

    def assign(self: Module, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    setattr(kind, name, property(compute, assign))


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Tells whether a tensor of the module, or any, has a parametrization. Raises nothing.

    Args:
        module: the module; anything else has none.
        tensor_name: the tensor's name; any if None.

    Returns:
        Whether it has; False, too, where there is no such tensor.

    Source: torch.nn.utils.parametrize.is_parametrized.
    """
    parametrizations = getattr(module, "parametrizations", None)
    if not isinstance(parametrizations, ModuleDict):
        return False
    return len(parametrizations) > 0 if tensor_name is None else tensor_name in parametrizations


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Makes a parametrized tensor an ordinary parameter or buffer again.

    Args:
        module: the module; when its last parametrization is removed, it gets its former class back.
        tensor_name: the name of the tensor.
        leave_parametrized: keeps the value that was computed; else that of the original, if there is one.

    Returns:
        The module.

    Raises:
        ValueError: the tensor has no parametrization, or several originals, of which one is wanted.

    Source: torch.nn.utils.parametrize.remove_parametrizations.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    parametrizations: Any = module.parametrizations[tensor_name]
    if parametrizations.is_tensor:
        tensor = parametrizations.original
        if leave_parametrized:
            with no_grad():
                take_over(tensor, getattr(module, tensor_name))
    elif leave_parametrized:
        value = getattr(module, tensor_name)
        tensor = Parameter(value) if value.requires_grad else value
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms "
            "of a sequence of tensors."
        )
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    register_tensor(module, tensor_name, tensor)
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> type:
    """Returns the class that the module had before it was parametrized, or has. Raises nothing.

    Args:
        module: the module, parametrized or not.

    Source: torch.nn.utils.parametrize.type_before_parametrizations.
    """
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(
    from_module: Module, to_module: Module, tensor_name: str | None = None
) -> Module:
    """Registers the parametrizations of one module on another, and lets both share the originals.

    Args:
        from_module: has the parametrizations.
        to_module: gets them; a tensor that it has not is added.
        tensor_name: the tensor whose parametrizations are meant; all if None.

    Returns:
        `to_module`.

    Raises:
        KeyError: `from_module` has parametrizations, but none on `tensor_name`.
        ValueError: a parametrization changes the shape or dtype of the tensor of `to_module`.

    Source: torch.nn.utils.parametrize.transfer_parametrizations_and_params.
    """
    if not is_parametrized(from_module):
        return to_module
    for name in from_module.parametrizations if tensor_name is None else [tensor_name]:
        source: Any = from_module.parametrizations[name]
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name)))
        for parametrization in source:
            register_parametrization(to_module, name, parametrization)
        target = to_module.parametrizations[name]
        names = ["original"] if source.is_tensor else [f"original{n}" for n in range(source.ntensors)]
        for original in names:
            setattr(target, original, getattr(source, original))
    return to_module
