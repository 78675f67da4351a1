"""Writing one `model.safetensors`, whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import save_file

from ..random import Generator
from ..recipe import Assignment, Recipe
from .plan import plan

FILE_NAME = "model.safetensors"

Observer = Callable[[Assignment, npt.NDArray[Any]], None]


def write(
    recipe: Recipe,
    directory: str | os.PathLike[str],
    *,
    seed: int = 0,
    force: bool = False,
    observe: Observer | None = None,
) -> Path:
    """Fills the tensors of a recipe and writes them to `model.safetensors` in a directory.

    The same recipe and seed give the same file, byte for byte. It appears under its name only when all of it
    is on the disk; until then, and after any error, whatever had that name stays as it was. The whole
    checkpoint is held in memory.

    Args:
        recipe: a recipe that lists its tensors.
        directory: where the file goes; made where it is missing.
        seed: the seed of every tensor's stream, a 64-bit int.
        force: whether a file of that name may be replaced.
        observe: called with each tensor once it is filled: what decided it, and its values.

    Returns:
        The path of the file.

    Raises:
        RecipeError: the recipe lists no tensors.
        FileExistsError: the file is there, and `force` was not given.
        OSError: the disk is full, or the directory cannot be made or written in.

    Draws: each tensor from position 0 of `Generator(seed=seed).fork(name)`; no other generator moves.
    """
    planned = plan(recipe)
    generator = Generator(seed=seed)
    path = Path(directory) / FILE_NAME
    if path.exists() and not force:
        raise FileExistsError(f"{path} exists, and is kept without force (--force)")
    path.parent.mkdir(parents=True, exist_ok=True)
    with _replacing(path) as temporary:
        free = shutil.disk_usage(path.parent).free
        if free < planned.nbytes:
            raise OSError(f"{path} takes {planned.nbytes:,} bytes, but its disk has only {free:,} free")
        arrays = {}
        for tensor in planned.tensors:
            array = np.empty(tensor.spec.shape, tensor.spec.numpy_dtype)
            tensor.initialiser.fill(array, generator.fork(tensor.name))
            arrays[tensor.name] = array
            if observe is not None:
                observe(tensor, array)
        # One entry only: safetensors writes several in an order that changes from run to run.
        save_file(arrays, temporary, metadata={"format": "pt"})
    return path


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Gives a temporary path beside `path`, which takes the name of `path` once the block has ended well."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    try:
        mode = os.fstat(descriptor).st_mode
        os.close(descriptor)
        try:
            yield temporary
        except SafetensorError as error:
            raise OSError(f"cannot write {path}: {error}") from None
        # safetensors replaces the file that stands there by its own, which only the owner may read.
        temporary.chmod(mode)
        _sync(temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _sync(path: Path) -> None:
    """Waits until the file, or the directory's list of names, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
