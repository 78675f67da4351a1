"""What goes with tensors under PyTorch's `torch.utils`."""

from . import dlpack

__all__ = ["dlpack"]
