"""Images and other bytes: each object is one record, of which nothing is known but its bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, ClassVar

from sm_container.records.batch import DATA, NAME, Batch, objects
from sm_container.records.csr import Csr
from sm_container.records.errors import FormatError, OnFault
from sm_container.records.format import Record, Source
from sm_container.records.refill import Refill
from sm_container.records.rows import records_of

_READ = 1 << 20


@dataclass(frozen=True)
class Whole:
    """One row an object: ``data``, its bytes, and ``name``."""

    is_concatenable: ClassVar[bool] = False

    content_type: str = "application/octet-stream"

    def batches(
        self, source: Source, name: str, *, rows: int, on_fault: OnFault = OnFault.RAISE
    ) -> Iterator[Batch]:
        """The source as a batch of one row. It is in memory whole, being one record."""
        refill = Refill(source, _READ)
        while refill.more():
            pass
        yield Batch({DATA: objects([bytes(refill.view)]), NAME: objects([name])})

    def records(
        self, source: Source, name: str, *, on_fault: OnFault = OnFault.RAISE
    ) -> Iterator[Record]:
        """The one record."""
        return records_of(self.batches(source, name, rows=1, on_fault=on_fault))

    def write(self, batches: Iterable[Batch], sink: BinaryIO) -> int:
        """Write the ``data`` of the one row that there may be."""
        count = 0
        for batch in batches:
            column = batch.get(DATA)
            if column is None or isinstance(column, Csr) or not set(batch) <= {DATA, NAME}:
                raise FormatError(f"an object of bytes has no place for {', '.join(batch)}")
            for data in column:
                if count:
                    raise FormatError("an object of bytes is one record, and here are several")
                sink.write(data)
                count += 1
        return count
