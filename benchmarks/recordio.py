"""RecordIO framing: our reader against the SageMaker SDK's ``read_recordio``.

Both find every one of the same 200,000 records, in memory and in a file. The SDK makes
a bytes object of each; ours says where they lie in blocks, or gives views one by one. Measured by
the Python of the SDK's venv, so that both sides share all else.
"""

from __future__ import annotations

import io
import json
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from benchmarks.rivals import SDK, measured_by, sdk_python
from benchmarks.row import Row, at_least
from benchmarks.timing import side_by_side
from sm_container.records.format import Source
from sm_container.records.recordio import RecordWriter, read_frames, read_records

RECORDS = 200_000
LENGTH = 440
SHORTEST, LONGEST = 300, 580
RAM = Path("/dev/shm")

TARGETS = {
    "RecordIO framing in memory, lengths vary": 5.0,
    "RecordIO framing in memory, one length": 10.0,
    "RecordIO framing of a file, lengths vary": 3.0,
    "RecordIO payloads one by one, lengths vary": 1.2,
}


def rows() -> list[Row]:
    """Framing in blocks, and payload by payload, as the SDK does it."""
    times = measured_by(sdk_python(), "benchmarks.recordio")
    return [
        Row(work, ours, SDK, theirs, at_least(TARGETS[work]))
        for work, (ours, theirs) in times.items()
    ]


def measure() -> dict[str, tuple[float, float]]:
    """Seconds of ours and of the SDK's for each of TARGETS."""
    chance = random.Random(7)
    varied = _written([chance.randbytes(chance.randint(SHORTEST, LONGEST)) for _ in range(RECORDS)])
    equal = _written([chance.randbytes(LENGTH) for _ in range(RECORDS)])
    with tempfile.NamedTemporaryFile(dir=RAM if RAM.is_dir() else None) as file:
        file.write(varied)
        file.flush()
        sides = [
            (lambda: _by_blocks(varied), lambda: _by_sdk(io.BytesIO(varied))),
            (lambda: _by_blocks(equal), lambda: _by_sdk(io.BytesIO(equal))),
            (lambda: _file_by_blocks(file.name), lambda: _file_by_sdk(file.name)),
            (lambda: _one_by_one(varied), lambda: _by_sdk(io.BytesIO(varied))),
        ]
        for ours, theirs in sides:
            assert ours() == theirs() == RECORDS
        return {work: side_by_side(*side) for work, side in zip(TARGETS, sides, strict=True)}


def _by_blocks(source: Source) -> int:
    return sum(map(len, read_frames(source, "records")))


def _file_by_blocks(path: str) -> int:
    with open(path, "rb", buffering=0) as file:
        return _by_blocks(file)


def _one_by_one(source: Source) -> int:
    return sum(1 for _ in read_records(source, "records"))


def _by_sdk(file: BinaryIO) -> int:
    from sagemaker.amazon.common import read_recordio

    return sum(1 for _ in read_recordio(file))


def _file_by_sdk(path: str) -> int:
    with open(path, "rb") as file:
        return _by_sdk(file)


def _written(payloads: Sequence[bytes]) -> bytes:
    sink = io.BytesIO()
    RecordWriter(sink).write_frames(payloads)
    return sink.getvalue()


if __name__ == "__main__":
    print(json.dumps(measure()))
