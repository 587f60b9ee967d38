"""Rows of a sparse matrix: compressed sparse rows as three arrays, without scipy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix, spmatrix

_INDEX = np.dtype(np.int64)


@dataclass(frozen=True, eq=False)
class Csr:
    """Row i has ``data[indptr[i]:indptr[i + 1]]`` in the columns ``indices[...]`` of as many.

    ``data`` has one dimension, and ``indices`` is as long; ``indptr`` has a number more than there
    are rows. ``indices`` and ``indptr`` are int64. ``columns`` is how wide each row is. The columns
    of a row stand in the order of the record.
    """

    data: NDArray[Any]
    indices: NDArray[np.int64]
    indptr: NDArray[np.int64]
    columns: int

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows and columns."""
        return len(self), self.columns

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the numbers in ``data``."""
        dtype: np.dtype[Any] = self.data.dtype
        return dtype

    def rows(self, start: int, stop: int) -> Csr:
        """The rows from ``start`` up to ``stop``, as views."""
        indptr = self.indptr[start : stop + 1]
        first, last = int(indptr[0]), int(indptr[-1])
        return Csr(
            self.data[first:last], self.indices[first:last], indptr - indptr[0], self.columns
        )

    def take(self, order: NDArray[np.int64]) -> Csr:
        """The rows of these numbers, in this order, in memory of their own."""
        lengths = np.diff(self.indptr)[order]
        indptr = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
        within = np.arange(indptr[-1]) - np.repeat(indptr[:-1], lengths)
        places = np.repeat(self.indptr[order], lengths) + within
        return Csr(self.data[places], self.indices[places], indptr, self.columns)

    def to_dense(self) -> NDArray[Any]:
        """A matrix with zeros where a row has nothing; a column named twice adds up."""
        dense = np.zeros(self.shape, self.data.dtype)
        rows = np.repeat(np.arange(len(self)), np.diff(self.indptr))
        np.add.at(dense, (rows, self.indices), self.data)
        return dense

    @classmethod
    def from_scipy(cls, matrix: spmatrix) -> Csr:
        """A scipy matrix or sparse array of any layout as rows; one of rows shares its data."""
        rows = matrix.tocsr()
        return cls(
            rows.data, rows.indices.astype(_INDEX), rows.indptr.astype(_INDEX), rows.shape[1]
        )

    def to_scipy(self) -> csr_matrix:
        """The same as a scipy matrix, sharing the arrays. Raises ImportError without scipy."""
        from scipy.sparse import csr_matrix

        return csr_matrix((self.data, self.indices, self.indptr), shape=self.shape)


class CsrRoom:
    """Memory for ``rows`` rows of one dtype, which come part by part.

    How many numbers they have shows only then: there is room for as many a row as came so far,
    and for no more than ``at_once`` bytes that have not come yet.
    """

    def __init__(self, rows: int, dtype: np.dtype[Any], at_once: int) -> None:
        self._rows = rows
        self._at_once = at_once // (dtype.itemsize + _INDEX.itemsize)
        self._lengths: list[NDArray[np.int64]] = []
        self._count = self._stop = self._columns = 0
        self._data: NDArray[Any] = np.empty(0, dtype)
        self._indices = np.empty(0, _INDEX)

    @property
    def dtype(self) -> np.dtype[Any]:
        dtype: np.dtype[Any] = self._data.dtype
        return dtype

    def add(self, part: Csr) -> None:
        """Put these rows behind those that there are."""
        first, last = int(part.indptr[0]), int(part.indptr[-1])
        start, self._stop = self._stop, self._stop + last - first
        self._count += len(part)
        if self._stop > len(self._data):
            self._grow()
        self._data[start : self._stop] = part.data[first:last]
        self._indices[start : self._stop] = part.indices[first:last]
        self._lengths.append(np.diff(part.indptr))
        self._columns = max(self._columns, part.columns)

    def csr(self) -> Csr:
        """The rows that there are, and no memory for others: the room's end."""
        self._resize(self._stop)
        indptr = np.concatenate(([0], np.cumsum(np.concatenate(self._lengths)))).astype(np.int64)
        return Csr(self._data, self._indices, indptr, self._columns)

    def _grow(self) -> None:
        stop, left = self._stop, max(0, self._rows - self._count)
        likely = stop * left // self._count * 9 // 8  # a bit more than came so far
        size = stop + min(likely, max(self._at_once, stop // 2))
        if not len(self._data):
            self._data, self._indices = np.empty(size, self._data.dtype), np.empty(size, _INDEX)
        self._resize(size)

    def _resize(self, size: int) -> None:
        for room in (self._data, self._indices):  # nobody else has them
            room.resize(size, refcheck=False)


def stacked(parts: Sequence[Csr]) -> Csr:
    """All rows of all parts, one after another, as wide as the widest."""
    lengths = np.concatenate([np.diff(part.indptr) for part in parts])
    return Csr(
        np.concatenate([part.data for part in parts]),
        np.concatenate([part.indices for part in parts]),
        np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
        max(part.columns for part in parts),
    )
