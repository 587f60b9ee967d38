"""The rows of a batch: a few at a time, or one by one, for formats that read columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sm_container.records.batch import Batch, Column
from sm_container.records.csr import Csr
from sm_container.records.format import Record


def records_of(batches: Iterable[Batch]) -> Iterator[Record]:
    """Each row as a mapping: numbers, text, rows of a matrix; a sparse row is a Csr of one."""
    for batch in batches:
        names = list(batch)
        for values in zip(*(_rows(column) for column in batch.values()), strict=True):
            yield dict(zip(names, values, strict=True))


def cut(batch: Batch, rows: int) -> Iterator[Batch]:
    """The batch in parts of at most ``rows`` rows, as views; nothing where it has none."""
    for start in range(0, batch.rows, rows):
        yield batch if batch.rows <= rows else batch.slice(start, start + rows)


def _rows(column: Column) -> Iterator[Any]:
    if isinstance(column, Csr):
        return (column.rows(number, number + 1) for number in range(len(column)))
    return iter(column)
