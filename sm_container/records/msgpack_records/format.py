"""The format application/x-recordio-msgpack: named tensors of any dtype, as columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from sm_container.records.batch import Batch
from sm_container.records.errors import OnFault
from sm_container.records.format import Record, Source
from sm_container.records.msgpack_records.decode import decode
from sm_container.records.msgpack_records.encode import encode
from sm_container.records.recordio.multipart import Multipart
from sm_container.records.recordio.reader import read_frames
from sm_container.records.recordio.writer import RecordWriter
from sm_container.records.rows import records_of

_AT_ONCE = 1024  # rows that are encoded before they are written


@dataclass(frozen=True)
class MsgpackFormat:
    """Maps of tensors in RecordIO frames, as docs/msgpack-records.md describes them.

    Columns are ``features`` (a matrix, or Csr where it is sparse), ``label``, ``uid``,
    ``metadata`` and the features of other names; see `sm_container.records.tensors.places`.
    """

    multipart: Multipart = Multipart.DMLC
    content_type: str = "application/x-recordio-msgpack"
    is_concatenable: bool = True

    def batches(
        self, source: Source, name: str, *, rows: int, on_fault: OnFault = OnFault.RAISE
    ) -> Iterator[Batch]:
        """The records in batches of ``rows``, but for the last. Raises RecordError."""
        blocks = read_frames(source, name, multipart=self.multipart, on_fault=on_fault)
        return decode(blocks, rows=rows, on_fault=on_fault)

    def records(
        self, source: Source, name: str, *, on_fault: OnFault = OnFault.RAISE
    ) -> Iterator[Record]:
        """The records one by one."""
        blocks = read_frames(source, name, multipart=self.multipart, on_fault=on_fault)
        return records_of(decode(blocks, on_fault=on_fault))

    def write(self, batches: Iterable[Batch], sink: BinaryIO) -> int:
        """Write every row; how many. Raises FormatError for a column that is no tensor, text or
        bytes."""
        writer = RecordWriter(sink, self.multipart)
        return sum(
            writer.write_frames(encode(batch.slice(start, min(start + _AT_ONCE, batch.rows))))
            for batch in batches
            for start in range(0, batch.rows, _AT_ONCE)
        )
