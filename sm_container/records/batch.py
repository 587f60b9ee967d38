"""A batch: some records as columns, each column one array with a row a record."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import NDArray

from sm_container.records.csr import Csr, CsrRoom, stacked
from sm_container.records.errors import FormatError, RecordError
from sm_container.records.pool import ArrayPool

if TYPE_CHECKING:
    import pyarrow as pa
    from scipy.sparse import spmatrix

Column: TypeAlias = "NDArray[Any] | Csr"

FEATURES = "features"
LABEL = "label"
UID = "uid"
METADATA = "metadata"
DATA = "data"
"""The column of whole payloads, objects of bytes, where a format knows nothing of their inside."""
NAME = "name"
"""The column of the names of files, where the input mode gives them."""

_AT_ONCE = 64 << 20
"""Bytes of a column that are asked for before its rows have come."""
_POOL = ArrayPool(spare=5)
"""Of the process, since the next pass needs what the last one had: by default one batch is made,
one is used, two wait between them, and the last one is smaller."""


class Batch(Mapping[str, Column]):
    """Columns by name, all of ``rows`` rows: numpy arrays, and Csr where rows are sparse.

    ``batch["features"]`` is a matrix of the shape (rows, columns), ``batch["label"]`` an array of
    the shape (rows,), or a matrix where a record has several; formats with names of their own
    (parquet, JSON lines) have those instead.
    """

    def __init__(self, columns: Mapping[str, Column | spmatrix]) -> None:
        """``columns`` may hold matrices of scipy too, which become Csr. Raises ValueError where
        they are not of one length."""
        self._columns = {name: _of_any(column) for name, column in columns.items()}
        lengths = {name: len(column) for name, column in self._columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"the columns of a batch have one length, and these have {lengths}")
        self.rows = next(iter(lengths.values()), 0)

    def __getitem__(self, name: str) -> Column:
        try:
            return self._columns[name]
        except KeyError:
            known = ", ".join(self._columns) or "none"
            raise KeyError(f"no column {name!r} in this batch; its columns: {known}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __repr__(self) -> str:
        columns = ", ".join(
            f"{name}: {column.dtype}{list(column.shape)}" for name, column in self.items()
        )
        return f"Batch({columns})"

    def slice(self, start: int, stop: int) -> Batch:
        """The rows from ``start`` up to ``stop``, as views."""
        if start == 0 and stop == self.rows:
            return self
        return Batch(
            {
                name: column.rows(start, stop) if isinstance(column, Csr) else column[start:stop]
                for name, column in self.items()
            }
        )

    def take(self, order: NDArray[np.int64]) -> Batch:
        """The rows of these numbers in this order, in memory of their own."""
        return Batch(
            {
                name: column.take(order) if isinstance(column, Csr) else column[order]
                for name, column in self.items()
            }
        )

    def copy(self) -> Batch:
        """The batch in memory of its own; of what is sparse, the same arrays."""
        return Batch(
            {
                name: column if isinstance(column, Csr) else column.copy()
                for name, column in self.items()
            }
        )

    def to_arrow(self) -> pa.Table:
        """The batch as an Arrow table; a matrix becomes a column of fixed-size lists.

        Raises FormatError without pyarrow.
        """
        from sm_container.records.arrow import to_arrow

        return to_arrow(self)

    def to_torch(self) -> dict[str, Any]:
        """The numbers as tensors that share the arrays' memory, sparse ones as torch's CSR.

        Columns that no tensor can hold (text, bytes) stay as they are. Raises FormatError without
        torch.
        """
        from sm_container.records.torch import to_torch

        return to_torch(self)


def _of_any(column: Column | spmatrix) -> Column:
    if hasattr(column, "tocsr"):
        return Csr.from_scipy(column)
    return column


def objects(values: list[Any]) -> NDArray[Any]:
    """The values as an array of objects, whatever they are: lists stay lists."""
    array = np.empty(len(values), object)
    array[:] = values
    return array


def rebatched(batches: Iterable[Batch], rows: int, *, are_lent: bool = False) -> Iterator[Batch]:
    """The same rows in batches of exactly ``rows``, but for the last; slices where it can be.

    A batch is put together as its parts come, while they are still in the processor's cache.
    ``are_lent`` says that arrays are valid until the next batch is asked for: then all is copied.
    The rows before a RecordError come first. A column of objects (text, bytes) may be absent from
    some batches: there its rows are None. Raises FormatError where other columns are not the same.
    """
    held: _Assembly | None = None
    try:
        for batch in batches:
            start = 0
            while start < batch.rows:
                stop = min(batch.rows, start + rows - (held.count if held else 0))
                if held is None and stop - start == rows and not are_lent:
                    yield batch.slice(start, stop)
                else:
                    held = held or _Assembly(rows, are_lent=are_lent)
                    held.add(batch.slice(start, stop))
                    if held.count == rows:
                        whole, held = held.batch(), None
                        yield whole
                        del whole
                start = stop
            del batch  # or it would stay in memory until the next one is made
    except RecordError:
        if held is not None:
            yield held.batch()
        raise
    if held is not None:
        yield held.batch()


class _Assembly:
    """A batch of ``rows`` rows that is not full yet; ``are_lent`` as in `rebatched`."""

    def __init__(self, rows: int, *, are_lent: bool = False) -> None:
        self.count = 0
        self._rows = rows
        self._are_lent = are_lent
        self._columns: dict[str, _Assembled] = {}

    def add(self, part: Batch) -> None:
        """Add rows, no more than are missing. Raises FormatError where the columns are others."""
        for name in part:
            if name not in self._columns:
                self._columns[name] = _Assembled(self._rows, self._are_lent)
                if self.count:
                    self._columns[name].add(_absent(name, part[name], self.count))
        for name, held in self._columns.items():
            held.add(part[name] if name in part else _absent(name, held.rows, part.rows))
        self.count += part.rows

    def batch(self) -> Batch:
        """What was added; of a batch that did not get full, no more memory than that."""
        return Batch({name: held.column(name) for name, held in self._columns.items()})


class _Assembled:
    """One column: memory with room for all rows, or parts.

    Where parts are not lent, there is room from the second one on only: a single part needs none.
    """

    def __init__(self, rows: int, is_lent: bool) -> None:
        self._rows = rows
        self._is_lent = is_lent
        self._count = 0
        self._parts: list[Column] = []
        self._room: NDArray[Any] | CsrRoom | None = None

    @property
    def rows(self) -> Column | CsrRoom:
        """Some of its rows, or the room with them."""
        return self._parts[0] if self._room is None else self._room

    def add(self, column: Column) -> None:
        """Add rows. Those of another dtype or shape make parts of the column for good."""
        if len(self._parts) == 1:
            self._make_room(self._parts[0])
        elif self._is_lent and not self._count and not isinstance(column, Csr):
            self._make_room(column)
        stop = self._count + len(column)
        if isinstance(self._room, CsrRoom) and _fits(column, self._room):
            self._room.add(column)
        elif isinstance(self._room, np.ndarray) and _are_alike(column, self._room):
            self._room[self._count : stop] = column
        else:
            if self._room is not None:
                self._parts, self._room = [self._held(self._room)], None
            is_own = not self._is_lent
            self._parts.append(column if isinstance(column, Csr) or is_own else column.copy())
        self._count = stop

    def column(self, name: str) -> Column:
        """What was added. Raises FormatError where the parts are not of one kind."""
        if self._room is None:
            return _joined(name, self._parts)
        held = self._held(self._room)
        return held if isinstance(held, Csr) or self._count == self._rows else _copied(held)

    def _held(self, room: NDArray[Any] | CsrRoom) -> Column:
        return room.csr() if isinstance(room, CsrRoom) else room[: self._count]

    def _make_room(self, first: Column) -> None:
        """Make room by the form of ``first``, for it too if it was added already."""
        if isinstance(first, Csr):
            room = CsrRoom(self._rows, first.dtype, _AT_ONCE)
            room.add(first)
            self._room, self._parts = room, []
            return
        shape = self._rows, *first.shape[1:]
        if math.prod(shape) * first.dtype.itemsize <= _AT_ONCE:
            self._room = _POOL.empty(shape, first.dtype)
            self._room[: self._count] = first[: self._count]
            self._parts = []


def _absent(name: str, column: Column | CsrRoom, rows: int) -> NDArray[Any]:
    """A column's rows in batches that do not have it."""
    if isinstance(column, Csr | CsrRoom) or column.dtype != object:
        raise FormatError(
            f"the column {name!r} is in some batches only, and has no None: "
            "files that are read together have the same columns"
        )
    return np.full((rows, *column.shape[1:]), None, object)


def _are_alike(column: Column, other: NDArray[Any]) -> bool:
    is_dense = not isinstance(column, Csr)
    return is_dense and column.dtype == other.dtype and column.shape[1:] == other.shape[1:]


def _copied(column: NDArray[Any]) -> NDArray[Any]:
    copy = _POOL.empty(column.shape, column.dtype)
    copy[...] = column
    return copy


def _fits(column: Column, room: CsrRoom) -> TypeGuard[Csr]:
    return isinstance(column, Csr) and column.dtype == room.dtype


def _joined(name: str, columns: Sequence[Column]) -> Column:
    sparse = [column for column in columns if isinstance(column, Csr)]
    if len(sparse) == len(columns):
        return stacked(sparse)
    if sparse:
        raise FormatError(f"the column {name!r} is sparse in some records and dense in others")
    shapes = {column.shape[1:] for column in columns}
    if len(shapes) > 1 and any(column.dtype == object for column in columns):
        # Lists are a matrix where all of a batch are of one length, and objects elsewhere.
        columns = [objects(list(np.asarray(column))) for column in columns]
    elif len(shapes) > 1:
        raise FormatError(f"the column {name!r} has rows of the shapes {sorted(shapes)}")
    return np.concatenate([np.asarray(column) for column in columns])
