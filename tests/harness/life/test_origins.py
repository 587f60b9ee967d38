"""A damaged object in a stream: the job's report names it, though the reader cannot."""

from __future__ import annotations

import gzip
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import JobStatus
from sm_container.records.recordio import RecordWriter
from tests.harness.life.test_feeding import channel

PROGRAM = """
import sm_container as sm
from sm_container.records.errors import OnFault

algorithm = sm.Algorithm("reads")

@algorithm.train
def train(job):
    for on_fault in POLICIES.split():
        for record in job.channels["train"].records(on_fault=OnFault(on_fault)):
            pass

algorithm.main()
"""


def run(desk: Any, policies: str, **members: Any) -> JobRecord:
    """A job that reads its channel once for each policy."""
    program = desk.folder / "train.py"
    program.write_text(PROGRAM.replace("POLICIES", repr(policies)))
    request = desk.document(
        InputDataConfig=[channel("train", desk.folder / "data", "Pipe", **members)]
    )
    record: JobRecord = desk.run(shlex.join(["exec", sys.executable, str(program)]), request)
    assert record.status is JobStatus.FAILED, desk.job().log("algo-1").read_text()
    assert record.failure_reason is not None
    return record


def recordio(path: Path, count: int) -> bytes:
    with path.open("wb") as sink:
        RecordWriter(sink).write_frames([b"%05d" % number for number in range(count)])
    return path.read_bytes()


@pytest.mark.parametrize("packed", [False, True])
def test_the_object_at_the_byte_of_a_record_error(desk: Any, packed: bool) -> None:
    source = desk.folder / "data"
    source.mkdir()
    sound, damaged = recordio(source / "a", 3), bytearray(recordio(source / "b", 4))
    damaged[16] = 0
    for name, content in (("a", sound), ("b", damaged)):
        (source / name).write_bytes(gzip.compress(content) if packed else content)
    members = {"CompressionType": "Gzip"} if packed else {}
    record = run(desk, "raise", ContentType="application/x-recordio", **members)

    assert record.failure_reason is not None
    assert f"RecordError: train_0, record 4, byte {len(sound) + 16}: " in record.failure_reason
    unpacked = " unpacked" if packed else ""
    assert [note for note in record.notes if "train_0" in note] == [
        f"channel 'train': byte {len(sound) + 16} of train_0 is byte 16 of {source}/b{unpacked}; "
        f"if that is sound, the one before it ends within a record: {source}/a"
    ]


def test_an_object_in_a_wrapped_stream(desk: Any) -> None:
    source = desk.folder / "data"
    source.mkdir()
    (source / "a.csv").write_bytes(b"1,2\n" * 9)
    (source / "b.csv").write_bytes(b"1,2\n1,x\n")
    record = run(desk, "raise", ContentType="text/csv", RecordWrapperType="RecordIO")

    assert record.failure_reason is not None
    assert "train_0, object 1 at byte 44, record 1, byte 4: " in record.failure_reason
    assert f"channel 'train': byte 44 of train_0 lies in {source}/b.csv" in record.notes


def test_a_fault_of_a_later_epoch_is_traced_in_its_own_order(desk: Any) -> None:
    source = desk.folder / "data"
    source.mkdir()
    for name in "abcdef":
        (source / name).write_bytes(b"%s,1\n" % (b"1" if name != "e" else b"x"))
    record = run(desk, "skip raise", ContentType="text/csv", ShuffleConfig={"Seed": 5})

    (note,) = [note for note in record.notes if "train_1" in note]
    assert f" of train_1 is byte 0 of {source}/e" in note
