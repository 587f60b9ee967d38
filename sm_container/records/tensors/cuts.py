"""The same part of many records, cut out of a block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sm_container.records.batch import objects
from sm_container.records.errors import RecordError

BYTES = np.dtype(np.uint8)
_LONG = 256  # bytes of a cut above which a copy a record is quicker than a mask over all bytes


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
        return self.sizes // self.items.itemsize

    @property
    def ends(self) -> NDArray[np.int64]:
        """Where in ``items`` each record's end, as bytes."""
        return np.cumsum(self.sizes)


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
    total = int(sizes.sum())
    items = np.empty(total // dtype.itemsize, dtype)
    if total:
        held: NDArray[np.uint8] = np.ndarray((total,), np.uint8, items.data.cast("B"))
        _gather(data, starts, sizes, held)
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


def _gather(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    sizes: NDArray[np.int64],
    out: NDArray[np.uint8],
) -> None:
    size = int(sizes[0])
    ends = starts + sizes
    if (sizes == size).all():
        whole = np.dtype((np.void, size))
        held: NDArray[Any] = np.ndarray((len(starts),), whole, out)
        held[...] = np.ndarray((len(data) - size + 1,), whole, data, 0, (1,))[starts]
    elif len(out) > _LONG * len(starts) or (starts[1:] < ends[:-1]).any():
        view = data.data
        pieces = [
            view[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
        ]
        out[:] = np.frombuffer(b"".join(pieces), np.uint8)
    else:
        first, last = int(starts[0]), int(ends[-1])
        runs = np.empty(2 * len(starts) - 1, np.int64)  # by turns within and between
        runs[0::2] = sizes
        runs[1::2] = starts[1:] - ends[:-1]
        is_within = np.zeros(len(runs), bool)
        is_within[0::2] = True
        out[:] = data[first:last][np.repeat(is_within, runs)]
