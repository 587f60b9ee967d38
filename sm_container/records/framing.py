"""RecordIO's frame as bytes, without numpy: whoever only writes or recognises frames loads no more.

A frame is the magic word, a word with a flag (3 bits) and the payload's length (29 bits), the
payload, and zeros up to a multiple of 4; words are little-endian.
"""

from __future__ import annotations

import struct

MAGIC = 0xCED7230A
MAGIC_WORD = MAGIC.to_bytes(4, "little")
HEADER = struct.Struct("<II")
FLAG_SHIFT = 29
LENGTH_MASK = (1 << FLAG_SHIFT) - 1

WHOLE, FIRST, MIDDLE, LAST = range(4)
"""The flags: a whole record, or which part of a record that was cut into several frames."""

LARGEST_PART = (1 << FLAG_SHIFT) - 4
"""The most bytes that a frame holds, but for three: so that no part of several needs padding."""


def padded(length: int) -> int:
    """The length of a payload with its padding."""
    return length + 3 & ~3
