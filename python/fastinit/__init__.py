"""fastinit: a network's parameters, named, initialised, shared and trained on NumPy memory."""

from ._core import __version__

__all__ = ["__version__"]
