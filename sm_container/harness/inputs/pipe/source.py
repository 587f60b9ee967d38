"""The objects of a stream, opened one after another: files of this machine as they are, all others
read ahead, the next ones too.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from sm_container.harness.inputs.augmented_manifest import StoreOf, Value
from sm_container.harness.inputs.pipe.writer import FifoWriter, SourceEndedError
from sm_container.harness.inputs.stored_object import StoredObject
from sm_container.readahead.ahead import ReadAhead
from sm_container.readahead.order import Reading
from sm_container.readahead.reader import Reader
from sm_container.storage.errors import ObjectChangedError
from sm_container.storage.files import said_of
from sm_container.storage.local import LocalStore
from sm_container.storage.objects import Object
from sm_container.storage.store import Store

_BLOCK = 1 << 20


class Opened(Protocol):
    """An object that can be read now. What reads it raises StorageError where it cannot be had, or
    is not what its listing said."""

    @property
    def object(self) -> Object: ...

    @property
    def waits(self) -> bool:
        """Whether the next object may be long in coming, so that nothing is to be held back."""

    def head(self, count: int) -> bytes:
        """Its first bytes, at most ``count``."""

    def blocks(self) -> Iterator[bytes | memoryview]:
        """All its bytes; each block only until the next is asked for."""

    def send(self, writer: FifoWriter, start: int, end: int) -> None:
        """Write its bytes from ``start`` up to ``end``."""

    def close(self) -> None: ...


class Sources:
    """Opens objects by their URIs. ``ahead`` is shared by all that read here."""

    def __init__(self, store_of: StoreOf, ahead: ReadAhead) -> None:
        self._store_of = store_of
        self._ahead = ahead
        self._stores: dict[str, Store] = {}

    def in_turn(self, values: Sequence[Value], of: str) -> Generator[Opened | str, None, None]:
        """Each value in its order, an object opened, and closed when the next is asked for. ``of``
        tells this order of objects from the others that are read ahead at the same time.

        Raises:
            StorageError: for an object that cannot be opened, or that changed meanwhile.
        """
        sources = {
            place: StoredObject(store, value)
            for place, value in enumerate(values)
            if isinstance(value, Object)
            and not isinstance(store := self._store(value.base), LocalStore)
        }
        if sources:
            self._ahead.hint(list(sources.values()), of, Reading.WHOLE)
        try:
            for place, value in enumerate(values):
                if isinstance(value, str):
                    yield value
                    continue
                store = self._store(value.base)
                opened = (
                    LocalFile(store, value)
                    if isinstance(store, LocalStore)
                    else ReadAheadObject(value, self._ahead.open(sources[place]))
                )
                try:
                    yield opened
                    opened.check()
                finally:
                    opened.close()
        finally:
            self._ahead.hint((), of)  # what was fetched for a reader that left early

    def _store(self, base: str) -> Store:
        if base not in self._stores:
            self._stores[base] = self._store_of(base)[0]
        return self._stores[base]


class LocalFile:
    """A file of this machine, as its listing said it is."""

    waits = False

    def __init__(self, store: LocalStore, object: Object) -> None:
        self.object = object
        path = store.local_file(object)
        with said_of(object.uri):
            # O_NONBLOCK: a FIFO that took the file's place must not hold us up.
            flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
            self._descriptor = os.open(path, flags)
        self.check()

    def head(self, count: int) -> bytes:
        with said_of(self.object.uri):
            return os.pread(self._descriptor, count, 0)

    def blocks(self) -> Iterator[bytes | memoryview]:
        at = 0
        while at < self.object.size:
            with said_of(self.object.uri):
                block = os.pread(self._descriptor, _BLOCK, at)
            if not block:
                raise self._changed()
            yield block
            at += len(block)

    def send(self, writer: FifoWriter, start: int, end: int) -> None:
        try:
            with said_of(self.object.uri):
                writer.send_file(self._descriptor, start, end)
        except SourceEndedError:
            raise self._changed() from None

    def check(self) -> None:
        """Raise ObjectChangedError where the open file is not what was listed."""
        status = os.fstat(self._descriptor)
        listed = (self.object.size, self.object.modified)
        if not stat.S_ISREG(status.st_mode) or (status.st_size, status.st_mtime) != listed:
            self.close()
            raise self._changed()

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _changed(self) -> ObjectChangedError:
        return ObjectChangedError(
            self.object.uri, "changed since it was listed", "run again when it is at rest"
        )


@dataclass(frozen=True)
class ReadAheadObject:
    """An object of a store that is asked for by ranges. Its bytes are copied out of what was read
    ahead: a reader that is slow must not hold memory that others wait for."""

    waits = True

    object: Object
    reader: Reader

    def head(self, count: int) -> bytes:
        return self.reader.read_at(0, count)

    def blocks(self) -> Iterator[bytes | memoryview]:
        return self._blocks(0, self.object.size)

    def send(self, writer: FifoWriter, start: int, end: int) -> None:
        for block in self._blocks(start, end):
            writer.write(block)

    def check(self) -> None:
        """Nothing to do: each range was asked for with If-Match."""

    def close(self) -> None:
        self.reader.close()

    def _blocks(self, start: int, end: int) -> Iterator[memoryview]:
        block = memoryview(bytearray(min(_BLOCK, end - start)))
        for at in range(start, end, _BLOCK):
            part = block[: min(_BLOCK, end - at)]
            self.reader.readinto_at(at, part)
            yield part
