"""PyTorch: its own initialisers on fastinit's kernels, in a context; see docs/pytorch.md."""

try:
    import torch  # noqa: F401  # the context is for its functions
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        f"fastinit.interop.torch needs {missing.name}: pip install torch", name=missing.name
    ) from None

from .context import fast_init

__all__ = ["fast_init"]
