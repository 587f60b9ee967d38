"""RecordIO framing of whole objects. Source: CreateTrainingJob, RecordWrapperType.

What no frame can hold follows in several, to be put together as they are.
"""

from __future__ import annotations

from collections.abc import Iterator

from sm_container.records.framing import (
    FIRST,
    FLAG_SHIFT,
    HEADER,
    LARGEST_PART,
    LAST,
    LENGTH_MASK,
    MAGIC,
    MIDDLE,
    WHOLE,
    padded,
)


def frames(size: int) -> Iterator[tuple[bytes, int, bytes]]:
    """The frames of a record of ``size`` bytes: header, payload's length, padding of each."""
    if size <= LARGEST_PART:
        yield header(WHOLE, size), size, padding(size)
        return
    left, flag = size, FIRST
    while left > LARGEST_PART:
        yield header(flag, LARGEST_PART), LARGEST_PART, b""
        left, flag = left - LARGEST_PART, MIDDLE
    yield header(LAST, left), left, padding(left)


def part_header(length: int, *, is_first: bool, is_last: bool) -> bytes:
    """The header of one frame of a record whose length is known only at its end."""
    flags = {(True, True): WHOLE, (True, False): FIRST, (False, False): MIDDLE}
    return header(flags.get((is_first, is_last), LAST), length)


def header(flag: int, length: int) -> bytes:
    return HEADER.pack(MAGIC, flag << FLAG_SHIFT | length)


def padding(length: int) -> bytes:
    return bytes(padded(length) - length)


def is_framed(head: bytes, size: int | None) -> bool:
    """Whether an object begins with a RecordIO frame, so that it is left as it is.

    ``head`` is its first eight bytes; ``size`` is None where it is not known.
    """
    if len(head) < HEADER.size:
        return False
    magic, word = HEADER.unpack_from(head)
    flag, length = word >> FLAG_SHIFT, word & LENGTH_MASK
    fits = size is None or HEADER.size + length <= size
    return bool(magic == MAGIC and flag in (WHOLE, FIRST) and fits)
