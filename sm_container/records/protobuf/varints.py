"""Many varints at once, without a look at each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sm_container.records.errors import RecordError
from sm_container.records.tensors.cuts import Cut

_LONGEST = 10
_WORD = 4
_SEVENS = np.array([0, 0x7F, 0x7F7F, 0x7F7F7F, 0x7F7F7F7F], np.uint32)
"""The bits of a word that are of a number of so many bytes: seven in each."""
_AT_ONCE = 1 << 14  # numbers that are worked on while they are in the processor's cache


def decode_varints(cut: Cut) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The numbers end to end, and how many each record has.

    Raises RecordError where a record's bytes end within a number, and for a number of more than
    64 bits.
    """
    data: NDArray[np.uint8] = cut.flat
    if not len(data):
        return np.empty(0, np.uint64), np.zeros(len(cut.sizes), np.int64)
    if data.max() < 0x80:
        return data.astype(np.uint64), cut.sizes
    lasts = np.flatnonzero(data < 0x80)  # the last byte of each number
    ends = cut.ends
    filled = ends[cut.sizes > 0]
    if (data[filled - 1] >= 0x80).any():
        raise RecordError("a tensor's numbers are cut off")
    counts = np.diff(np.searchsorted(lasts, ends), prepend=0)
    return _numbers(data, lasts), counts


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


def _numbers(data: NDArray[np.uint8], lasts: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The numbers whose last bytes lie at ``lasts``."""
    padded = np.concatenate((data, np.zeros(_WORD - 1, np.uint8)))
    numbers = np.empty(len(lasts), np.uint64)
    first = 0
    for start in range(0, len(lasts), _AT_ONCE):
        some = lasts[start : start + _AT_ONCE]
        numbers[start : start + len(some)] = _some_numbers(padded, first, some)
        first = int(some[-1]) + 1
    return numbers


def _some_numbers(
    padded: NDArray[np.uint8], first: int, lasts: NDArray[np.int64]
) -> NDArray[np.unsignedinteger]:
    """The numbers from byte ``first`` on, by a word for the first bytes of each."""
    starts = np.concatenate(([first], lasts[:-1] + 1))
    lengths = lasts - starts + 1
    longest = int(lengths.max())
    if longest >= _LONGEST and (
        longest > _LONGEST or (padded[lasts[lengths == _LONGEST]] > 1).any()
    ):
        raise RecordError("a tensor has a number of more than 64 bits")
    # As items of void, since numpy is slow at picking words that are not aligned.
    words: NDArray[Any] = np.ndarray((len(padded) - _WORD + 1,), f"V{_WORD}", padded, 0, (1,))
    low: NDArray[np.uint32] = words[starts].view("<u4") & _SEVENS.take(lengths, mode="clip")
    low = low & np.uint32(0x007F007F) | (low & np.uint32(0x7F007F00)) >> np.uint32(1)
    low = low & np.uint32(0x3FFF) | low >> np.uint32(2) & np.uint32(0x0FFFC000)
    if longest <= _WORD:
        return low
    numbers = low.astype(np.uint64)
    which = np.flatnonzero(lengths > _WORD)  # few numbers are as long
    for place in range(_WORD, longest):
        which = which[lengths[which] > place]
        high = padded[starts[which] + place].astype(np.uint64) & np.uint64(0x7F)
        numbers[which] |= high << np.uint64(7 * place)
    return numbers
