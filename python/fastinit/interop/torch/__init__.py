"""PyTorch: its own initialisers on fastinit's kernels, in a context; see docs/pytorch.md."""

from .context import fast_init

__all__ = ["fast_init"]
