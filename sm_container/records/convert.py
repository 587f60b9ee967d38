"""From any format to any other, streamed: the memory that it takes does not grow with the data.

Formats of named columns (parquet, JSON lines, csv with a header) and formats of ``features`` and
``label`` (csv without, libsvm, protobuf, msgpack) are bridged by ``bridged``, whose rules stand
in docs/formats.md.
"""

from __future__ import annotations

import io
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from sm_container.records.batch import DATA, FEATURES, LABEL, Batch, Column
from sm_container.records.csr import Csr
from sm_container.records.errors import FormatError, OnFault
from sm_container.records.format import Format, Source
from sm_container.records.formats import format_of

ROWS = 1 << 14
_DENSE_BYTES = 64 << 20
_TENSORS = ("application/x-recordio-protobuf", "application/x-recordio-msgpack")
_MATRIX = (
    "text/csv",
    "text/libsvm",
    *_TENSORS,
)
_DENSE = ("text/csv", "application/jsonlines")
_PROTOBUF = "application/x-recordio-protobuf"
_EXACT = 2**53

Progress = Callable[[int, int], None]
"""Told the bytes read and the bytes in all; may raise to end the work."""


@dataclass(frozen=True)
class Converted:
    """What came of a conversion: ``rows`` in all, ``read`` and ``written`` bytes."""

    rows: int
    read: int
    written: int


def convert(
    source: str | Path,
    target: str | Path,
    *,
    to: str | None = None,
    from_: str | None = None,
    label: str | None = LABEL,
    columns: Sequence[str] = (),
    on_fault: OnFault = OnFault.RAISE,
    progress: Progress = lambda done, total: None,
) -> Converted:
    """Write the records of one file into another of another format.

    ``to`` and ``from_`` are content types, with parameters (``text/csv; header=true``), by
    default what the names of the files say. ``label`` and ``columns`` are as for ``bridged``.
    The target is there whole or not at all.

    Raises RecordError for what cannot be read, FormatError for what the target cannot hold.
    """
    read_as = format_of(from_, str(source))
    write_as = format_of(to, str(target))
    with _Watched(source, progress) as opened, whole_or_not_at_all(target) as sink:
        rows = copy_records(
            opened,
            str(source),
            read_as,
            sink,
            write_as,
            label=label,
            columns=columns,
            on_fault=on_fault,
        )
        opened.end()
        sink.flush()
        return Converted(rows, opened.done, os.fstat(sink.fileno()).st_size)


@contextmanager
def whole_or_not_at_all(target: str | Path) -> Iterator[BinaryIO]:
    """A file to write, which takes its name at the end; where that is not reached it is gone."""
    path = Path(target)
    partial = path.with_name(f".{path.name[:50]}.{uuid.uuid4().hex[:8]}.partial")
    try:
        with partial.open("xb") as sink:
            yield sink
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def copy_records(
    source: Source,
    name: str,
    read_as: Format,
    sink: BinaryIO,
    write_as: Format,
    *,
    label: str | None = LABEL,
    columns: Sequence[str] = (),
    on_fault: OnFault = OnFault.RAISE,
) -> int:
    """Write the records of an open source to an open sink; returns how many."""
    batches = read_as.batches(source, name, rows=ROWS, on_fault=on_fault)
    suited = bridged(batches, write_as, source=read_as, label=label, columns=columns)
    return write_as.write(suited, sink)


def bridged(
    batches: Iterable[Batch],
    target: Format,
    *,
    source: Format | None = None,
    label: str | None = LABEL,
    columns: Sequence[str] = (),
) -> Iterator[Batch]:
    """The same records in columns that the target knows.

    ``columns`` are those of the source that are wanted, all by default. Where the target wants
    ``features`` and the source has named columns, ``label`` is the one that becomes the label
    (None where there is none), and the others, which must be numbers, are the features in their
    order. Tensors of other names stay as they are from one format of tensors (protobuf, msgpack)
    to the other. Sparse features become dense for a target that has no sparse rows.

    Raises FormatError where there is no such column, or one is no number.
    """
    wants_matrix = target.content_type in _MATRIX and not getattr(target, "is_table", False)
    if source is not None and {source.content_type, target.content_type} <= set(_TENSORS):
        wants_matrix = False
    width: int | None = None
    for given in batches:
        batch = _chosen(given, columns)
        if wants_matrix and FEATURES not in batch:
            batch = _stacked(batch, label)
        if target.content_type == _PROTOBUF:
            batch = Batch({name: _for_protobuf(name, column) for name, column in batch.items()})
        features = batch.get(FEATURES)
        if target.content_type in _DENSE and isinstance(features, Csr):
            if width not in (None, features.columns):
                raise FormatError(
                    f"sparse rows of {width} columns are followed by some of {features.columns}: "
                    "say how many there are, as in --from 'text/libsvm; columns=100'"
                )
            width = features.columns
            yield from _dense(batch, features)
        else:
            yield batch


