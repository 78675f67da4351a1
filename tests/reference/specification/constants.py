"""The constants of docs/stream_functions.md, read from its tables."""

from __future__ import annotations

import re

import numpy as np

from reference.pages import blocks

NUMBER = re.compile(r"-?0x[0-9a-f.]+p[+-]\d+")
TABLE = re.compile(r"^([A-Z][A-Z0-9_]*_(?:32|64)) = ((?:-?0x[0-9a-f.]+p[+-]\d+\s*)+)", re.MULTILINE)


def constants_of(page: str) -> dict[str, list[np.floating]]:
    """Name -> numbers, float32 or float64 as the name says; each is exact in its type."""
    found: dict[str, list[np.floating]] = {}
    for block in blocks(page, "text"):
        for name, numbers in TABLE.findall(block):
            real = np.float32 if name.endswith("_32") else np.float64
            exact = [float.fromhex(number) for number in NUMBER.findall(numbers)]
            assert name not in found, f"{name} is given twice"
            assert exact == [float(real(number)) for number in exact], f"{name} is not exact"
            found[name] = [real(number) for number in exact]
    return found


CONSTANTS = constants_of("docs/stream_functions.md")


def coefficients(name: str) -> list[np.floating]:
    """The coefficients of a polynomial, the constant one first."""
    return CONSTANTS[name]


def constant(name: str) -> np.floating:
    """A single number."""
    [number] = CONSTANTS[name]
    return number
