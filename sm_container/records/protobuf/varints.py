"""Many varints at once, without a look at each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sm_container.records.errors import RecordError
from sm_container.records.tensors.cuts import Cut

_LONGEST = 10
_AT_ONCE = 1 << 14  # numbers that are worked on while they are in the processor's cache


def decode_varints(cut: Cut) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The numbers end to end, and how many each record has.

    Raises RecordError where a record's bytes end within a number, and for a number of more than
    64 bits.
    """
    data: NDArray[np.uint8] = cut.items
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
    lengths = np.diff(lasts, prepend=-1)
    longest = int(lengths.max())
    if longest >= _LONGEST and (longest > _LONGEST or (data[lasts[lengths == _LONGEST]] > 1).any()):
        raise RecordError("a tensor has a number of more than 64 bits")
    numbers = np.empty(len(lasts), np.uint64)
    for start in range(0, len(lasts), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        numbers[some] = _some_numbers(data, lasts[some], lengths[some])
    return numbers


def _some_numbers(
    data: NDArray[np.uint8], lasts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[np.unsignedinteger]:
    """Their high bits are in the last byte, so they are read from there to the first."""
    longest = int(lengths.max())
    dtype = np.dtype(np.uint32 if longest <= 4 else np.uint64)
    seven = dtype.type(7)
    numbers = data[lasts].astype(dtype)
    for back in range(1, min(longest, 4)):
        more = numbers << seven | (data.take(lasts - back, mode="clip") & 0x7F)
        numbers = np.where(lengths > back, more, numbers)
    if longest <= 4:
        return numbers
    which = np.flatnonzero(lengths > 4)  # few numbers are as long
    for back in range(4, longest):
        which = which[lengths[which] > back]
        numbers[which] = numbers[which] << seven | (data[lasts[which] - back] & 0x7F)
    return numbers
