"""Finding the frames in a block of bytes, without touching them one by one where it can be.

Frames of one length are checked as strided columns. Others are found by searching for all magic
words at once: what was found counts only if each frame ends where the next begins, since a payload
may hold a magic word as well. Where that does not hold, and where payloads are long, the lengths
are followed frame by frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sm_container.records.framing import (
    FLAG_SHIFT,
    HEADER,
    LENGTH_MASK,
    MAGIC,
    MAGIC_WORD,
    padded,
)

_SAMPLE = 8  # frames looked at in order to choose how the rest is found
_LONG = 2048  # bytes from which on it is quicker to follow the lengths than to search
_STRETCH = 1 << 18  # words searched at once: what the search needs for itself stays in the cache

Words = NDArray[np.uint32]
Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Chain:
    """The frames that follow one another from a block's first byte on, as far as they are whole.

    Payload i is ``block[starts[i] : starts[i] + lengths[i]]``. ``flags`` is None where all are
    whole records; ``stride`` is as in Frames. The next frame begins at ``end``: the block must go
    on for ``needed`` bytes from there before more can be said, or ``is_broken``: there is
    something, and it is no frame.
    """

    starts: Places
    lengths: Places
    flags: NDArray[np.uint8] | None
    end: int
    needed: int
    is_broken: bool
    stride: int = 0


class _Found(NamedTuple):
    """Where the payloads begin, their lengths, the flags and the stride, as in Chain."""

    starts: Places
    lengths: Places
    flags: NDArray[np.uint8] | None
    stride: int = 0


def scan(block: memoryview) -> Chain:
    """All whole frames of a block that begins with a frame."""
    starts, lengths, flags, stride = _found(block)
    end = int(starts[-1]) + padded(int(lengths[-1])) if len(starts) else 0
    return Chain(starts, lengths, flags, end, *_next(block, end), stride)


def magic_words(words: Words) -> Places:
    """The numbers of the words that are the magic word."""
    if len(words) <= _STRETCH:
        return np.flatnonzero(words == MAGIC)
    stretches = range(0, len(words), _STRETCH)
    return np.concatenate(
        [np.flatnonzero(words[at : at + _STRETCH] == MAGIC) + at for at in stretches]
    )


def words_of(block: memoryview) -> Words:
    """The block as words; up to three bytes at its end are none."""
    return np.frombuffer(block, "<u4", len(block) // 4)


def _next(block: memoryview, end: int) -> tuple[int, bool]:
    """How many bytes the frame at ``end`` needs to be whole, and whether it is none at all."""
    left = len(block) - end
    if left >= 4 and block[end : end + 4] != MAGIC_WORD:
        return 0, True
    if left < HEADER.size:
        return HEADER.size, False
    _, word = HEADER.unpack_from(block, end)
    return HEADER.size + padded(word & LENGTH_MASK), False


def _found(block: memoryview) -> _Found:
    sample, end = _followed(block, 0, _SAMPLE)
    if len(sample) < _SAMPLE:
        return _listed(sample)
    second = sample[0][1]
    if all(other == second for _, other in sample):
        stride = end // _SAMPLE
        count = _run_of_equals(block, second, stride)
        # Less than half would make a block of many short runs cost too much.
        if count * stride * 2 >= len(block) - stride:
            return _equal(count, stride, second)
    if end > _LONG * _SAMPLE:
        rest, _ = _followed(block, end)
        return _listed(sample + rest)
    return _searched(block, words_of(block))


def _run_of_equals(block: memoryview, second: int, stride: int) -> int:
    """How many frames from the first on have this same second word."""
    count = len(block) // stride
    headers: NDArray[np.uint64] = np.ndarray((count,), "<u8", block, 0, (stride,))
    same = headers == np.uint64(second << 32 | MAGIC)
    return count if same.all() else int(same.argmin())


def _equal(count: int, stride: int, second: int) -> _Found:
    starts = np.arange(HEADER.size, HEADER.size + count * stride, stride, dtype=np.int64)
    flag = second >> FLAG_SHIFT
    flags = np.full(count, flag, np.uint8) if flag else None
    return _Found(starts, np.full(count, second & LENGTH_MASK, np.int64), flags, stride)


def _searched(block: memoryview, words: Words) -> _Found:
    """The frames by a search for magic words, up to where the chain of lengths breaks; from there
    on by following the lengths."""
    found = magic_words(words[:-1])  # one in the last word has no length behind it
    seconds = words[1:][found]
    found *= 4
    lengths = (seconds & LENGTH_MASK).astype(np.int64)
    starts = found + HEADER.size
    ends = (starts + lengths + 3) & ~3
    broken = ends[:-1] != found[1:]
    count = int(broken.argmax()) + 1 if broken.any() else len(found)
    if ends[count - 1] > len(block):
        return _Found(starts[: count - 1], lengths[: count - 1], _flags(seconds[: count - 1]))
    if count == len(found):
        return _Found(starts, lengths, _flags(seconds))
    rest, _ = _followed(block, int(ends[count - 1]))
    more = np.array(rest, np.int64).reshape(-1, 2)
    seconds = np.concatenate((seconds[:count], more[:, 1].astype(np.uint32)))
    starts = np.concatenate((starts[:count], more[:, 0]))
    lengths = np.concatenate((lengths[:count], more[:, 1] & LENGTH_MASK))
    return _Found(starts, lengths, _flags(seconds))


def _followed(block: memoryview, at: int, limit: int = -1) -> tuple[list[tuple[int, int]], int]:
    """The frames from ``at`` on, one after another: where the payload begins and the second word
    of each; and where the last one ends."""
    found: list[tuple[int, int]] = []
    unpack, size = HEADER.unpack_from, len(block)
    while at + 8 <= size and len(found) != limit:
        magic, second = unpack(block, at)
        end = at + 8 + ((second & LENGTH_MASK) + 3 & ~3)
        if magic != MAGIC or end > size:
            break
        found.append((at + 8, second))
        at = end
    return found, at


def _listed(found: list[tuple[int, int]]) -> _Found:
    places = np.array(found, np.int64).reshape(-1, 2)
    seconds = places[:, 1]
    flags = _flags(seconds.astype(np.uint32))
    return _Found(places[:, 0].copy(), seconds & LENGTH_MASK, flags)


def _flags(seconds: Words) -> NDArray[np.uint8] | None:
    """The flags in the second words of headers; None where each is a whole record."""
    if not len(seconds) or seconds.max() <= LENGTH_MASK:
        return None
    return (seconds >> FLAG_SHIFT).astype(np.uint8)
