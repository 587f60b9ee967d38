"""Finding the next record behind damaged bytes."""

from __future__ import annotations

from sm_container.records.framing import (
    FIRST,
    FLAG_SHIFT,
    HEADER,
    LAST,
    LENGTH_MASK,
    MAGIC_WORD,
    WHOLE,
    padded,
)
from sm_container.records.recordio.scan import magic_words, words_of
from sm_container.records.refill import Refill


def resynchronise(refill: Refill, block: int) -> bool:
    """Move on to the next record; False where there is none up to the source's end.

    A record begins where a frame does that may begin one and is followed by another frame or by
    the end. Only multiples of 4 from here on are tried, and at most ``block`` bytes at a time.
    """
    while refill.wait_for(4):
        window = refill.view[: max(block, 4)]
        behind = 0
        for place in (magic_words(words_of(window)) * 4).tolist():
            if place < behind:
                continue  # within the payload of a later part
            flag, end = _frame(refill, place)
            if end and flag in (WHOLE, FIRST):
                refill.consume(place)
                return True
            behind = max(behind, end)
        refill.consume(max(behind, len(window) & ~3))
    refill.consume(len(refill))
    return False


def _frame(refill: Refill, place: int) -> tuple[int, int]:
    """The flag of the frame at this byte of the view, and where it ends; 0 where there is none."""
    if not refill.wait_for(place + HEADER.size):
        return 0, 0
    _, word = HEADER.unpack_from(refill.view, place)
    flag, end = word >> FLAG_SHIFT, place + HEADER.size + padded(word & LENGTH_MASK)
    if flag > LAST:
        return 0, 0
    if refill.wait_for(end + 4):
        return flag, end if refill.view[end : end + 4] == MAGIC_WORD else 0
    return flag, end if len(refill) == end else 0
