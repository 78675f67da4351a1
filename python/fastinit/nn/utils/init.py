"""Modules whose parameters are not given first values."""

import inspect
from typing import Any, TypeVar

from ..module import Module

__all__ = ["skip_init"]

M = TypeVar("M", bound=Module)


def skip_init(module_cls: type[M], *args: Any, **kwargs: Any) -> M:
    """Returns `module_cls(*args, **kwargs)` whose parameters have whatever values their memory held.

    The module is made on the device "meta", where initialisers do nothing and draw nothing.

    Args:
        module_cls: a class of modules whose constructor takes `device`, and does no more with its parameters
            than initialise them.
        *args: for the constructor.
        **kwargs: for the constructor; `device` is where the parameters live in the end.

    Raises:
        RuntimeError: `module_cls` is no Module, or does not take `device`.

    Source: torch.nn.utils.skip_init.

    Example:
        >>> skip_init(fastinit.nn.Linear, 5, 1).weight.shape
        fastinit.Size([1, 5])
    """
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    device = kwargs.pop("device", "cpu")
    kwargs["device"] = "meta"
    return module_cls(*args, **kwargs).to_empty(device=device)
