"""Names for how elements lie in memory: there is one layout, whose strides say all; but programs name it."""

from __future__ import annotations

from typing import Final

__all__ = [
    "channels_last",
    "contiguous_format",
    "layout",
    "memory_format",
    "preserve_format",
    "strided",
]


class _Named:
    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"fastinit.{self._name}"

    def __reduce__(self) -> str:
        # Copying and pickling go by name, which keeps each a single object.
        return self._name


class layout(_Named):  # noqa: N801 - PyTorch's name
    """How elements are stored (torch.layout).

    Args:
        name: what it is called; `strided` is all there is.
    """

    __slots__ = ()


class memory_format(_Named):  # noqa: N801 - PyTorch's name
    """In which order elements lie (torch.memory_format); accepted, without effect on copies.

    Args:
        name: what it is called: `contiguous_format`, `preserve_format` or `channels_last`.
    """

    __slots__ = ()


strided: Final = layout("strided")
contiguous_format: Final = memory_format("contiguous_format")
preserve_format: Final = memory_format("preserve_format")
channels_last: Final = memory_format("channels_last")
