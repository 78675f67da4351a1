"""The parameters of a model that only exists as code: it is made without memory, and asked for its names."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from ..devices import device
from .errors import RecipeError, located, unknown
from .named import named_in_module
from .spec import TensorSpec
from .wrappers import bare_names


def tensors_of_model(factory: str | Callable[[], Any]) -> tuple[dict[str, TensorSpec], dict[str, str]]:
    """Lists what a checkpoint of a model holds, without giving the model any memory.

    The factory is called with the device "meta" as the default of fastinit, and of torch where it is
    imported by then, so that a model of any size can be listed.

    Args:
        factory: what makes the model, without arguments: a callable, or `"package.module:name"`, where the
            name may have dots. Modules of the current directory can be imported.

    Returns:
        The parameters and the persistent buffers of a floating dtype by name, and the ties: every further
        name of one of them, to the name that stands for it. That is the first one which the model does not
        list in `_tied_weights_keys`, the names that transformers leaves out of a checkpoint. What wrappers
        of PyTorch's add to names (`_orig_mod.` of `torch.compile`) is left out.

    Raises:
        RecipeError: there is no such factory, it raises, what it returns is no module, or a parameter has no
            shape yet or a dtype that no initialiser fills.

    Source: fastinit's own; see docs/recipes.md.

    Examples:
        >>> tensors_of_model(lambda: fastinit.nn.Linear(3, 4, bias=False))
        ({'weight': TensorSpec(shape=(4, 3), dtype='float32')}, {})
    """
    if isinstance(factory, str):
        with located(factory), _current_directory_importable():
            return _listed(_made(_imported(factory)))
    with located(getattr(factory, "__qualname__", None)):
        return _listed(_made(factory))


def _imported(path: str) -> Callable[[], Any]:
    """The callable that `"package.module:name"` says."""
    module, _, attributes = path.partition(":")
    if not module or not attributes:
        raise RecipeError('a factory is written "package.module:name"')
    try:
        found: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{module}.".startswith(f"{error.name}."):
            raise RecipeError(f'there is no module "{error.name}"') from None
        raise _raised(f"importing {module}", error) from error
    except Exception as error:
        raise _raised(f"importing {module}", error) from error
    for name in attributes.split("."):
        if not hasattr(found, name):
            raise unknown("name", name, (each for each in dir(found) if not each.startswith("_")))
        found = getattr(found, name)
    if not callable(found):
        raise RecipeError(f"is a {type(found).__name__}, which cannot be called")
    made: Callable[[], Any] = found
    return made


@contextmanager
def _current_directory_importable() -> Iterator[None]:
    """Lets modules of the current directory be imported, as those of a script's own directory are."""
    directory = str(Path.cwd())
    if directory in sys.path:
        yield
        return
    sys.path.insert(0, directory)
    try:
        yield
    finally:
        with suppress(ValueError):
            sys.path.remove(directory)


def _made(factory: Callable[[], Any]) -> Any:
    """What the factory makes where nothing that it makes has memory."""
    with ExitStack() as devices:
        devices.enter_context(device("meta"))
        # Whoever makes a torch module has imported torch; for others it would be seconds lost.
        if "torch" in sys.modules:
            devices.enter_context(sys.modules["torch"].device("meta"))
        try:
            model = factory()
        except Exception as error:
            raise _raised("calling it", error) from error
    if not hasattr(model, "named_parameters") or not hasattr(model, "state_dict"):
        raise RecipeError(f"returns a {type(model).__name__}, not a module")
    return model


def _raised(work: str, error: Exception) -> RecipeError:
    return RecipeError(f"{work} raised {type(error).__name__}: {error}")


def _listed(model: Any) -> tuple[dict[str, TensorSpec], dict[str, str]]:
    stored = named_in_module(model, _stored(model))
    return {name: _spec(name, each) for name, each in stored.tensors.items()}, stored.second_names


def _stored(model: Any) -> Iterator[tuple[str, Any]]:
    """What of a model is floating and in its state dict, a shared tensor under each of its names."""
    yield from model.named_parameters(remove_duplicate=False)
    bare = bare_names(model)
    persistent = set(map(bare, model.state_dict(keep_vars=True)))
    for name, each in model.named_buffers(remove_duplicate=False):
        if bare(name) in persistent and each.is_floating_point():
            yield name, each


def _spec(name: str, tensor: Any) -> TensorSpec:
    with located(f'"{name}"'):
        try:
            shape = tuple(tensor.shape)
        except RuntimeError as error:  # that of a lazy module
            raise RecipeError(f"has no shape yet: {error}") from error
        return TensorSpec(shape, str(tensor.dtype).rpartition(".")[2])
