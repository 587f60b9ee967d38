"""The same part of many records, cut out of a block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sm_container.records.batch import objects
from sm_container.records.errors import RecordError

BYTES = np.dtype(np.uint8)
_LONG = 200  # items of the mean cut from which on a copy a record is quicker than rows
_UNEVEN = 3  # times the mean cut that the longest may have to be one row


@dataclass(frozen=True)
class Span:
    """Bytes of a record that differ between records of one form, from ``start`` up to ``stop``.

    ``dtype`` is what they are made of, uint8 where they must be parsed yet.
    """

    start: int
    stop: int
    dtype: np.dtype[Any] = BYTES


@dataclass(frozen=True, eq=False)
class Cut:
    """One span of some records: its items, and how many bytes each record has.

    Items are end to end in memory of their own; or a matrix with a row a record, where the records
    lie at even distances: a view of the block, to be copied no more than once.
    """

    items: NDArray[Any]
    sizes: NDArray[np.int64]

    @property
    def flat(self) -> NDArray[Any]:
        """The items end to end, in memory of their own."""
        return self.items if self.items.ndim == 1 else self.items.flatten()

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many items each record has."""
        if self.items.ndim == 2:
            return repeated(self.items.shape[1], len(self.items))
        return self.sizes // self.items.itemsize

    @property
    def ends(self) -> NDArray[np.int64]:
        """Where in ``items`` each record's end, as bytes."""
        return np.cumsum(self.sizes)


def repeated(number: int, rows: int) -> NDArray[np.int64]:
    """The same number for each row; quicker than numpy.full."""
    numbers = np.empty(rows, np.int64)
    numbers.fill(number)
    return numbers


def evenly(
    data: NDArray[np.uint8],
    start: int,
    stride: int,
    rows: int,
    size: int,
    dtype: np.dtype[Any] = BYTES,
) -> NDArray[Any]:
    """A matrix of ``rows`` rows: ``size`` bytes from ``start`` on, and every ``stride`` bytes after
    it. A view of the data, which need not be aligned."""
    if not size:
        return np.empty((rows, 0), dtype)
    shape, strides = (rows, size // dtype.itemsize), (stride, dtype.itemsize)
    view: NDArray[Any] = np.ndarray(shape, dtype, data, start, strides)
    return view


def cut(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    sizes: NDArray[np.int64],
    dtype: np.dtype[Any] = BYTES,
) -> Cut:
    """Of every record ``sizes`` bytes from ``starts`` on, all of them within ``data``."""
    total, count = int(sizes.sum()), len(starts)
    if not total:
        items = np.empty(0, dtype)
    elif total > _LONG * dtype.itemsize * count:
        items = _joined(data, starts, sizes).view(dtype)
    elif (longest := int(sizes.max())) * count <= _UNEVEN * total:
        items = _rows(data, starts, sizes, longest, dtype)
    else:
        width = -(-total // count // dtype.itemsize) * dtype.itemsize
        items = _rows(data, *_pieces(starts, sizes, width), width, dtype)
    return Cut(items, sizes)


def texts(cut: Cut) -> NDArray[Any]:
    """The cut as an array of str. Raises RecordError for what is not UTF-8."""
    ends = cut.ends.tolist()
    blob = cut.items.tobytes()
    spans = zip([0, *ends[:-1]], ends, strict=True)
    if blob.isascii():
        text = blob.decode("ascii")
        return objects([text[start:end] for start, end in spans])
    try:
        return objects([blob[start:end].decode("utf-8") for start, end in spans])
    except UnicodeDecodeError as error:
        raise RecordError(f"a text is not UTF-8: {error.reason}") from error


def blobs(cut: Cut) -> NDArray[Any]:
    """The cut as an array of bytes objects."""
    ends = cut.ends.tolist()
    blob = cut.items.tobytes()
    return objects([blob[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)])


def _joined(
    data: NDArray[np.uint8], starts: NDArray[np.int64], sizes: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """The bytes of each, copied one after another."""
    view, ends = data.data, starts + sizes
    pieces = [view[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    return np.frombuffer(bytearray().join(pieces), np.uint8)


def _pieces(
    starts: NDArray[np.int64], sizes: NDArray[np.int64], width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The same bytes as pieces of no more than ``width``: where each begins, and how many."""
    counts = -(-sizes // width)
    before = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    before *= width
    return np.repeat(starts, counts) + before, np.minimum(np.repeat(sizes, counts) - before, width)


def _rows(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    sizes: NDArray[np.int64],
    width: int,
    dtype: np.dtype[Any],
) -> NDArray[Any]:
    """The bytes of each, by way of rows of ``width`` bytes, without those that are too many.

    A mask costs by what it lets through, and a row begins where an item does: so it is one over
    items, not over bytes.
    """
    last = len(data) - width
    windows: NDArray[Any] = np.ndarray((last + 1,), f"V{width}", data, 0, (1,))
    rows = windows[np.minimum(starts, last)].view(np.uint8).reshape(-1, width)
    for row in np.flatnonzero(starts > last).tolist():  # at the end of the data
        size = int(sizes[row])
        rows[row, :size] = data[int(starts[row]) :][:size]
    items: NDArray[Any] = rows.view(dtype)
    most, counts = items.shape[1], sizes // dtype.itemsize
    if (counts == most).all():
        return items.ravel()
    masks = np.tri(most + 1, most, -1, dtype=bool)  # row n lets n items through
    held: NDArray[Any] = items[masks.take(counts, axis=0)]
    return held
