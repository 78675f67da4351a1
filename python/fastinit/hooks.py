"""What a `register_...hook` method returns: the handle by which the hook is taken off again."""

import itertools
from collections.abc import MutableMapping
from typing import Any, Self

__all__ = ["RemovableHandle"]

_ids = itertools.count()


class RemovableHandle:
    """Takes a hook off again, once asked to or at the end of a `with` block.

    Args:
        hooks: the table from which the hook is removed, under `id`.
    """

    __slots__ = ("_hooks", "id")

    def __init__(self, hooks: MutableMapping[int, Any]) -> None:
        self.id = next(_ids)
        self._hooks = hooks

    def remove(self) -> None:
        """Removes the hook; a second call does nothing."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()
