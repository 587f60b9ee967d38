"""What formats of tensors in RecordIO frames have in common: all but a record's own bytes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, ClassVar

from sm_container.records.batch import Batch
from sm_container.records.errors import OnFault
from sm_container.records.format import Record, Source
from sm_container.records.frames import Frames
from sm_container.records.recordio.multipart import Multipart
from sm_container.records.recordio.reader import read_frames
from sm_container.records.recordio.writer import RecordWriter
from sm_container.records.rows import records_of
from sm_container.records.tensors.pieces import Payloads
from sm_container.records.tensors.stream import Decoder, decoded

_AT_ONCE = 1024  # rows that are encoded before they are written


@dataclass(frozen=True)
class TensorFormat(ABC):
    """Columns are ``features`` (a matrix, or Csr where it is sparse), ``label``, ``uid``,
    ``metadata`` and the features of other names; see `sm_container.records.tensors.places`.
    """

    content_type: ClassVar[str]
    is_concatenable: ClassVar[bool] = True

    multipart: Multipart = Multipart.DMLC

    @abstractmethod
    def decoder(self) -> Decoder:
        """What reads the payloads of one stream."""

    @abstractmethod
    def encode(self, batch: Batch) -> Payloads:
        """A payload for each row. Raises FormatError for a column that no record can hold."""

    def batches(
        self, source: Source, name: str, *, rows: int, on_fault: OnFault = OnFault.RAISE
    ) -> Iterator[Batch]:
        """The records in batches of ``rows``, but for the last. Raises RecordError."""
        return self.batches_of(self._frames(source, name, on_fault), rows=rows, on_fault=on_fault)

    def batches_of(
        self, frames: Iterable[Frames], *, rows: int, on_fault: OnFault = OnFault.RAISE
    ) -> Iterator[Batch]:
        """The same of frames that are read already. Raises RecordError."""
        return decoded(frames, self.decoder(), rows=rows, on_fault=on_fault)

    def records(
        self, source: Source, name: str, *, on_fault: OnFault = OnFault.RAISE
    ) -> Iterator[Record]:
        """The records one by one."""
        frames = self._frames(source, name, on_fault)
        return records_of(decoded(frames, self.decoder(), rows=None, on_fault=on_fault))

    def write(self, batches: Iterable[Batch], sink: BinaryIO) -> int:
        """Write every row; how many. Raises FormatError as `encode` does."""
        writer = RecordWriter(sink, self.multipart)
        return sum(
            writer.write_frames(self.encode(batch.slice(start, min(start + _AT_ONCE, batch.rows))))
            for batch in batches
            for start in range(0, batch.rows, _AT_ONCE)
        )

    def _frames(self, source: Source, name: str, on_fault: OnFault) -> Iterator[Frames]:
        return read_frames(source, name, multipart=self.multipart, on_fault=on_fault)
