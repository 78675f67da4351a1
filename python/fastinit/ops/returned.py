"""What operations with several results return: tuples with names, shown as PyTorch shows them."""

from __future__ import annotations

from typing import Any

__all__ = ["shown"]


def shown(results: Any) -> str:
    """Returns the text of a named tuple, whose class bears the name of the operation that returned it."""
    fields = ",\n".join(f"{field}={value!r}" for field, value in results._asdict().items())
    return f"fastinit.return_types.{type(results).__name__}(\n{fields})"
