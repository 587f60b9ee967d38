"""From the byte that a reader's error names back to the object."""

from __future__ import annotations

from array import array

import pytest

from sm_container.contract.inputs import Compression, RecordWrapper
from sm_container.harness.inputs.order import Share
from sm_container.harness.inputs.pipe.channel import PipeChannel
from sm_container.harness.inputs.pipe.origin import origin
from sm_container.harness.inputs.pipe.trace import Trace
from sm_container.records.errors import RecordError
from sm_container.storage.objects import Object

ENTRIES = tuple((Object(key, 10, None, None, "s3://b/"),) for key in "abcd")
PLAIN = PipeChannel("a.train_1", ENTRIES)
STARTS = array("Q", [0, 10, 10, 30])  # the second is empty


def said(offset: int | None, source: str = "a.train_1_2", index: int | None = 7) -> str:
    error = RecordError("begins with 00000000", source=source, index=index, offset=offset)
    return f"RecordError: {error}\nat train.py:3 in train"


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        (0, "byte 0 of s3://b/a"),
        (9, "byte 9 of s3://b/a"),
        (10, "byte 0 of s3://b/c"),
        (31, "byte 1 of s3://b/d"),
    ],
)
def test_the_object_that_has_the_byte(offset: int, expected: str) -> None:
    found = origin(said(offset), PLAIN, Trace(2, STARTS))
    before = {"a": "", "c": "s3://b/b", "d": "s3://b/c"}[expected[-1]]
    rest = f"; if that is sound, the one before it ends within a record: {before}" if before else ""
    assert found == f"channel 'a.train_1': byte {offset} of a.train_1_2 is {expected}{rest}"


def test_what_has_been_unpacked_has_bytes_of_its_own() -> None:
    channel = PipeChannel("train", ENTRIES, compression=Compression.GZIP)
    found = origin(said(3, "train_0"), channel, Trace(0, STARTS))
    assert found == "channel 'train': byte 3 of train_0 is byte 3 of s3://b/a unpacked"


def test_a_fault_within_a_wrapped_object_goes_by_the_object_s_place() -> None:
    channel = PipeChannel("train", ENTRIES, wrapper=RecordWrapper.RECORD_IO)
    for failure in (said(3, "train_0, object 1 at byte 30"), said(30, "train_0")):
        found = origin(failure, channel, Trace(0, STARTS))
        assert found == "channel 'train': byte 30 of train_0 lies in s3://b/d"
    whole = said(None, "train_0, object 1 at byte 30", None)
    assert origin(whole, channel, Trace(0, STARTS)) == found


def test_the_order_is_the_epoch_s() -> None:
    channel = PipeChannel("train", ENTRIES, Share(seed=3))
    last = ENTRIES[Share(seed=3).entries(4, 5)[-1]][0]
    found = origin(said(30, "train_5"), channel, Trace(5, STARTS))
    assert found is not None
    assert f" is byte 0 of {last.uri}; " in found


def test_the_text_of_a_manifest_has_no_address() -> None:
    channel = PipeChannel("train", (("7", ENTRIES[0][0]),))
    found = origin(said(0, "train_0"), channel, Trace(0, array("Q", [0, 1])))
    assert found == "channel 'train': byte 0 of train_0 is byte 0 of a manifest's text"


@pytest.mark.parametrize(
    "failure",
    [
        "",
        "ValueError: a.train_1_2, record 7, byte 3: no",
        said(3, "a.train_1_1"),
        said(3, "train_1_2"),
        said(3, "a/train_1_2"),
        said(None),
        said(3).removesuffix("7, byte 3: begins with 00000000\nat train.py:3 in train"),
    ],
)
def test_what_names_no_byte_of_the_epoch_has_no_origin(failure: str) -> None:
    assert origin(failure, PLAIN, Trace(2, STARTS)) is None


def test_a_byte_before_anything_was_sent_has_no_origin() -> None:
    assert origin(said(3), PLAIN, Trace(2)) is None
