"""DLPack by capsules: the older way to hand memory to another library (torch.utils.dlpack)."""

from typing import TYPE_CHECKING, Any

from ..conversion import from_dlpack

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["from_dlpack", "to_dlpack"]


def to_dlpack(tensor: "Tensor") -> Any:
    """Returns a capsule over the tensor's memory, for one library to take (torch.utils.dlpack.to_dlpack).

    Raises:
        BufferError: the tensor requires grad, or its strides are negative.
    """
    # Of version 1, which says that the memory may be written to.
    return tensor.__dlpack__(max_version=(1, 0))
