"""How a tensor prints: PyTorch's text, character for character.

The elements shown decide one format for all of them. Rows break at the line width; past a threshold only the
edges of each dimension are shown; what the numbers do not say (dtype, size, gradient) follows them.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import numpy as np

from . import dtypes
from .meta import has_no_memory

__all__ = ["format_tensor", "get_printoptions", "printoptions", "set_printoptions"]

Array = np.ndarray[Any, np.dtype[Any]]


class _Options(NamedTuple):
    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_PROFILES: Final = {
    "default": _Options(),
    "short": _Options(precision=2, edgeitems=2),
    "full": _Options(threshold=math.inf),
}

_options = _Options()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Sets how tensors print; what is None stays, but for `sci_mode` (torch.set_printoptions).

    Args:
        precision: digits after the point.
        threshold: how many elements print in full; tensors that have more are summarised.
        edgeitems: how many elements at each end of a dimension a summary shows.
        linewidth: where rows break.
        profile: "default", "short" or "full": sets all of these first.
        sci_mode: whether numbers print in scientific notation; None lets them decide.
    """
    global _options  # noqa: PLW0603 - one way of printing per process, as in PyTorch
    options = _options if profile is None else _PROFILES.get(profile, _options)
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    _options = options._replace(**changes, sci_mode=sci_mode)


def get_printoptions() -> dict[str, Any]:
    """Returns the options that `set_printoptions` takes, as they are now (torch.get_printoptions)."""
    return _options._asdict()


@contextmanager
def printoptions(**options: Any) -> Iterator[None]:
    """Prints within a `with` block by other options: those of `set_printoptions`."""
    global _options  # noqa: PLW0603
    before = _options
    set_printoptions(**options)
    try:
        yield
    finally:
        _options = before


def format_tensor(array: Array, *, requires_grad: bool = False, grad_fn: str | None = None) -> str:
    """Returns the text that `print` shows for a tensor.

    Args:
        array: the tensor's elements.
        requires_grad: whether to say so.
        grad_fn: the name of the node that made the tensor, as `SumBackward0`; it stands in place of
            `requires_grad`.
    """
    prefix = "tensor("
    dtype = dtypes.as_dtype(array.dtype)
    default = dtypes.get_default_dtype()
    remarks = []
    if has_no_memory(array):
        remarks += ["device='meta'", f"size={array.shape}"]
        implied = dtype is default
        text = "..."
    elif array.size == 0:
        if array.ndim != 1:
            remarks.append(f"size={array.shape}")
        implied = dtype is default
        text = "[]"
    else:
        implied = dtype in {default, dtypes.int64, dtypes.bool}
        text = _format_elements(array, len(prefix))
    if not implied:
        remarks.append(f"dtype={dtype}")
    if grad_fn is not None:
        remarks.append(f"grad_fn=<{grad_fn}>")
    elif requires_grad:
        remarks.append("requires_grad=True")
    return _append_remarks(prefix + text, remarks, len(prefix))


def _append_remarks(text: str, remarks: list[str], indent: int) -> str:
    column = len(text) - text.rfind("\n") + 1
    for remark in remarks:
        width = len(remark.replace("fastinit.", "torch."))  # Lines break where PyTorch breaks them.
        if column + width + 2 > _options.linewidth:
            text += f",\n{' ' * indent}{remark}"
            column = indent + width
        else:
            text += f", {remark}"
            column += width + 2
    return text + ")"


def _format_elements(array: Array, indent: int) -> str:
    edge = _options.edgeitems
    cut = [array.size > _options.threshold and length > 2 * edge for length in array.shape]
    for axis, length in enumerate(array.shape):
        if cut[axis]:
            array = array.take([*range(edge), *range(length - edge, length)], axis)
    if array.dtype.kind not in "iub":
        with np.errstate(invalid="ignore"):  # of NaNs that signal, as memory may hold that nobody has filled
            array = array.astype(np.float64)  # exact, and the one that Python formats
    form, width = _common_format(array)
    return _format_rows(array, indent, cut, lambda value: form(value).rjust(width), width)


def _common_format(shown: Array) -> tuple[Callable[[Any], str], int]:
    """Returns how every element prints, and how wide: by the elements that are shown."""
    if shown.dtype.kind in "iub":
        return str, max((len(str(value)) for value in shown.flat), default=1)

    counting = shown[np.isfinite(shown) & (shown != 0)]
    whole = bool((counting == np.ceil(counting)).all())
    scientific = False
    if counting.size > 0:
        magnitudes = np.abs(counting)
        smallest, largest = magnitudes.min().item(), magnitudes.max().item()
        scientific = largest / smallest > 1000 or largest > 1e8 or (not whole and smallest < 1e-4)
        if _options.sci_mode is not None:
            scientific = _options.sci_mode
    point = "." if whole and not scientific else ""
    spec = f".{_options.precision}e" if scientific else ".0f" if whole else f".{_options.precision}f"

    def form(value: float) -> str:
        return format(value, spec) + (point if math.isfinite(value) else "")

    return form, max(map(len, map(form, counting.tolist())), default=1)


def _format_rows(array: Array, indent: int, cut: list[bool], cell: Callable[[Any], str], width: int) -> str:
    """Formats an array of which `cut` says at which dimensions its middle was taken out."""
    if array.ndim == 0:
        return cell(array.item())
    parts = (
        [cell(value) for value in array.tolist()]
        if array.ndim == 1
        else [_format_rows(row, indent + 1, cut[1:], cell, width) for row in array]
    )
    if cut[0]:
        parts.insert(_options.edgeitems, " ..." if array.ndim == 1 else "...")
    if array.ndim == 1:
        per_line = max(1, (_options.linewidth - indent) // (width + 2))
        parts = [", ".join(parts[start : start + per_line]) for start in range(0, len(parts), per_line)]
    separator = "," + "\n" * max(1, array.ndim - 1) + " " * (indent + 1)
    return f"[{separator.join(parts)}]"
