"""What a `register_...hook` method returns: the handle by which the hook is taken off again."""

import itertools
from collections.abc import Iterable, MutableMapping
from typing import Any, Self

__all__ = ["RemovableHandle"]

_ids = itertools.count()


class RemovableHandle:
    """Takes a hook off again, once asked to or at the end of a `with` block.

    Args:
        hooks: the table from which the hook is removed, under `id`.
        remarks: tables that say more of some hooks; the id is removed from them too.
    """

    __slots__ = ("_hooks", "_remarks", "id")

    def __init__(
        self, hooks: MutableMapping[int, Any], remarks: Iterable[MutableMapping[int, Any]] = ()
    ) -> None:
        # A table that was unpickled has ids of another process.
        self.id = next(each for each in _ids if each not in hooks)
        self._hooks = hooks
        self._remarks = tuple(remarks)

    def remove(self) -> None:
        """Removes the hook; a second call does nothing."""
        for table in (self._hooks, *self._remarks):
            table.pop(self.id, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()
