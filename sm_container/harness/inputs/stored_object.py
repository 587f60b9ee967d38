"""An object of a store as something that can be read ahead."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sm_container.storage.objects import Object
from sm_container.storage.store import Store


class StoredObject:
    """The RangeSource of one object; two of them are never the same, though their objects be."""

    __slots__ = ("_store", "object")

    def __init__(self, store: Store, object: Object) -> None:
        self._store = store
        self.object = object

    @property
    def size(self) -> int:
        return self.object.size

    def fill(
        self,
        start: int,
        view: memoryview,
        arrived: Callable[[int], None],
        cancelled: threading.Event,
    ) -> None:
        self._store.fill(self.object, start, view, arrived, cancelled)
