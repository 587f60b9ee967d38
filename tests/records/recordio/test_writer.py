"""Writing RecordIO: what sinks and payloads there may be, and what no frame can hold."""

from __future__ import annotations

import io
import os
import threading
from typing import Any

import numpy as np
import pytest

from sm_container.records.errors import FormatError
from sm_container.records.recordio import Multipart, RecordWriter, read_records
from tests.records.recordio.plain import MAGIC, framed


def test_rows_of_a_matrix_become_records() -> None:
    matrix = np.arange(5 * 7, dtype=np.uint8).reshape(5, 7)
    sink = io.BytesIO()

    assert RecordWriter(sink).write_frames(matrix) == 5
    assert RecordWriter(sink).write_frames(matrix[:, ::2]) == 5
    assert RecordWriter(sink).write_frames(matrix[:0]) == 0
    assert RecordWriter(sink).write_frames(matrix[:2, :0]) == 2

    expected = [
        *[framed(row.tobytes()) for row in matrix],
        *[framed(row[::2].tobytes()) for row in matrix],
        framed(b"") * 2,
    ]
    assert sink.getvalue() == b"".join(expected)


def test_a_magic_word_in_a_row_is_cut_under_dmlc_alone() -> None:
    matrix = np.frombuffer(b"abcdefghij" + b"abcd" + MAGIC + b"ij", np.uint8).reshape(2, 10)
    dmlc, concat = io.BytesIO(), io.BytesIO()

    RecordWriter(dmlc).write_frames(matrix)
    RecordWriter(concat, Multipart.CONCAT).write_frames(matrix)

    assert dmlc.getvalue() == framed(b"abcdefghij") + framed(b"abcd", 1) + framed(b"ij", 3)
    assert concat.getvalue() == framed(b"abcdefghij") + framed(b"abcd" + MAGIC + b"ij")


def test_a_magic_word_across_payload_and_padding_or_header_is_none() -> None:
    """Only whole words of the payload are looked at."""
    payloads = [MAGIC[:3], b"abcd" + MAGIC[:2], MAGIC[1:]]
    sink = io.BytesIO()

    RecordWriter(sink).write_frames(payloads)

    assert sink.getvalue() == b"".join(map(framed, payloads))


def test_every_kind_of_bytes_can_be_written() -> None:
    array: Any = np.frombuffer(b"abcde", np.uint8)
    kinds = [b"abcde", bytearray(b"abcde"), memoryview(b"abcde"), array.data]
    sink = io.BytesIO()

    writer = RecordWriter(sink)
    writer.write_frames(kinds)
    writer.write_frames([*kinds, b"another length"])
    for kind in kinds:
        writer.write(kind)

    assert sink.getvalue() == framed(b"abcde") * 8 + framed(b"another length") + (
        framed(b"abcde") * 4
    )


def test_more_than_is_made_at_once_is_written_whole() -> None:
    payloads = [os.urandom(1000 + number) for number in range(3000)]
    matrix = np.frombuffer(os.urandom(3_000_000), np.uint8).reshape(3000, 1000)
    sink = io.BytesIO()

    writer = RecordWriter(sink)
    writer.write_frames(payloads)
    writer.write_frames(matrix)
    writer.write(bytes(5_000_000))

    read = [bytes(record) for record in read_records(sink.getvalue(), "test")]
    assert read == [*payloads, *[row.tobytes() for row in matrix], bytes(5_000_000)]


def test_a_sink_that_takes_a_part_at_a_time_gets_all() -> None:
    """A raw pipe takes what fits, and not what it is given."""
    reading, writing = os.pipe()
    payload = os.urandom(1_000_000)
    received: list[bytes] = []

    def receive() -> None:
        with open(reading, "rb", buffering=0) as source:
            received.extend(bytes(record) for record in read_records(source, "pipe"))

    reader = threading.Thread(target=receive)
    reader.start()
    with open(writing, "wb", buffering=0) as sink:
        RecordWriter(sink).write_frames([payload, b"", payload])
    reader.join()

    assert received == [payload, b"", payload]


def test_a_sink_that_does_not_wait_is_refused() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with open(reading, "rb"), open(writing, "wb", buffering=0) as sink:
        writer = RecordWriter(sink)
        with pytest.raises(BlockingIOError, match="blocking mode"):
            writer.write(bytes(10_000_000))


class Lengths(io.RawIOBase):
    """Keeps the length of whatever is written, and its first bytes."""

    def __init__(self) -> None:
        self.written: list[tuple[int, bytes]] = []

    def write(self, data: Any) -> int:
        self.written.append((len(data), bytes(data[:8])))
        return len(data)


def test_a_record_of_half_a_gigabyte_is_refused_by_dmlc_and_cut_by_concat() -> None:
    payload = bytes(1 << 29)
    sink: Any = Lengths()

    with pytest.raises(FormatError, match='choose multipart="concat"'):
        RecordWriter(sink).write(payload)
    assert sink.written == []

    RecordWriter(sink, Multipart.CONCAT).write(payload)
    assert sink.written == [
        (8, MAGIC + b"\xfc\xff\xff\x3f"),
        ((1 << 29) - 4, bytes(8)),
        (8, MAGIC + b"\x04\0\0\x60"),
        (4, bytes(4)),
    ]


def test_concat_cuts_into_the_parts_that_are_asked_for() -> None:
    sink = io.BytesIO()

    RecordWriter(sink, Multipart.CONCAT, largest_part=4).write_frames([b"abcdefghij", b"abcd"])

    assert sink.getvalue() == b"".join(
        [framed(b"abcd", 1), framed(b"efgh", 2), framed(b"ij", 3), framed(b"abcd")]
    )


@pytest.mark.parametrize("largest", [0, -1, 1 << 29])
def test_a_part_that_no_frame_holds_is_refused(largest: int) -> None:
    with pytest.raises(ValueError, match="a part has 1 to"):
        RecordWriter(io.BytesIO(), Multipart.CONCAT, largest_part=largest)


@pytest.mark.parametrize("matrix", [np.zeros((2, 3)), np.zeros(3, np.uint8)])
def test_a_matrix_of_anything_but_bytes_is_refused(matrix: Any) -> None:
    with pytest.raises(TypeError, match="a matrix of uint8"):
        RecordWriter(io.BytesIO()).write_frames(matrix)
