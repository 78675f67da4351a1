"""The names, shapes and dtypes of an existing safetensors file, from its header alone."""

from __future__ import annotations

import os
from collections.abc import Mapping

from safetensors import SafetensorError, safe_open

from .errors import RecipeError
from .spec import TensorSpec

_DTYPES: Mapping[str, str] = {"F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64"}


def tensors_of(path: str | os.PathLike[str]) -> dict[str, TensorSpec]:
    """Reads the tensors that a safetensors file lists; never their data.

    Raises:
        RecipeError: there is no such file, it is no safetensors file, or it holds a tensor that is not of a
            floating dtype, which no initialiser fills.
    """
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
