"""Channels of an augmented manifest: for each of its lines, a record for each listed attribute.

Source: developer guide, "Augmented Manifest Files for Training Jobs"; CreateTrainingJob,
S3DataSource, AttributeNames.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from sm_container.records.batch import Batch, objects
from sm_container.records.errors import OnFault, RecordError
from sm_container.records.faults import end, is_left_out
from sm_container.records.format import Record, Source
from sm_container.records.recordio import Multipart, read_records

_REFERENCE = "-ref"


@dataclass(frozen=True)
class ManifestLines:
    """Lines of which the stream has ``attributes`` in this order, and ``wanted`` are given.

    An attribute named ``*-ref`` is an object, as bytes; any other is its value as text.
    """

    attributes: tuple[str, ...]
    wanted: tuple[str, ...]
    multipart: Multipart = Multipart.CONCAT

    def batches(
        self, source: Source, name: str, *, rows: int, on_fault: OnFault = OnFault.RAISE
    ) -> Iterator[Batch]:
        """Lines in batches of at most ``rows``: for each attribute a column of objects."""
        group: list[Record] = []
        try:
            for line in self.records(source, name, on_fault=on_fault):
                group.append(line)
                if len(group) == rows:
                    yield self._batch(group)
                    group = []
        except RecordError:
            if group:
                yield self._batch(group)
            raise
        if group:
            yield self._batch(group)

    def records(
        self, source: Source, name: str, *, on_fault: OnFault = OnFault.RAISE
    ) -> Iterator[Record]:
        """One mapping a line.

        Which attribute a record is follows from its place alone. So a fault of the framing cannot
        be skipped, and raises RecordError with ``OnFault.SKIP`` too; text that is none can.
        """
        try:
            for index, line in enumerate(self._lines(source, name)):
                try:
                    yield {each: _value(each, line[each]) for each in self.wanted}
                except UnicodeDecodeError as error:
                    fault = RecordError(f"no UTF-8: {error}", source=name, index=index)
                    if not is_left_out(fault, on_fault):
                        raise fault from error
        except RecordError as fault:
            if on_fault is not OnFault.STOP:
                raise
            end(fault, on_fault)

    def _batch(self, lines: list[Record]) -> Batch:
        return Batch({each: objects([line[each] for line in lines]) for each in self.wanted})

    def _lines(self, source: Source, name: str) -> Iterator[dict[str, bytes]]:
        """The records of each line by attribute. Raises RecordError for a line that is cut off."""
        payloads = read_records(source, name, multipart=self.multipart)
        index = 0
        while records := [bytes(payload) for payload in islice(payloads, len(self.attributes))]:
            if len(records) < len(self.attributes):
                raise RecordError(
                    f"the stream ends in the middle of a manifest line, after the attribute "
                    f"{self.attributes[len(records) - 1]!r}; each line has "
                    f"{', '.join(self.attributes)}",
                    source=name,
                    index=index,
                )
            yield dict(zip(self.attributes, records, strict=True))
            index += 1


def _value(attribute: str, record: bytes) -> bytes | str:
    return record if attribute.endswith(_REFERENCE) else record.decode()
