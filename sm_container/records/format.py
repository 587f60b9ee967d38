"""What a format is: how to read it into batches or records, and how to write it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO, Protocol, TypeAlias, runtime_checkable

from sm_container.records.batch import Batch
from sm_container.records.errors import OnFault

Record: TypeAlias = Mapping[str, Any]
"""One record: the names that a batch's columns have, each with this record's value."""

Bytes: TypeAlias = "bytes | bytearray | memoryview"


@runtime_checkable
class Readable(Protocol):
    """A source of bytes: a file (raw or buffered), a FIFO, a lazy reader, ``io.BytesIO``."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Fill the buffer with the next bytes, as many as there are; 0 at the end."""


@runtime_checkable
class Lender(Readable, Protocol):
    """A source that reads ahead into buffers of its own, and lends them one after another."""

    def lend(self, kept: memoryview, /) -> memoryview | None:
        """The next buffer: the bytes kept of the one before, and new ones behind them.

        The one before is given back. At the end there are no new bytes. None where more is kept
        than there is room for: then the one before stays lent, and the rest is had by readinto.
        """


Source: TypeAlias = "Bytes | Readable"
"""Where a format's bytes come from: memory, or something to read from its first byte on."""


class Format(Protocol):
    """One format. Objects are frozen and cheap; options (``label_size``) are their fields."""

    @property
    def content_type(self) -> str:
        """The content type that means this format, without parameters."""

    @property
    def is_concatenable(self) -> bool:
        """Whether objects of it, one after another, are a whole of it again, as Pipe mode sends
        them. Not so for parquet, images and other bytes: there each object must be a record."""

    def batches(
        self, source: Source, name: str, *, rows: int, on_fault: OnFault = OnFault.RAISE
    ) -> Iterator[Batch]:
        """The records as batches of at most ``rows`` rows, of what size is handy below that.

        ``name`` is what errors call the source. Nothing of the source but a bounded window is in
        memory. The arrays of a batch own their memory. Raises RecordError at a record that cannot
        be read; the rows before it come first.
        """

    def records(
        self, source: Source, name: str, *, on_fault: OnFault = OnFault.RAISE
    ) -> Iterator[Record]:
        """The records one by one."""

    def write(self, batches: Iterable[Batch], sink: BinaryIO) -> int:
        """Write every row; returns how many. Raises FormatError for what the format cannot hold,
        by the column's name and dtype."""
