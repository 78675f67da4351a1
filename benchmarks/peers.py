"""The libraries that fastinit is measured beside; install them with the extra `compare`."""

try:
    import torch
except ModuleNotFoundError as error:
    raise SystemExit(
        "the benchmarks measure PyTorch beside fastinit: pip install 'fastinit[compare,bench]'"
    ) from error

__all__ = ["torch"]