class _Watched(io.FileIO):
    """A file that tells how far it was read; what is read twice counts once."""

    def __init__(self, path: str | Path, progress: Progress) -> None:
        super().__init__(path, "rb")
        self._progress = progress
        self.total = os.fstat(self.fileno()).st_size
        self.done = 0

    def readinto(self, buffer: Any, /) -> int | None:
        count = super().readinto(buffer)
        self._told(count or 0)
        return count

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(-1 if size is None else size)
        self._told(len(data))
        return data

    def end(self) -> None:
        """All that was wanted is read."""
        self.done = max(self.done, self.total)
        self._progress(self.done, self.done)

    def _told(self, count: int) -> None:
        self.done += count
        if self.total:
            self.done = min(self.done, self.total)
            self._progress(self.done, self.total)


def _chosen(batch: Batch, columns: Sequence[str]) -> Batch:
    missing = [name for name in columns if name not in batch]
    if missing:
        raise FormatError(f"no column {', '.join(missing)}; there are {', '.join(batch)}")
    return Batch({name: batch[name] for name in columns}) if columns else batch


def _stacked(batch: Batch, label: str | None) -> Batch:
    """Named columns as ``features`` and ``label``."""
    if DATA in batch:
        raise FormatError(
            "the records are bytes of which nothing is known: say what they are (--from), "
            "as in application/x-recordio-protobuf"
        )
    if label is not None and label not in batch:
        raise FormatError(
            f"no column {label!r} to be the label: name it (--label), or say that there is none "
            f"(--no-label); there are {', '.join(batch)}"
        )
    names = [name for name in batch if name != label]
    if not names:
        raise FormatError(f"no columns are left to be features beside {label!r}")
    parts = [_matrix(name, batch[name]) for name in names]
    columns: dict[str, Column] = {FEATURES: np.concatenate(parts, axis=1)}
    if label is not None:
        values = _matrix(label, batch[label])
        columns[LABEL] = values[:, 0] if values.shape[1] == 1 else values
    return Batch(columns)


def _matrix(name: str, column: Column) -> NDArray[Any]:
    if isinstance(column, Csr) or column.dtype.kind not in "biuf" or column.ndim > 2:
        what = _kind(column)
        raise FormatError(
            f"the column {name!r} is {what}, and cannot be a feature: leave it out (--columns)"
        )
    return column.reshape(len(column), -1) if column.ndim == 1 else column


def _kind(column: Column) -> str:
    """Why a column cannot be a feature."""
    if isinstance(column, Csr):
        return "sparse"
    if column.dtype.kind in "biuf":
        return f"of the shape {list(column.shape[1:])} in each row, not a number or a list of them"
    if column.dtype != object:
        return f"{column.dtype}, not numbers"
    kinds = sorted({type(each).__name__ for each in column[:100]})
    return f"objects ({', '.join(kinds)}), not numbers"


def _for_protobuf(name: str, column: Column) -> Column:
    """Numbers in a type that recordio-protobuf has: int32 for small integers, else float64."""
    if isinstance(column, Csr):
        data = _for_protobuf(name, column.data)
        assert not isinstance(data, Csr)
        return Csr(data, column.indices, column.indptr, column.columns)
    if column.dtype == np.float16:
        return column.astype(np.float32)
    if column.dtype.kind not in "biu":
        return column
    if np.can_cast(column.dtype, np.int32):
        return column.astype(np.int32)
    if column.size and not (int(column.min()) >= -_EXACT and int(column.max()) <= _EXACT):
        raise FormatError(
            f"the column {name!r} has integers beyond 2**53, which neither int32 nor float64 holds"
        )
    return column.astype(np.float64)


def _dense(batch: Batch, features: Csr) -> Iterator[Batch]:
    """The batch with dense features, in parts of bounded size."""
    row = max(1, features.columns * features.data.dtype.itemsize)
    if row > _DENSE_BYTES:
        raise FormatError(
            f"rows of {features.columns} columns are too wide to be written without their zeros"
        )
    step = max(1, _DENSE_BYTES // row)
    for start in range(0, batch.rows, step):
        part = batch.slice(start, min(start + step, batch.rows))
        rows = part[FEATURES]
        assert isinstance(rows, Csr)
        yield Batch({**part, FEATURES: rows.to_dense()})
