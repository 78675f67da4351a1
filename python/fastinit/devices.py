"""Where a tensor's memory is: on the CPU, or, on the device "meta", nowhere."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Final, Self, TypeAlias

__all__ = ["CPU", "META", "DeviceLike", "as_device", "device", "get_default_device", "set_default_device"]

DeviceLike: TypeAlias = "device | str | None"


class device:  # noqa: N801 - PyTorch's name
    """A device: the CPU, or "meta", whose tensors have a shape and a dtype, and no values (torch.device).

    In a `with` block, tensors are made there unless a device is named.

    Args:
        type: "cpu", "meta", or a device.

    Attributes:
        type: "cpu" or "meta".
        index: None; there is one of each.

    Raises:
        RuntimeError: it names another device.
        TypeError: it is neither a string nor a device.
    """

    __slots__ = ("_outer", "index", "type")

    def __init__(self, type: device | str) -> None:
        if not isinstance(type, str | device):
            raise TypeError(f"device must be fastinit.device or str, not {type.__class__.__name__}")
        name = str(type).removesuffix(":0")
        if name not in {"cpu", "meta"}:
            raise RuntimeError(
                f"fastinit computes on the CPU: expected the device 'cpu' or 'meta', but got '{type}'"
            )
        self.type = name
        self.index: int | None = None
        self._outer: list[device] = []

    def __enter__(self) -> Self:
        self._outer.append(_state.default)
        _state.default = self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _state.default = self._outer.pop()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and self.type == other.type

    def __hash__(self) -> int:
        return hash(self.type)

    def __reduce__(self) -> tuple[type[device], tuple[str]]:
        return device, (self.type,)

    def __str__(self) -> str:
        return self.type

    def __repr__(self) -> str:
        return f"device(type='{self.type}')"


CPU: Final = device("cpu")
META: Final = device("meta")


class _State(threading.local):
    """Where the calling thread makes tensors if no device is named."""

    default: device = CPU


_state = _State()


def as_device(which: DeviceLike) -> device:
    """Returns the device that `which` names, or the default one for None; raises as `device` does."""
    return _state.default if which is None else device(which)


def get_default_device() -> device:
    """Returns where tensors are made if no device is named (torch.get_default_device)."""
    return _state.default


def set_default_device(device: DeviceLike) -> None:
    """Says where this thread makes tensors if no device is named (torch.set_default_device).

    Args:
        device: "cpu", "meta" or a device; None is the CPU.

    Raises:
        RuntimeError: it names another device than "cpu" and "meta".
        TypeError: it is neither a string nor a device.
    """
    _state.default = CPU if device is None else as_device(device)
