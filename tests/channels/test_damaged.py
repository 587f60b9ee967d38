"""A damaged record in a channel: named by file or FIFO, index and byte, and treated as was said."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest

from sm_container.channels.channel import InputChannel
from sm_container.contract.inputs import InputMode
from sm_container.contract.layout import Layout
from sm_container.records.batch import Batch
from sm_container.records.errors import OnFault, RecordError
from sm_container.records.formats import format_of
from tests.channels.feeding import WAIT, framed
from tests.channels.test_modes import MODES, served

PROTOBUF = "application/x-recordio-protobuf"
MSGPACK = "application/x-recordio-msgpack"
RECORDS = 5
"""Of each object; the labels count through both."""


@dataclass(frozen=True)
class Damage:
    """What is done to record ``at`` of one of two objects. A cut is the end of the last one."""

    content_type: str
    to: Callable[[bytes], bytes]
    at: int = 2
    says: str = ""

    @property
    def is_last(self) -> bool:
        return self.at == RECORDS - 1


def with_word(frame: bytes, flag: int, length: int) -> bytes:
    return frame[:4] + (flag << 29 | length).to_bytes(4, "little") + frame[8:]


def payload_length(frame: bytes) -> int:
    return int.from_bytes(frame[4:8], "little")


FRAMING: dict[str, tuple[Callable[[bytes], bytes], int, str]] = {
    "truncated": (lambda frame: frame[:-9], RECORDS - 1, "is cut off"),
    "truncated in the header": (lambda frame: frame[:6], RECORDS - 1, "is cut off"),
    "wrong magic": (lambda frame: b"\0\1\2\3" + frame[4:], 2, "begins with 00010203"),
    "huge length": (lambda frame: with_word(frame, 0, (1 << 29) - 1), 2, "is cut off"),
    "unknown flag": (lambda frame: with_word(frame, 7, payload_length(frame)), 2, "the flag 7"),
    "unfinished": (lambda frame: framed(bytes(8))[:4] + _first_part(), 2, "of another record"),
    "unfinished at the end": (
        lambda frame: framed(bytes(8))[:4] + _first_part(),
        RECORDS - 1,
        "next part",
    ),
    "a later part alone": (
        lambda frame: with_word(frame, 3, payload_length(frame)),
        2,
        "whose first part is not before it",
    ),
}
CASES = {
    f"{name}, {kind.rpartition('-')[2]}": Damage(kind, to, at, says)
    for name, (to, at, says) in FRAMING.items()
    for kind in (PROTOBUF, MSGPACK)
} | {
    "bad protobuf": Damage(PROTOBUF, lambda _: framed(b"\x0a\x7f\x01"), says="."),
    "protobuf of another shape": Damage(PROTOBUF, lambda _: frame_of(PROTOBUF, 1, 4), says="shape"),
    "bad msgpack": Damage(MSGPACK, lambda _: framed(b"\xc1"), says="no msgpack"),
    "msgpack that names 4 GB": Damage(
        MSGPACK, lambda _: framed(b"\xc6\xff\xff\xff\xff"), says="no msgpack"
    ),
    "msgpack of a list": Damage(MSGPACK, lambda _: framed(b"\x91\x01"), says="an array"),
}


def _first_part() -> bytes:
    """What follows the magic word of a part that more parts should follow."""
    return (1 << 29 | 8).to_bytes(4, "little") + bytes(8)


def frame_of(content_type: str, label: int, width: int = 3) -> bytes:
    """One record in its frame."""
    features = np.full((1, width), label, np.float32)
    batch = Batch({"features": features, "label": np.array([label], np.float32)})
    sink = io.BytesIO()
    format_of(content_type).write([batch], sink)
    return sink.getvalue()


@dataclass(frozen=True)
class Made:
    """Two objects, and what reading them must come to: labels, and the place of the damage."""

    objects: dict[str, bytes]
    before: list[int]
    after: list[int]
    in_file: tuple[str, int, int]
    in_stream: tuple[int, int]

    def place(self, mode: InputMode, epoch: int) -> tuple[str, int, int]:
        """Source, index and byte of the damaged record."""
        return (f"train_{epoch}", *self.in_stream) if mode is InputMode.PIPE else self.in_file


def made(damage: Damage) -> Made:
    frames = [frame_of(damage.content_type, label) for label in range(2 * RECORDS)]
    place = damage.at + (RECORDS if damage.is_last else 0)
    offset = sum(map(len, frames[:place]))
    begin = sum(map(len, frames[: place - damage.at]))
    frames[place] = damage.to(frames[place])
    return Made(
        {"a": b"".join(frames[:RECORDS]), "b": b"".join(frames[RECORDS:])},
        list(range(place)),
        list(range(place + 1, 2 * RECORDS)),
        (f"train/{'b' if damage.is_last else 'a'}", damage.at, offset - begin),
        (place, offset),
    )


def batches(channel: InputChannel, on_fault: OnFault) -> Iterator[int]:
    """The labels of a pass, as they come."""
    for batch in channel.batches(rows=3, on_fault=on_fault, timeout=WAIT):
        yield from np.asarray(batch["label"]).astype(int).tolist()


def records(channel: InputChannel, on_fault: OnFault) -> Iterator[int]:
    """The labels of a pass, as they come."""
    for record in channel.records(on_fault=on_fault, timeout=WAIT):
        yield int(record["label"])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", CASES)
def test_a_damaged_record_is_named_and_raised_skipped_or_the_end(
    layout: Layout,
    no_leaks: None,
    caplog: pytest.LogCaptureFixture,
    case: str,
    mode: InputMode,
) -> None:
    damage, given = CASES[case], made(CASES[case])
    passes = list(product((batches, records), OnFault))
    caplog.set_level(logging.WARNING, "sm_container.records")
    with served(layout, mode, given.objects, damage.content_type, epochs=len(passes)) as train:
        for epoch, (read, on_fault) in enumerate(passes):
            place = given.place(mode, epoch)
            named = "{}, record {}, byte {}: ".format(*place)
            if on_fault is OnFault.RAISE:
                _raises(read(train, on_fault), given.before, place, named, damage.says)
                assert caplog.messages == []
                continue
            is_skipped = on_fault is OnFault.SKIP
            assert list(read(train, on_fault)) == given.before + given.after * is_skipped
            [warning] = caplog.messages
            assert warning.startswith(named)
            assert warning.endswith("left out" if is_skipped else "reading ends before it")
            caplog.clear()


def _raises(
    labels: Iterator[int], before: list[int], place: tuple[str, int, int], named: str, says: str
) -> None:
    """What came before is given first, then the error."""
    assert [next(labels) for _ in before] == before
    with pytest.raises(RecordError, match=says) as raised:
        next(labels)
    error = raised.value
    assert (error.source, error.index, error.offset) == place
    assert str(error).startswith(named)
