"""What is in use: threads, instruction set, versions."""

import operator
from typing import Any, SupportsIndex

from . import _core
from .random import STREAM_VERSION

__all__ = ["get_num_threads", "set_num_threads", "show_config"]


def get_num_threads() -> int:
    """Returns the number of threads that a large operation may use (torch.get_num_threads).

    It is `FASTINIT_NUM_THREADS` where that is set, else the number of CPUs that this process may use, until
    `set_num_threads` says otherwise. No value depends on it.
    """
    return _core.get_num_threads()


def set_num_threads(num_threads: SupportsIndex) -> None:
    """Sets the number of threads that a large operation may use (torch.set_num_threads).

    Args:
        num_threads: at least 1.

    Raises:
        RuntimeError: `num_threads` is not a positive int.
    """
    if isinstance(num_threads, bool) or not hasattr(num_threads, "__index__"):
        raise RuntimeError(f"set_num_threads expects an int, but got {type(num_threads).__name__}")
    count = operator.index(num_threads)
    if count < 1:
        raise RuntimeError(f"set_num_threads expects a positive integer, but got {count}")
    _core.set_num_threads(count)


def config() -> dict[str, Any]:
    """What is in use, as JSON can say it."""
    return {
        "fastinit": _core.__version__,
        "stream_version": STREAM_VERSION,
        "instruction_set": _core.isa(),
        "built": list(_core.built_isas()),
        "usable": list(_core.usable_isas()),
        "threads": get_num_threads(),
        "BLAS": _core.blas() or None,
    }


def show_config() -> None:
    """Prints the versions, the instruction sets, the number of threads and the BLAS in use.

    Source: torch.__config__.show.
    """
    entries = {name.replace("_", " "): value for name, value in config().items()}
    width = max(map(len, entries))
    for name, value in entries.items():
        said = ", ".join(value) if isinstance(value, list) else "none" if value is None else value
        print(f"{name:<{width}}  {said}")
