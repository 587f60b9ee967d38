"""How payloads of tensors are tried: read many at once, and each alone, must be the same."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from sm_container.records.errors import OnFault, RecordError
from sm_container.records.format import Format
from sm_container.records.frames import Frames
from sm_container.records.recordio import RecordWriter, read_frames
from tests.fuzz.fuzzing import alone


def try_payloads(
    payloads: list[bytes], format: Format, decoder: Callable[[], Any], block: int
) -> None:
    """Any error but a RecordError is a find, and so is a record that is read in two ways."""
    sink = io.BytesIO()
    RecordWriter(sink).write_frames(payloads)
    data = sink.getvalue()
    many = decoder()
    for frames in read_frames(data, "fuzz", block=block):
        faults: dict[int, str] = {}
        found = dict(alone(many.groups(frames, faults)))
        assert sorted([*found, *faults]) == list(range(len(frames)))
        for number in range(len(frames)):
            expected = _alone(frames, number, decoder)
            assert found.get(number) == expected, (number, found.get(number), expected)
    _try_batches(data, len(payloads), format)


def is_record(payload: bytes, decoder: Callable[[], Any]) -> bool:
    """Whether the reader takes the payload for a record."""
    sink = io.BytesIO()
    RecordWriter(sink).write_frames([payload])
    [frames] = read_frames(sink.getvalue(), "fuzz")
    return _alone(frames, 0, decoder) is not None


def _alone(frames: Frames, number: int, decoder: Callable[[], Any]) -> dict[str, Any] | None:
    faults: dict[int, str] = {}
    groups = decoder().groups(frames.slice(number, number + 1), faults)
    return None if faults else dict(alone(groups))[0]


def _try_batches(data: bytes, records: int, format: Format) -> None:
    """Skipping gives no fewer rows than there are before the first fault, and raising those."""
    skipped = sum(b.rows for b in format.batches(data, "fuzz", rows=50, on_fault=OnFault.SKIP))
    stopped = sum(b.rows for b in format.batches(data, "fuzz", rows=50, on_fault=OnFault.STOP))
    before, error = _until_error(data, format)
    if error is None:
        assert before == stopped == skipped == records
    else:
        assert error.index == before == stopped <= skipped < records, (error, before, skipped)


def _until_error(data: bytes, format: Format) -> tuple[int, RecordError | None]:
    rows = 0
    try:
        for batch in format.batches(data, "fuzz", rows=50):
            rows += batch.rows
    except RecordError as error:
        return rows, error
    return rows, None
