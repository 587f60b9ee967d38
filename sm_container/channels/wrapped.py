"""Objects that Pipe mode frames as records, each of which is read as a file of its own would be.

Source: CreateTrainingJob, RecordWrapperType: "SageMaker wraps each individual S3 object in a
RecordIO record. If the input data is already in RecordIO format, you don't need to set this".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from sm_container.records.batch import NAME, Batch
from sm_container.records.errors import OnFault
from sm_container.records.format import Format, Record, Source
from sm_container.records.recordio import Multipart, read_frames
from sm_container.records.whole import Whole


class Objects(Protocol):
    """What reads a source of bytes: a format, or what knows how the objects stand in a stream."""

    def batches(
        self, source: Source, name: str, *, rows: int, on_fault: OnFault = OnFault.RAISE
    ) -> Iterator[Batch]:
        """The records in batches of at most ``rows`` rows."""

    def records(
        self, source: Source, name: str, *, on_fault: OnFault = OnFault.RAISE
    ) -> Iterator[Record]:
        """The records one by one."""


@dataclass(frozen=True)
class WrappedObjects:
    """Objects of ``format``, one a RecordIO record. Their names do not come with them.

    With OnFault.STOP an object ends at its damaged record, and the next one follows: what ends a
    pass over all of them is OnFault.RAISE.
    """

    format: Format
    multipart: Multipart = Multipart.CONCAT

    def batches(
        self, source: Source, name: str, *, rows: int, on_fault: OnFault = OnFault.RAISE
    ) -> Iterator[Batch]:
        """The records of all objects in batches of at most ``rows``, none over two objects."""
        for payload, said in self._objects(source, name, on_fault):
            for batch in self.format.batches(payload, said, rows=rows, on_fault=on_fault):
                yield _nameless(batch) if isinstance(self.format, Whole) else batch

    def records(
        self, source: Source, name: str, *, on_fault: OnFault = OnFault.RAISE
    ) -> Iterator[Record]:
        """The records of all objects one by one."""
        for payload, said in self._objects(source, name, on_fault):
            for record in self.format.records(payload, said, on_fault=on_fault):
                if isinstance(self.format, Whole):
                    yield {key: value for key, value in record.items() if key != NAME}
                else:
                    yield record

    def _objects(
        self, source: Source, name: str, on_fault: OnFault
    ) -> Iterator[tuple[memoryview, str]]:
        """Each object's bytes, valid until the next one's, and what errors call it."""
        blocks = read_frames(source, name, multipart=self.multipart, on_fault=on_fault)
        for frames in blocks:
            places = enumerate(frames.offsets.tolist(), frames.index)
            for payload, (index, offset) in zip(frames.payloads(), places, strict=True):
                yield payload, f"{name}, object {index} at byte {offset}"


def _nameless(batch: Batch) -> Batch:
    return Batch({key: column for key, column in batch.items() if key != NAME})
