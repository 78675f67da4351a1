"""Brace expansion, as a shell does it: `h.{0..2}.{weight,bias}` is six names."""

from __future__ import annotations

import re
from itertools import pairwise

from .errors import RecipeError

MOST_NAMES = 1 << 20
"""A typing error in a range must not fill the memory with names."""

_MOST_GROUPS = 64
_NUMBERS = re.compile(r"(-?\d{1,18})\.\.(-?\d{1,18})(?:\.\.(-?\d{1,18}))?")
_LETTERS = re.compile(r"([A-Za-z])\.\.([A-Za-z])(?:\.\.(-?\d{1,18}))?")


def expand(text: str) -> list[str]:
    """All the words that `text` stands for, the rightmost brace varying fastest.

    A brace holds a range (`{0..11}`, `{0..10..2}`, `{08..12}` with its zeros, `{a..f}`; either end may be the
    larger) or a list (`{q,k,v}`; an element may be empty, or hold braces itself). Unlike in a shell, a brace
    that is neither is an error: in the name of a tensor it is a slip.

    Raises:
        RecipeError: a brace has no partner or holds neither range nor list, or the words are more than
            `MOST_NAMES`.
    """
    if text.count("{") > _MOST_GROUPS:
        raise RecipeError(f"more than {_MOST_GROUPS} braces in {text[:40]!r}...")
    return _expand(text, text)


def _expand(text: str, whole: str) -> list[str]:
    head, opening, rest = text.partition("{")
    if "}" in head:
        raise RecipeError(f'"}}" without "{{" in "{whole}"')
    if not opening:
        return [text]
    parts, tail = _split(rest, whole)
    if len(parts) == 1:
        words = _range(parts[0], whole)
    else:
        words = [word for part in parts for word in _expand(part, whole)]
    tails = _expand(tail, whole)
    if len(words) * len(tails) > MOST_NAMES:
        raise RecipeError(f'"{whole}" stands for more than {MOST_NAMES} names')
    return [head + word + end for word in words for end in tails]


def _split(rest: str, whole: str) -> tuple[list[str], str]:
    """Cuts what follows a "{" into the parts between its own commas, and what follows its "}"."""
    depth = 0
    cuts = [-1]
    for place, character in enumerate(rest):
        if character == "{":
            depth += 1
        elif character == "}" and depth:
            depth -= 1
        elif character == "," and not depth:
            cuts.append(place)
        elif character == "}":
            cuts.append(place)
            return [rest[left + 1 : right] for left, right in pairwise(cuts)], rest[place + 1 :]
    raise RecipeError(f'"{{" without "}}" in "{whole}"')


def _range(body: str, whole: str) -> list[str]:
    numbers, letters = _NUMBERS.fullmatch(body), _LETTERS.fullmatch(body)
    if numbers:
        low, high, step = numbers.groups()
        padded = re.match(r"-?0\d", low) or re.match(r"-?0\d", high)
        width = max(len(low), len(high)) if padded else 0
        return [f"{value:0{width}d}" for value in _steps(int(low), int(high), step, whole)]
    if letters:
        low, high, step = letters.groups()
        return [chr(value) for value in _steps(ord(low), ord(high), step, whole)]
    raise RecipeError(f'"{{{body}}}" in "{whole}" is neither a range ({{0..11}}) nor a list ({{q,k,v}})')


def _steps(low: int, high: int, step: str | None, whole: str) -> range:
    stride = abs(int(step or 1)) or 1
    values = range(low, high + 1, stride) if low <= high else range(low, high - 1, -stride)
    if (high - low if low <= high else low - high) // stride >= MOST_NAMES:
        raise RecipeError(f'"{whole}" stands for more than {MOST_NAMES} names')
    return values
