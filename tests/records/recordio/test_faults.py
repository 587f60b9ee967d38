"""Damaged RecordIO: what the error says, what the policies do, and what it may cost."""

from __future__ import annotations

import io
import logging
import tracemalloc
from contextlib import nullcontext

import pytest

from sm_container.records.errors import OnFault, RecordError
from sm_container.records.recordio import Multipart, read_records
from tests.records.recordio.plain import MAGIC, framed

GOOD = framed(b"good") * 3

FAULTS = {
    "a wrong magic word": (
        GOOD + b"bad!" + framed(b"bad")[4:],
        "train.rec, record 3, byte 36: it begins with 62616421 and not with RecordIO's magic "
        "word 0a23d7ce: this is damaged, or not RecordIO",
    ),
    "a tail cut within a header": (
        GOOD + framed(b"cut")[:6],
        "train.rec, record 3, byte 36: it is cut off: a frame's header is 8 bytes long, and the "
        "source ends after 6",
    ),
    "a tail cut within a payload": (
        GOOD + framed(b"cut off")[:12],
        "train.rec, record 3, byte 36: it is cut off: the frame is 16 bytes long, and the source "
        "ends after 12",
    ),
    "a tail cut within the padding": (
        GOOD + framed(b"cut")[:-1],
        "train.rec, record 3, byte 36: it is cut off: the frame is 12 bytes long, and the source "
        "ends after 11",
    ),
    "a length past the end": (
        GOOD + MAGIC + b"\xff\xff\xff\x1f" + bytes(20),
        "train.rec, record 3, byte 36: it is cut off: the frame is 536870920 bytes long, and the "
        "source ends after 28",
    ),
    "a first part without a last": (
        GOOD + framed(b"part", 1) + framed(b"part", 2),
        "train.rec, record 3, byte 36: its next part, at byte 60, is missing: the source ends "
        "there",
    ),
    "a record within another": (
        GOOD + framed(b"part", 1) + framed(b"next"),
        "train.rec, record 3, byte 36: its next part, at byte 48, is the beginning of another "
        "record: the rest of this one was never written, or is lost",
    ),
    "a wrong magic word between parts": (
        GOOD + framed(b"part", 1) + b"bad!bad!",
        "train.rec, record 3, byte 36: its next part, at byte 48, begins with 62616421 and not "
        "with RecordIO's magic word 0a23d7ce: this is damaged, or not RecordIO",
    ),
    "a part of nothing": (
        GOOD + framed(b"part", 3),
        "train.rec, record 3, byte 36: it is a later part of a record whose first part is not "
        "before it",
    ),
    "a flag that is none": (
        GOOD + framed(b"flag", 6),
        "train.rec, record 3, byte 36: it has the flag 6, and there are only 0 to 3: the bytes "
        "are damaged",
    ),
    "parts that dmlc does not make, by their length": (
        GOOD + framed(b"abc", 1) + framed(b"d", 3),
        "train.rec, record 3, byte 36: it is a part as the dmlc (MXNet) writer never makes it, "
        'since it cuts a record only where the magic word stands; choose multipart="concat"',
    ),
    "parts that dmlc does not make, by a magic word inside": (
        GOOD + framed(b"abcd", 1) + framed(b"abcd" + MAGIC + b"e", 3),
        "train.rec, record 3, byte 36: its next part, at byte 48, is a part as the dmlc (MXNet) "
        "writer never makes it, since it cuts a record only where the magic word stands; choose "
        'multipart="concat"',
    ),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("block", [1, 40, 1 << 20])
def test_the_error_says_what_and_where_behind_the_records_before_it(name: str, block: int) -> None:
    data, message = FAULTS[name]
    for source in (data, io.BytesIO(data)):
        records = read_records(source, "train.rec", block=block)

        assert [bytes(next(records)) for _ in range(3)] == [b"good"] * 3
        with pytest.raises(RecordError) as caught:
            next(records)

        assert str(caught.value) == message
        assert (caught.value.source, caught.value.index) == ("train.rec", 3)
        assert caught.value.offset == 36


@pytest.mark.parametrize("name", [name for name in FAULTS if not name.startswith("a tail")])
def test_skip_goes_on_behind_it(name: str, caplog: pytest.LogCaptureFixture) -> None:
    data, _ = FAULTS[name]

    records = read_records(data + framed(b"after") * 2, "train.rec", on_fault=OnFault.SKIP)

    read = [bytes(record) for record in records]
    assert [record for record in read if record != b"next"] == [b"good"] * 3 + [b"after"] * 2
    (warning,) = caplog.records
    assert (warning.levelno, warning.name) == (logging.WARNING, "sm_container.records")
    assert warning.getMessage().startswith("train.rec, record 3, byte 36: ")
    assert warning.getMessage().endswith("; left out")


@pytest.mark.parametrize("name", FAULTS)
def test_skip_at_the_end_is_the_end(name: str, caplog: pytest.LogCaptureFixture) -> None:
    data, message = FAULTS[name]

    read = [bytes(record) for record in read_records(data, "train.rec", on_fault=OnFault.SKIP)]

    assert read[:3] == [b"good"] * 3
    assert read[3:] == ([b"next"] if name == "a record within another" else [])
    assert caplog.messages == [f"{message}; left out"]


@pytest.mark.parametrize("name", FAULTS)
def test_stop_ends_before_it(name: str, caplog: pytest.LogCaptureFixture) -> None:
    data, message = FAULTS[name]

    records = read_records(data, "train.rec", on_fault=OnFault.STOP)

    assert [bytes(record) for record in records] == [b"good"] * 3
    assert caplog.messages == [f"{message}; reading ends before it"]


def test_concat_reads_what_dmlc_never_makes() -> None:
    for name in FAULTS:
        if name.startswith("parts that dmlc"):
            read = read_records(FAULTS[name][0], "train.rec", multipart=Multipart.CONCAT)
            assert len(list(read)) == 4


def test_a_magic_word_in_a_whole_record_proves_nothing() -> None:
    data = framed(b"abcd" + MAGIC) + framed(b"abcd", 1) + framed(b"", 3)

    assert [bytes(record) for record in read_records(data, "train.rec")] == [
        b"abcd" + MAGIC,
        b"abcd" + MAGIC,
    ]


def test_skip_is_not_misled_by_a_magic_word_without_a_frame() -> None:
    damaged = b"bad!" + MAGIC + b"\11\0\0\0" + b"no frame" + MAGIC + b"\xff\xff\xff\x1f"

    read = read_records(GOOD + damaged + GOOD, "train.rec", on_fault=OnFault.SKIP)

    assert [bytes(record) for record in read] == [b"good"] * 6


def test_a_record_left_out_counts() -> None:
    data = GOOD + b"bad!" + framed(b"bad")[4:] + GOOD + b"worse"

    records = read_records(data[:-5] + framed(b"x", 7), "train.rec", on_fault=OnFault.SKIP)
    assert len(list(records)) == 6
    with pytest.raises(RecordError, match="record 3,"):
        list(read_records(data, "train.rec"))


@pytest.mark.parametrize("on_fault", OnFault)
def test_a_length_makes_nothing_grow_but_bytes_do(
    on_fault: OnFault, caplog: pytest.LogCaptureFixture
) -> None:
    """512 MiB are promised by every other frame, and a few kilobytes come."""
    data = (MAGIC + b"\xfc\xff\xff\x1f" + framed(b"x")) * 2000
    caplog.set_level(logging.ERROR, "sm_container.records")  # what is kept here counts, too
    records = read_records(io.BytesIO(data), "hostile", on_fault=on_fault, block=1 << 12)
    raises = pytest.raises(RecordError) if on_fault is OnFault.RAISE else nullcontext()

    tracemalloc.start()
    try:
        with raises:
            read = sum(1 for _ in records)
            assert read == (2000 if on_fault is OnFault.SKIP else 0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 4 * len(data)


def test_a_source_of_many_cut_frames_is_not_searched_whole_for_each() -> None:
    data = (framed(b"abc") * 10 + MAGIC + b"\xfc\xff\xff\x1f") * 10_000

    read = read_records(data, "hostile", on_fault=OnFault.SKIP, block=1 << 12)

    assert sum(1 for _ in read) == 100_000


@pytest.mark.parametrize("multipart", Multipart)
def test_bytes_that_are_all_magic_words_are_given_up_in_time(multipart: Multipart) -> None:
    """Each could begin a frame: looking again from the start for each would take for ever."""
    data = MAGIC * 500_000

    for source in (data, io.BytesIO(data)):
        read = read_records(source, "hostile", multipart=multipart, on_fault=OnFault.SKIP)
        assert list(read) == []


def test_a_record_of_very_many_parts_is_read_in_time() -> None:
    count = 200_000
    data = framed(b"", 1) + framed(b"", 2) * count + framed(b"", 3)

    for block in (1 << 12, 1 << 20):
        (record,) = (bytes(r) for r in read_records(io.BytesIO(data), "hostile", block=block))
        assert record == MAGIC * (count + 1)
