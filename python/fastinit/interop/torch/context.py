"""`fast_init`: a context in which PyTorch's own initialisers run on fastinit's kernels."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import TracebackType
from typing import Any, SupportsIndex, TypeVar, cast

import torch

from ...random import Generator
from .mode import enter_mode, leave_mode
from .names import Names
from .opened import Opened, current, forget, remember
from .replaced import REPLACED
from .seeds import draw_seed

__all__ = ["fast_init"]


Function = TypeVar("Function", bound=Callable[..., Any])


class fast_init:  # noqa: N801 - as torch.no_grad
    """A context in which PyTorch's own initialisers run on fastinit's kernels.

    Within `with fast_init(seed):`, or a function decorated with `@fast_init(seed)`, these fill PyTorch's CPU
    tensors with the values of `fastinit.nn.init`, and so do the constructors of modules that call them:

    - the random functions of `torch.nn.init`;
    - the methods of Tensor `uniform_`, `normal_`, `bernoulli_` (with a number), `exponential_`, `cauchy_`,
      `log_normal_`, `geometric_` and `random_`;
    - `torch.rand`, `randn`, `randint`, their forms in `_like`, and `torch.normal` with numbers.

    One seed gives the same bits on every CPU and for every number of threads. Arguments, distributions,
    returned objects, `requires_grad`, errors and warnings are PyTorch's.

    Untouched, and drawing from PyTorch's generator, are: tensors on other devices, sparse, quantised,
    complex or wrapped ones (FakeTensor), fills that autograd records or refuses, `out=`, and arguments that
    fastinit refuses; all that runs under a mode that watches each operation, under `vmap` and other
    transforms, in `torch.compile` and `torch.jit.trace`; other random functions (`torch.bernoulli`,
    `randperm`, `multinomial`, dropout, `torch.distributions` beyond its calls of the above); what does not
    pass through Python's functions of PyTorch (`torch.ops.aten`, C++ extensions, scripted functions).
    `torch.nn.init.orthogonal_` of half precision raises, as it does outside.

    The context is open in the thread and the asyncio task that entered it, and in tasks that they start; all
    others, and processes that are forked within it, see PyTorch's own. Of nested ones the innermost counts.
    A decorated coroutine function is a context each time it runs; of a generator function, open one inside.

    It is for making a model, not for training one: what restores the state of PyTorch's generator
    (`torch.manual_seed` and `fork_rng` within it, `torch.utils.checkpoint`) does not repeat these fills.

    Args:
        seed: the seed of all fills, a 64-bit int. None draws one, on entry, from PyTorch's default generator
            (its only advance): two contexts in a row differ, and `torch.manual_seed` repeats both.
        module: a module whose parameters and buffers are keyed by name, so that adding a layer changes no
            other. A tensor under several names has the first one, those in transformers'
            `_tied_weights_keys` last.
        lazy: whether a fill of a large tensor waits until PyTorch is asked for the tensor's values, at the
            latest until the context is left. The values are the same. Of several fills of a tensor, as by the
            constructor of a layer and then by that of the model, only the last is made, and none of a tensor
            that is gone by then. Whatever reads memory in the context without calling PyTorch's Python
            functions finds no values yet, and what it writes is overwritten: C++ extensions, compiled graphs,
            collectives, other threads, storages and DLPack's arrays from before the fill, and the few
            functions that PyTorch shows to no mode (docs/pytorch.md).

    Raises:
        RuntimeError: `seed` is not an int.
        ValueError: `seed` does not fit into 64 bits.
        TypeError: `module` is not a torch.nn.Module.
        RecipeError: on entry: two of its tensors have the same name where nothing is wrapped.

    Draws:
        The fills take consecutive positions of `Generator(seed=seed)`, which `with ... as` gives. With a
        `module`, a fill of the whole of its tensor `name` begins at position 0 of
        `Generator(seed=seed).fork(name)`, whatever was filled before, and a fill of a view of it takes the
        next positions of that. A fill that is given a generator of PyTorch's takes its seed from one draw of
        64 bits of that, and moves no other.

    Source: fastinit's own, with the names and distributions of torch.nn.init; see docs/pytorch.md.

    Examples:
        >>> import torch
        >>> with fast_init(0):
        ...     layer = torch.nn.Linear(2, 3)
        >>> expected = nn.init.kaiming_uniform_(fastinit.empty(3, 2), a=5**0.5, generator=Generator(seed=0))
        >>> bool((layer.weight.detach().numpy() == expected.numpy()).all())
        True
    """

    def __init__(
        self,
        seed: SupportsIndex | None = None,
        *,
        module: torch.nn.Module | None = None,
        lazy: bool = False,
    ) -> None:
        if callable(seed):
            raise TypeError("fast_init: as a decorator it is called first, @fast_init()")
        if not isinstance(module, torch.nn.Module | None):
            raise TypeError(
                f"fast_init: expected module to be a torch.nn.Module, got {type(module).__name__}"
            )
        self._seed = None if seed is None else Generator(seed=seed).initial_seed()
        self._module = module
        self._lazy = lazy
        self._entered: list[Opened] = []

    def __enter__(self) -> Generator:
        seed = draw_seed(torch.default_generator) if self._seed is None else self._seed
        generator = Generator(seed=seed)
        names = None if self._module is None else Names(self._module, Generator(seed=seed))
        opened = Opened(self, generator, names, self._lazy)
        REPLACED.enter()
        enter_mode()
        self._entered.append(opened)
        remember(opened)
        return generator

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        opened = self._innermost()
        self._entered.remove(opened)
        opened.close()
        forget()
        if opened.is_of_this_thread():
            leave_mode()
        REPLACED.leave()
        if self._lazy:
            opened.waiting.leave()

    def _innermost(self) -> Opened:
        """What this object entered last, of what is open here."""
        opened = current()
        while opened is not None and opened.owner is not self:
            opened = opened.outer
        # A fixture or a generator may be left where its ContextVars are not seen.
        return self._entered[-1] if opened is None else opened

    def __call__(self, func: Function) -> Function:
        """Returns `func`, each call of which is a context of its own."""
        if isinstance(func, type):
            raise TypeError("fast_init: a class would be a function then: decorate its __init__")
        if inspect.isgeneratorfunction(func) or inspect.isasyncgenfunction(func):
            raise TypeError("fast_init: a generator would be left open between its values; open it inside")

        @functools.wraps(func)
        def call(*arguments: Any, **keywords: Any) -> Any:
            with self:
                return func(*arguments, **keywords)

        @functools.wraps(func)
        async def call_later(*arguments: Any, **keywords: Any) -> Any:
            with self:
                return await func(*arguments, **keywords)

        return cast(Function, call_later if inspect.iscoroutinefunction(func) else call)
