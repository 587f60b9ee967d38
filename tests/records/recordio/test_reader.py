"""Reading RecordIO: what blocks are made of, and what stands in memory."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from sm_container.records.errors import RecordError
from sm_container.records.recordio import Multipart, RecordWriter, read_frames, read_records
from tests.records.recordio.plain import MAGIC, framed
from tests.records.recordio.sources import Pieces


def test_blocks_of_memory_are_views_of_it() -> None:
    data = framed(b"equal") * 1000

    (frames,) = read_frames(data, "memory")

    assert np.shares_memory(frames.data, np.frombuffer(data, np.uint8))
    assert bytes(frames.payload(999)) == b"equal"
    assert frames.index == 0
    assert frames.source == "memory"


def test_records_are_numbered_through_all_blocks() -> None:
    data = b"".join(framed(b"x" * (number % 50)) for number in range(500))

    blocks = list(read_frames(data, "memory", block=1000))

    assert len(blocks) > 10
    assert [frames.index for frames in blocks] == np.cumsum(
        [0, *[len(frames) for frames in blocks[:-1]]]
    ).tolist()
    offsets = np.concatenate([frames.offsets for frames in blocks])
    assert all(data[offset : offset + 4] == MAGIC for offset in offsets.tolist())


def test_a_source_without_bytes_has_no_records() -> None:
    assert list(read_frames(b"", "memory")) == []
    assert list(read_frames(io.BytesIO(), "file")) == []


def test_a_record_larger_than_a_block_is_read_whole() -> None:
    large = os.urandom(300_000)
    data = framed(b"before") + framed(large) + framed(b"after")

    for source in (data, io.BytesIO(data), Pieces(data, [5000])):
        records = [bytes(record) for record in read_records(source, "test", block=4096)]
        assert records == [b"before", large, b"after"]


@pytest.mark.parametrize("multipart", Multipart)
def test_parts_are_joined_across_blocks(multipart: Multipart) -> None:
    parts = [os.urandom(1000) for _ in range(50)]
    flags = [1, *[2] * 48, 3]
    record = b"".join(framed(part, flag) for part, flag in zip(parts, flags, strict=True))
    data = framed(b"before") + record * 2 + framed(b"after")
    whole = (MAGIC if multipart is Multipart.DMLC else b"").join(parts)

    for block in (500, 3000, 1 << 20):
        payloads: list[bytes] = []
        offsets: list[int] = []
        for frames in read_frames(io.BytesIO(data), "test", multipart=multipart, block=block):
            payloads += [bytes(frames.payload(number)) for number in range(len(frames))]
            offsets += frames.offsets.tolist()
        assert payloads == [b"before", whole, whole, b"after"]
        assert offsets == [0, 16, 16 + len(record), 16 + 2 * len(record)]


def test_parts_of_any_length_are_joined_without_their_padding() -> None:
    data = framed(b"a", 1) + framed(b"bcdef", 2) + framed(b"", 2) + framed(b"gh", 3)

    assert [bytes(r) for r in read_records(data, "test", multipart=Multipart.CONCAT)] == [
        b"abcdefgh"
    ]


def test_records_are_there_before_the_source_has_ended() -> None:
    """What has come is given at once: a FIFO's writer may wait for what is made of it."""
    reading, writing = os.pipe()
    with open(reading, "rb", buffering=0) as source, open(writing, "wb", buffering=0) as sink:
        records = read_records(source, "pipe")
        for number in range(20):
            sink.write(framed(b"%d" % number))
            assert bytes(next(records)) == b"%d" % number
        sink.close()
        assert list(records) == []


def test_the_writer_of_a_fifo_that_dies_within_a_record_is_no_end(hostile_tmp_path: Path) -> None:
    fifo = hostile_tmp_path / "train_0"
    os.mkfifo(fifo)
    writer = """
import os, sys
from sm_container.records.recordio import RecordWriter
with open(sys.argv[1], "wb", buffering=0) as fifo:
    writer = RecordWriter(fifo)
    writer.write_frames([b"whole"] * 1000)
    fifo.write(bytes.fromhex("0a23d7ce") + (5_000_000).to_bytes(4, "little") + bytes(200_000))
    os.kill(os.getpid(), 9)
"""
    process = subprocess.Popen([sys.executable, "-c", writer, fifo])
    with open(fifo, "rb", buffering=0) as source:
        records = read_records(source, "channel train, epoch 0")
        assert [bytes(next(records)) for _ in range(1000)] == [b"whole"] * 1000
        with pytest.raises(RecordError) as caught:
            next(records)

    assert process.wait() == -9
    assert str(caught.value) == (
        "channel train, epoch 0, record 1000, byte 16000: it is cut off: the frame is 5000008 "
        "bytes long, and the source ends after 200008"
    )


def test_a_file_far_larger_than_a_block_takes_no_more_memory_than_a_block() -> None:
    sink = io.BytesIO()
    RecordWriter(sink).write_frames(np.zeros((50_000, 440), np.uint8))
    sink.seek(0)

    tracemalloc.start()
    try:
        count = sum(len(frames) for frames in read_frames(sink, "file", block=1 << 18))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert count == 50_000
    assert peak < 3 << 18
