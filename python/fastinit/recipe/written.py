"""A recipe as the text of a TOML file: every number worked out, the same text for the same recipe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..nn.init import Layout
from .braces import escape
from .initialiser import Argument, Initialiser
from .rule import Rule
from .spec import TensorSpec

_ESCAPES: Mapping[int, str] = {
    **{code: f"\\u{code:04x}" for code in [*range(0x20), 0x7F]},
    ord('"'): '\\"',
    ord("\\"): "\\\\",
}


def written(
    rules: Iterable[tuple[Rule, Initialiser]],
    tensors: Mapping[str, TensorSpec],
    ties: Mapping[str, str],
    flags: Mapping[str, bool],
) -> str:
    """The text that reads back as these parts.

    Args:
        rules: each with what it binds.
        tensors: the parameters by name.
        ties: second names.
        flags: the keys at the top; those that are false, as they are by default, are left out.
    """
    parts = [[f"{key} = true" for key, value in flags.items() if value]]
    if tensors:
        parts.append(["[tensors]", *(f"{_name(name)} = {_spec(spec)}" for name, spec in tensors.items())])
    parts += [["[[rule]]", *_rule(rule, initialiser)] for rule, initialiser in rules]
    if ties:
        parts.append(["[tie]", *(f"{_name(name)} = {_name(source)}" for name, source in ties.items())])
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _rule(rule: Rule, initialiser: Initialiser) -> Iterator[str]:
    if isinstance(rule.match, str):
        yield f"match = {_text(rule.match)}"
    else:
        yield f"regex = {_text(rule.match.pattern)}"
    yield from rule.conditions
    yield f"init = {_text(initialiser.name)}"
    for key, value in initialiser.arguments.items():
        yield f"{key} = {_value(value)}"
    if initialiser.layout is not None:
        yield from _layout(initialiser.layout)
    if rule.dtype is not None:
        yield f"dtype = {_text(rule.dtype)}"


def _layout(layout: Layout) -> Iterator[str]:
    given = {key: value for key in ("splits", "expert_axis") if (value := getattr(layout, key)) is not None}
    for key, value in given.items():
        yield f"{key} = {list(value) if isinstance(value, tuple) else value}"
    # Where it is the only key, even its default stands: without any there is no layout.
    if layout.transposed or not (given or layout.kernel_first or layout.gains):
        yield f"transposed = {_value(layout.transposed)}"
    if layout.kernel_first:
        yield "kernel_first = true"
    if layout.gains is not None:
        yield f"gains = {list(layout.gains)}"


def _spec(spec: TensorSpec) -> str:
    return f'{{ shape = {list(spec.shape)}, dtype = "{spec.dtype}" }}'


def _value(value: Argument) -> str:
    if isinstance(value, str):
        return _text(value)
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _name(name: str) -> str:
    return _text(escape(name))


def _text(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'
