"""The names, shapes and dtypes of an existing checkpoint, from its headers alone."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from .errors import RecipeError
from .spec import TensorSpec

_DTYPES: Mapping[str, str] = {"F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64"}
_FILE = ".safetensors"
_INDEX = ".safetensors.index.json"


def tensors_of(path: str | os.PathLike[str]) -> dict[str, TensorSpec]:
    """Reads the tensors that a checkpoint lists; never their data.

    Args:
        path: a safetensors file; the index (`*.safetensors.index.json`) of one that is cut into several
            files; or a directory that holds the one or the other.

    Returns:
        The shape and the dtype of each tensor, by name.

    Raises:
        RecipeError: there is no such checkpoint, its index and its files do not agree, or it holds a tensor
            that is not of a floating dtype, which no initialiser fills.

    Source: the safetensors format, https://github.com/huggingface/safetensors, and transformers' index.
    """
    file = Path(path)
    if file.is_dir():
        file = _checkpoint_in(file)
    return _indexed(file) if file.name.endswith(_INDEX) else _header(file)


def _checkpoint_in(directory: Path) -> Path:
    """The index in a directory, else the file: the one that there is."""
    names = sorted(each.name for each in directory.iterdir())
    indices = [name for name in names if name.endswith(_INDEX)]
    # What an index lists lies beside it; but a file of the index's own name is another checkpoint.
    whole = [name for name in names if name.endswith(_FILE)]
    rivals = [name for name in whole if name + ".index.json" in indices]
    found = [*indices, *rivals] if indices else whole
    if not found:
        raise RecipeError(f"{directory} holds neither a {_FILE} file nor the index of several")
    if len(found) > 1:
        raise RecipeError(f"{directory} holds {' and '.join(found)}: name the one that is meant")
    return directory / found[0]


def _indexed(index: Path) -> dict[str, TensorSpec]:
    places = _weight_map(index)
    headers = {name: _header(index.parent / name) for name in dict.fromkeys(places.values())}
    for file, header in headers.items():
        for name in header:
            if name not in places:
                raise RecipeError(f'"{name}" is in {index.parent / file}, but {index} does not list it')
            if places[name] != file:
                raise RecipeError(
                    f'"{name}" is in {index.parent / file}, but {index} says that {places[name]} holds it'
                )
    for name, file in places.items():
        if name not in headers[file]:
            raise RecipeError(f'{index} says that {file} holds "{name}", but it does not')
    return {name: headers[file][name] for name, file in places.items()}


def _weight_map(index: Path) -> dict[str, str]:
    """The file of each tensor, as an index names it: a plain name, which leads out of no directory."""
    try:
        document = json.loads(index.read_bytes(), object_pairs_hook=_without_duplicates)
    except OSError as error:
        raise RecipeError(f"cannot read {index}: {error.strerror or error}") from None
    except RecipeError as error:
        raise RecipeError(f"{index} {error}") from None
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"{index} is no JSON: {error}") from None
    places = document.get("weight_map") if isinstance(document, dict) else None
    if not isinstance(places, dict):
        raise RecipeError(f"{index} has no weight_map, which says in what file each tensor is")
    for name, file in places.items():
        if not isinstance(file, str) or not _is_plain(file):
            raise RecipeError(
                f'{index} says that "{name}" is in {file!r}, which is no name of a file beside it'
            )
    return places


def _is_plain(name: str) -> bool:
    return name.endswith(_FILE) and not any(each in name for each in "/\\:\0")


def _without_duplicates(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise RecipeError(f'lists "{name}" twice')
        found[name] = value
    return found


def _header(path: Path) -> dict[str, TensorSpec]:
    tensors: dict[str, TensorSpec] = {}
    try:
        with safe_open(path, framework="numpy") as file:
            for name in file.keys():  # noqa: SIM118 - it is no mapping
                entry = file.get_slice(name)
                if entry.get_dtype() not in _DTYPES:
                    raise RecipeError(f'"{name}" in {path} is {entry.get_dtype()}, not of a floating dtype')
                tensors[name] = TensorSpec(tuple(entry.get_shape()), _DTYPES[entry.get_dtype()])
    except OSError as error:
        raise RecipeError(f"cannot read {path}: {error.strerror or error}") from None
    except SafetensorError as error:
        raise RecipeError(f"{path} is not a safetensors file: {error}") from None
    return tensors
