"""RecordIO framing of whole objects. Source: CreateTrainingJob, RecordWrapperType.

A frame is a magic word, a word of flag and length, the payload, and zeros up to four bytes. What
no frame can hold follows in several, to be put together as they are.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

PART = (1 << 29) - 4
"""The most bytes in one frame: below 2^29, and no padding within a record of several."""
HEADER = 8

_MAGIC = 0xCED7230A
_WHOLE, _FIRST, _MIDDLE, _LAST = range(4)
_LONGEST = (1 << 29) - 1


def frames(size: int) -> Iterator[tuple[bytes, int, bytes]]:
    """The frames of a record of ``size`` bytes: header, payload's length, padding of each."""
    if size <= PART:
        yield header(_WHOLE, size), size, padding(size)
        return
    left, flag = size, _FIRST
    while left > PART:
        yield header(flag, PART), PART, b""
        left, flag = left - PART, _MIDDLE
    yield header(_LAST, left), left, padding(left)


def part_header(length: int, *, is_first: bool, is_last: bool) -> bytes:
    """The header of one frame of a record whose length is known only at its end."""
    flags = {(True, True): _WHOLE, (True, False): _FIRST, (False, False): _MIDDLE}
    return header(flags.get((is_first, is_last), _LAST), length)


def header(flag: int, length: int) -> bytes:
    return struct.pack("<II", _MAGIC, flag << 29 | length)


def padding(length: int) -> bytes:
    return bytes(-length % 4)


def is_framed(head: bytes, size: int | None) -> bool:
    """Whether an object begins with a RecordIO frame, so that it is left as it is.

    ``head`` is its first eight bytes; ``size`` is None where it is not known.
    """
    if len(head) < HEADER:
        return False
    magic, word = struct.unpack("<II", head[:HEADER])
    flag, length = word >> 29, word & _LONGEST
    fits = size is None or HEADER + length <= size
    return bool(magic == _MAGIC and flag in (_WHOLE, _FIRST) and fits)
