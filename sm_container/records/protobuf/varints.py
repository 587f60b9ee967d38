"""Many varints at once, without a look at each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sm_container.records.errors import RecordError
from sm_container.records.tensors.cuts import Cut

_LONGEST = 10
_WORD = 4
_AT_ONCE = 1 << 15  # numbers that fit into the processor's cache with all that is made of them


def decode_varints(
    cut: Cut, likely: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The numbers end to end, and how many each record has: ``likely`` as many, where one knows.

    Raises RecordError where a record's bytes end within a number, and for a number of more than
    64 bits.
    """
    data: NDArray[np.uint8] = cut.flat
    if not len(data):
        return np.empty(0, np.uint64), np.zeros(len(cut.sizes), np.int64)
    if data.max() < 0x80:
        return data.astype(np.uint64), cut.sizes
    is_edge = np.empty(len(data) + 1, bool)  # whether a number ends before this byte
    is_edge[0] = True
    np.less(data, 0x80, out=is_edge[1:])
    ends = cut.ends
    if not is_edge[ends].all():
        raise RecordError("a tensor's numbers are cut off")
    edges = np.flatnonzero(is_edge)
    return _numbers(data, edges[:-1]), _counts(edges, ends, likely)


def encode_varints(numbers: NDArray[np.uint64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The numbers as varints end to end, and how many bytes each has."""
    largest = int(numbers.max()) if len(numbers) else 0
    longest = max(1, -(-largest.bit_length() // 7))
    if longest == 1:
        return numbers.astype(np.uint8), np.ones(len(numbers), np.int64)
    table = np.empty((len(numbers), longest), np.uint8)
    is_there = np.empty(table.shape, bool)
    rest = numbers
    for place in range(longest):
        is_there[:, place] = True if place == 0 else rest > 0
        table[:, place] = rest & np.uint64(0x7F)
        rest = rest >> np.uint64(7)
    sizes = is_there.sum(axis=1)
    table[:, :-1][is_there[:, 1:]] |= 0x80  # more bytes follow
    return table[is_there], sizes


def varint(number: int) -> bytes:
    """One number as a varint."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _counts(
    edges: NDArray[np.int64], ends: NDArray[np.int64], likely: NDArray[np.int64] | None
) -> NDArray[np.int64]:
    """How many numbers lie between each end and the one before it."""
    if likely is not None:  # to see that they are right is quicker than to search
        places = np.cumsum(likely)
        if places[-1] == len(edges) - 1 and (edges[places] == ends).all():
            return likely
    return np.diff(np.searchsorted(edges, ends), prepend=0)


def _numbers(data: NDArray[np.uint8], starts: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The numbers that begin at ``starts``."""
    padded = np.concatenate((data, np.zeros(_WORD - 1, np.uint8)))
    numbers = np.empty(len(starts), np.uint64)
    for at in range(0, len(starts), _AT_ONCE):
        numbers[at : at + _AT_ONCE] = _some_numbers(padded, starts[at : at + _AT_ONCE])
    return numbers


def _some_numbers(
    padded: NDArray[np.uint8], starts: NDArray[np.int64]
) -> NDArray[np.unsignedinteger]:
    """The same, for as many as are worked on at once."""
    first, last = int(starts[0]), int(starts[-1])
    # All words that there are, since numpy is slow at picking some that are not aligned.
    words: NDArray[np.uint32] = np.ndarray((last - first + 1,), "<u4", padded, first, (1,)).copy()
    low, is_whole = _by_words(words.take(starts - first, mode="clip"))
    if is_whole.all():
        return low
    numbers = low.astype(np.uint64)
    which = np.flatnonzero(~is_whole)  # few numbers are as long
    for place in range(_WORD, _LONGEST):
        byte = padded[starts[which] + place]
        if place == _LONGEST - 1 and (byte > 1).any():
            raise RecordError("a tensor has a number of more than 64 bits")
        numbers[which] |= (byte & np.uint8(0x7F)).astype(np.uint64) << np.uint64(7 * place)
        which = which[byte >= 0x80]
    return numbers


def _by_words(words: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
    """The numbers that begin with these bytes, and whether they end within them."""
    lasts = ~(words | np.uint32(0x7F7F7F7F))  # a bit for every byte that is the last of a number
    low = lasts - np.uint32(1)
    low ^= lasts
    low &= words  # the bytes up to the first such
    low = low & np.uint32(0x007F007F) | (low & np.uint32(0x7F007F00)) >> np.uint32(1)
    low = low & np.uint32(0x3FFF) | low >> np.uint32(2) & np.uint32(0x0FFFC000)
    return low, lasts != 0
