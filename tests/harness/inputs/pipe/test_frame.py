"""RecordIO frames around whole objects."""

from __future__ import annotations

import pytest

from sm_container.harness.inputs.pipe.frame import frames, header, is_framed, part_header
from sm_container.records.framing import LARGEST_PART


@pytest.mark.parametrize(
    ("size", "head", "pad"),
    [
        (0, "0a23d7ce00000000", 0),
        (1, "0a23d7ce01000000", 3),
        (4, "0a23d7ce04000000", 0),
        (LARGEST_PART, "0a23d7cefcffff1f", 0),
    ],
)
def test_a_whole_record(size: int, head: str, pad: int) -> None:
    assert list(frames(size)) == [(bytes.fromhex(head), size, bytes(pad))]


def test_a_record_that_no_frame_holds_is_cut() -> None:
    first, middle, last = frames(2 * LARGEST_PART + 5)
    assert first == (bytes.fromhex("0a23d7cefcffff3f"), LARGEST_PART, b"")
    assert middle == (bytes.fromhex("0a23d7cefcffff5f"), LARGEST_PART, b"")
    assert last == (bytes.fromhex("0a23d7ce05000060"), 5, bytes(3))
    assert [length for _, length, _ in frames(2 * LARGEST_PART)] == [LARGEST_PART, LARGEST_PART]


def test_parts_of_a_length_that_is_not_known_yet_are_cut_alike() -> None:
    said = [(True, True), (True, False), (False, False), (False, True)]
    flags = [part_header(8, is_first=first, is_last=last)[7] >> 5 for first, last in said]
    assert flags == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("head", "size", "framed"),
    [
        (header(0, 5), 16, True),
        (header(0, 8), 16, True),
        (header(1, 8), None, True),
        (header(0, 0), 8, True),
        (header(0, 9), 16, False),
        (header(2, 8), 16, False),
        (header(3, 8), 16, False),
        (header(0, 8)[:7], 7, False),
        (b"\x0a\x23\xd7\xcf" + bytes(4), 16, False),
        (b"", 0, False),
    ],
)
def test_what_is_framed_already(head: bytes, size: int | None, framed: bool) -> None:
    assert is_framed(head, size) is framed
