"""Whatever is written is read, however it arrives; whatever is damaged is found."""

from __future__ import annotations

import io
import logging

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sm_container.records.errors import OnFault, RecordError
from sm_container.records.format import Source
from sm_container.records.recordio import Multipart, RecordWriter, read_frames, read_records
from tests.records.recordio.plain import MAGIC, Plain, framed, plain
from tests.records.recordio.sources import Pieces

multiparts = st.sampled_from(Multipart)
blocks = st.integers(1, 300)
sizes = st.lists(st.integers(1, 40), min_size=1, max_size=5)
payloads = st.lists(
    st.one_of(st.just(MAGIC), st.just(bytes(3)), st.binary(max_size=9)), max_size=8
).map(b"".join)
lists = st.one_of(
    st.lists(payloads, max_size=30),
    st.tuples(payloads, st.integers(8, 40)).map(lambda pair: [pair[0]] * pair[1]),
)
frames = st.builds(framed, payloads, st.sampled_from([0, 0, 0, 1, 2, 3, 3, 5]))
"""Frames in any order: most of their sequences make no sense."""
runs = st.tuples(frames, st.integers(8, 30)).map(lambda pair: pair[0] * pair[1])


@settings(deadline=None)
@given(lists, multiparts, blocks, sizes, st.integers(1, 20))
def test_what_is_written_is_read(
    records: list[bytes], multipart: Multipart, block: int, pieces: list[int], largest: int
) -> None:
    sink = io.BytesIO()
    writer = RecordWriter(sink, multipart, largest_part=largest)
    for record in records[::2]:
        writer.write(record)
    assert writer.write_frames(records[1::2]) == len(records[1::2])
    written = sink.getvalue()

    expected = records[::2] + records[1::2]
    for source in (written, memoryview(written), Pieces(written, pieces), io.BytesIO(written)):
        read = read_records(source, "test", multipart=multipart, block=block)
        assert [bytes(payload) for payload in read] == expected


@settings(deadline=None)
@given(lists, st.integers(1, 9))
def test_many_at_once_are_the_same_bytes_as_one_by_one(records: list[bytes], copies: int) -> None:
    for multipart in Multipart:
        at_once, one_by_one = io.BytesIO(), io.BytesIO()
        RecordWriter(at_once, multipart).write_frames(records * copies)
        for record in records * copies:
            RecordWriter(one_by_one, multipart).write(record)
        assert at_once.getvalue() == one_by_one.getvalue()


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Frames, some of them bent, swapped or cut."""
    data = bytearray(b"".join(draw(st.lists(st.one_of(frames, frames, frames, runs), max_size=24))))
    for place in draw(st.lists(st.integers(0, 400), max_size=3)):
        if place < len(data):
            data[place] = draw(st.integers(0, 255))
    end = draw(st.one_of(st.none(), st.integers(0, len(data))))
    return bytes(data[:end])


@settings(deadline=None, max_examples=250)
@given(damaged(), multiparts, blocks, sizes)
def test_a_fault_is_found_where_it_is(
    data: bytes, multipart: Multipart, block: int, pieces: list[int]
) -> None:
    expected = plain(data, multipart)
    for source in (data, Pieces(data, pieces)):
        assert up_to_fault(source, multipart, block) == expected


@settings(deadline=None, max_examples=250)
@given(damaged(), multiparts, blocks, sizes)
def test_what_can_be_read_behind_a_fault_is_read(
    data: bytes, multipart: Multipart, block: int, pieces: list[int]
) -> None:
    expected = plain(data, multipart, skip=True)
    for source in (data, Pieces(data, pieces)):
        assert skipping(source, multipart, block) == expected.records


@settings(deadline=None, max_examples=50)
@given(damaged(), multiparts)
def test_each_record_left_out_is_one_warning(data: bytes, multipart: Multipart) -> None:
    expected = plain(data, multipart, skip=True)
    errors: list[RecordError] = []
    handler = logging.Handler()
    handler.emit = lambda record: errors.extend(record.args)  # type: ignore[assignment,arg-type]
    log = logging.getLogger("sm_container.records")
    log.addHandler(handler)
    try:
        skipping(data, multipart, 64)
    finally:
        log.removeHandler(handler)
    assert [(error.index, error.offset) for error in errors] == expected.faults


def up_to_fault(source: Source, multipart: Multipart, block: int) -> Plain:
    result = Plain()
    try:
        for read in read_frames(source, "test", multipart=multipart, block=block):
            if read.stride:
                assert set(np.diff(read.starts).tolist()) <= {read.stride}
                assert len(set(read.lengths.tolist())) == 1
            for number in range(len(read)):
                place = int(read.offsets[number])
                result.records.append((read.index + number, place, bytes(read.payload(number))))
    except RecordError as error:
        result.faults.append((error.index, error.offset))
    return result


def skipping(source: Source, multipart: Multipart, block: int) -> list[tuple[int, int, bytes]]:
    return [
        (read.index + number, int(read.offsets[number]), bytes(read.payload(number)))
        for read in read_frames(
            source, "test", multipart=multipart, on_fault=OnFault.SKIP, block=block
        )
        for number in range(len(read))
    ]
