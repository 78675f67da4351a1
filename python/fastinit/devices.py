"""Where a tensor's memory is. There is one place, the CPU; the name is here for programs that say so."""

from typing import Final, TypeAlias

__all__ = ["CPU", "DeviceLike", "as_device", "device"]

DeviceLike: TypeAlias = "device | str | None"


class device:  # noqa: N801 - PyTorch's name
    """A device: `device("cpu")`.

    Args:
        type: "cpu", or a device.

    Attributes:
        type: "cpu".
        index: None; the CPU is one.

    Raises:
        RuntimeError: it names another device than the CPU.
        TypeError: it is neither a string nor a device.
    """

    __slots__ = ("index", "type")

    def __init__(self, type: "device | str") -> None:
        if not isinstance(type, str | device):
            raise TypeError(f"device must be fastinit.device or str, not {type.__class__.__name__}")
        if str(type) not in {"cpu", "cpu:0"}:
            raise RuntimeError(f"fastinit computes on the CPU: expected the device 'cpu', but got '{type}'")
        self.type = "cpu"
        self.index: int | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device)

    def __hash__(self) -> int:
        return hash(self.type)

    def __str__(self) -> str:
        return self.type

    def __repr__(self) -> str:
        return f"device(type='{self.type}')"


CPU: Final = device("cpu")


def as_device(which: DeviceLike) -> device:
    """Returns the device that `which` names, or the CPU for None; raises as `device` does."""
    return CPU if which is None else device(which)
