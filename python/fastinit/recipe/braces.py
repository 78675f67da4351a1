"""Brace expansion, as a shell does it: `h.{0..2}.{weight,bias}` is six names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from .errors import RecipeError, located
from .expression import Number, evaluate, whole

MOST_NAMES = 1 << 20
"""A typing error in a range must not fill the memory with names."""

_MOST_GROUPS = 64
_NUMBER = re.compile(r"-?\d{1,18}")
_LETTERS = re.compile(r"[A-Za-z]\.\.[A-Za-z](\.\..*)?", re.DOTALL)
_SPECIAL = re.compile(r"[\\{}]")
_TOKEN = re.compile(r"\\[\\{},]|.", re.DOTALL)
"""A character, or one that a backslash makes a plain one."""


def expand(text: str, variables: Mapping[str, Number] | None = None) -> list[str]:
    r"""All the words that `text` stands for, the rightmost brace varying fastest.

    A brace holds a range (`{0..11}`, `{0..10..2}`, `{08..12}` with its zeros, `{a..f}`; either end may be the
    larger) or a list (`{q,k,v}`; an element may be empty, or hold braces itself). The ends and the step of a
    range of numbers may be arithmetic (`{0..n_layer-1}`). Unlike in a shell, a brace that is neither is an
    error: in the name of a tensor it is a slip. `\{`, `\}`, `\,` and `\\` are the characters themselves.

    Args:
        text: what to expand.
        variables: the numbers that arithmetic may name.

    Raises:
        RecipeError: a brace has no partner or holds neither range nor list, arithmetic has no whole value, or
            the words are more than `MOST_NAMES`.

    Examples:
        >>> expand("h.{0..n-1}.{weight,bias}", {"n": 1})
        ['h.0.weight', 'h.0.bias']
    """
    if not _SPECIAL.search(text):
        return [text]
    tokens = _TOKEN.findall(text)
    if tokens.count("{") > _MOST_GROUPS:
        raise RecipeError(f"more than {_MOST_GROUPS} braces in {text[:40]!r}...")
    return _expand(tokens, text, variables or {})


def escape(name: str) -> str:
    r"""The text that expands to this name alone: `a{b` is `a\{b`."""
    return _SPECIAL.sub(r"\\\g<0>", name)


def _expand(tokens: Sequence[str], text: str, variables: Mapping[str, Number]) -> list[str]:
    opening = tokens.index("{") if "{" in tokens else len(tokens)
    if "}" in tokens[:opening]:
        raise RecipeError(f'"}}" without "{{" in "{text}"')
    head = _plain(tokens[:opening])
    if opening == len(tokens):
        return [head]
    parts, tail = _split(tokens[opening + 1 :], text)
    body = ",".join("".join(part) for part in parts)
    if len(parts) == 1 or _is_one_range(parts):
        words = _range(body, text, variables)
    else:
        words = [word for part in parts for word in _expand(part, text, variables)]
    tails = _expand(tail, text, variables)
    if len(words) * len(tails) > MOST_NAMES:
        raise RecipeError(f'"{text}" stands for more than {MOST_NAMES} names')
    return [head + word + end for word in words for end in tails]


def _plain(tokens: Sequence[str]) -> str:
    return "".join(token[-1] for token in tokens)


def _split(tokens: Sequence[str], text: str) -> tuple[list[Sequence[str]], Sequence[str]]:
    """Cuts what follows a "{" into the parts between its own commas, and what follows its "}"."""
    depth = 0
    cuts = [-1]
    for place, token in enumerate(tokens):
        if token == "{":
            depth += 1
        elif token == "}" and depth:
            depth -= 1
        elif token == "," and not depth:
            cuts.append(place)
        elif token == "}":
            cuts.append(place)
            return [tokens[left + 1 : right] for left, right in pairwise(cuts)], tokens[place + 1 :]
    raise RecipeError(f'"{{" without "}}" in "{text}"')


def _is_one_range(parts: Sequence[Sequence[str]]) -> bool:
    """Whether the commas between the parts are those of a function in a range: `{0..max(n, 2)}`."""
    depth = 0
    for part in parts[:-1]:
        depth += part.count("(") - part.count(")")
        if depth <= 0:
            return False
    return ".." in "".join(token for part in parts for token in part)


def _range(body: str, text: str, variables: Mapping[str, Number]) -> list[str]:
    bounds = body.split("..")
    if len(bounds) not in (2, 3) or "..." in body or not all(map(str.strip, bounds)):
        raise RecipeError(f'"{{{body}}}" in "{text}" is neither a range ({{0..11}}) nor a list ({{q,k,v}})')
    with located(f'"{{{body}}}" in "{text}"'):
        stride = abs(int(_written(bounds[2], variables))) or 1 if len(bounds) == 3 else 1
        if _LETTERS.fullmatch(body):
            low, high, *_ = bounds
            return [chr(value) for value in _steps(ord(low), ord(high), stride)]
        low, high = (_written(bound, variables) for bound in bounds[:2])
        padded = re.match(r"-?0\d", low) or re.match(r"-?0\d", high)
        width = max(len(low), len(high)) if padded else 0
        return [f"{value:0{width}d}" for value in _steps(int(low), int(high), stride)]


def _written(bound: str, variables: Mapping[str, Number]) -> str:
    """A number as it stands there, its zeros included; arithmetic, worked out."""
    return bound if _NUMBER.fullmatch(bound) else str(whole(evaluate(bound, variables), bound))


def _steps(low: int, high: int, stride: int) -> range:
    values = range(low, high + 1, stride) if low <= high else range(low, high - 1, -stride)
    if abs(high - low) // stride >= MOST_NAMES:
        raise RecipeError(f"stands for more than {MOST_NAMES} names")
    return values
