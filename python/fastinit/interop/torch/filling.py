"""Filling one tensor of PyTorch's in an open context, or leaving it to PyTorch."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.autograd import forward_ad

from ...memory import adopt, filled
from ...random import Generator
from ...shard import Shard
from .opened import Opened
from .waiting import can_wait, waiting_here

__all__ = ["REFUSALS", "Fill", "Untouched", "as_number", "fill", "require_unrecorded"]

#: A fill of an array: the array, the distribution's arguments, `generator=` and `shard=`.
Fill = Callable[..., object]


class Untouched(Exception):  # noqa: N818 - nothing is wrong
    """This call is PyTorch's to make."""


#: What a call raises that PyTorch has to make; anything else is a mistake here, and not to be hidden.
REFUSALS = (Untouched, ArithmeticError, RuntimeError, TypeError, ValueError)


def fill(
    opened: Opened,
    tensor: torch.Tensor,
    run: Fill,
    *arguments: Any,
    generator: Any = None,
    fresh: bool = False,
    later: Fill | None = None,
    **keywords: Any,
) -> torch.Tensor:
    """Fills `tensor` in place, and records nothing.

    Args:
        opened: the context in which it is filled.
        tensor: what is filled.
        run: what fills an array.
        arguments: those of the distribution.
        generator: what the caller gave as `generator=`.
        fresh: whether nobody else has the tensor yet, so that its version stays 0.
        later: what fills an array in place of `run` when `run` has said already what it warns of.
        keywords: more arguments of the distribution.

    Returns:
        The same tensor.

    Raises:
        Exception: one of `REFUSALS`, where PyTorch has to make the call; then nothing has been written, no
            generator has moved, and PyTorch raises or warns of whatever is wrong.
    """
    if (
        not isinstance(tensor, torch.Tensor)
        or not _is_plain(tensor)
        or _is_watched()
        or (tensor.is_inference() and not torch.is_inference_mode_enabled())
    ):
        raise Untouched
    with torch._C.DisableTorchFunction():
        array, shard = adopt(tensor)
        if (array.size if shard is None else shard.global_numel()) == 0:
            raise Untouched
        source = opened.generator_of(array, generator, fresh)
        run = functools.partial(run, **keywords)
        later = run if later is None else later
        waiting = waiting_here()
        if opened.lazy and not fresh and shard is None and generator is None and can_wait(tensor):
            # Whatever the fill refuses is said now, by one of no elements.
            box = Shard(array.shape, (slice(0, 0),) * array.ndim)
            run(np.empty(box.shape, array.dtype), *arguments, generator=Generator(), shard=box)
            place = source.clone_state()
            source._take(array.size)
            waiting.put(tensor, array, lambda array: later(array, *arguments, generator=place, shard=None))
        else:
            if waiting:
                waiting.make((tensor,))
            run(array, *arguments, generator=source, shard=shard)
        return tensor if fresh else filled(tensor)


def require_unrecorded(tensor: torch.Tensor) -> None:
    """Checks that autograd would not record a change of `tensor`, nor refuse it as one of a leaf."""
    if torch.is_grad_enabled() and tensor.requires_grad:
        raise Untouched


def as_number(value: Any) -> Any:
    """Returns what PyTorch takes as an argument that is a number, as one of Python's or NumPy's."""
    if isinstance(value, (float, int, np.floating, np.integer)):
        return value
    if isinstance(value, torch.Tensor) and value.dim() == 0 and not value.requires_grad:
        waiting_here().make((value,))
        return value.item()
    raise Untouched


def _is_plain(tensor: torch.Tensor) -> bool:
    """Whether the tensor's class leaves it to PyTorch what a function does with it."""
    function: Any = type(tensor).__torch_function__
    function = getattr(function, "__func__", function)
    return function is _OF_TENSOR or function is _OF_PARAMETER


_OF_TENSOR: Any = torch.Tensor.__torch_function__.__func__  # type: ignore[attr-defined]
_OF_PARAMETER: Any = torch._C._disabled_torch_function_impl


def _is_watched() -> bool:
    """Whether something watches or transforms each operation, and so has to be given this one."""
    return bool(
        torch._C._len_torch_dispatch_stack()  # FakeTensorMode, make_fx, counters of operations
        or torch._C._functorch.peek_interpreter_stack() is not None  # vmap, grad and the like
        or torch._C._get_tracing_state() is not None  # torch.jit.trace
        or forward_ad._current_level >= 0
    )
