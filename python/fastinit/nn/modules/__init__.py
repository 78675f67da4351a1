"""Where PyTorch's programs look for what concerns all modules: `nn.modules.module`."""

from . import module

__all__ = ["module"]
