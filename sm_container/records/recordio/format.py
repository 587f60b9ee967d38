"""The format application/x-recordio: payloads of which nothing is known, one column of bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, ClassVar

from sm_container.records.batch import DATA, Batch, objects
from sm_container.records.errors import FormatError, OnFault
from sm_container.records.format import Record, Source
from sm_container.records.frames import Frames
from sm_container.records.recordio.multipart import Multipart
from sm_container.records.recordio.reader import read_frames, read_records
from sm_container.records.recordio.writer import RecordWriter


@dataclass(frozen=True)
class RecordIOFormat:
    """Records as the column ``data`` of bytes objects."""

    content_type: ClassVar[str] = "application/x-recordio"
    is_concatenable: ClassVar[bool] = True

    multipart: Multipart = Multipart.DMLC

    def batches(
        self, source: Source, name: str, *, rows: int, on_fault: OnFault = OnFault.RAISE
    ) -> Iterator[Batch]:
        """The records in batches of at most ``rows``."""
        frames = read_frames(source, name, multipart=self.multipart, on_fault=on_fault)
        return self.batches_of(frames, rows=rows)

    def batches_of(self, blocks: Iterable[Frames], *, rows: int) -> Iterator[Batch]:
        """The same of frames that are read already."""
        for frames in blocks:
            for start in range(0, len(frames), rows):
                payloads = frames.slice(start, start + rows).payloads()
                yield Batch({DATA: objects(list(map(bytes, payloads)))})

    def records(
        self, source: Source, name: str, *, on_fault: OnFault = OnFault.RAISE
    ) -> Iterator[Record]:
        """The records one by one, each a mapping with ``data``."""
        for payload in read_records(source, name, multipart=self.multipart, on_fault=on_fault):
            yield {DATA: bytes(payload)}

    def write(self, batches: Iterable[Batch], sink: BinaryIO) -> int:
        """Write the column ``data`` of every batch, the only one it may have."""
        writer = RecordWriter(sink, self.multipart)
        return sum(writer.write_frames(_payloads(batch)) for batch in batches)


def _payloads(batch: Batch) -> list[bytes]:
    """The payloads of a batch. Raises FormatError where it has columns that would be lost."""
    if list(batch) != [DATA]:
        instead = (
            f"leave the others out (columns={DATA})"
            if DATA in batch
            else "choose application/x-recordio-protobuf for columns of numbers"
        )
        raise FormatError(
            f"RecordIO holds the one column {DATA!r} of bytes, not {', '.join(batch) or 'none'}; "
            f"{instead}"
        )
    return [bytes(payload) for payload in batch[DATA]]  # type: ignore[union-attr]
