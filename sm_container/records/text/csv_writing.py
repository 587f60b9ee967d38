"""Batches as rows of csv: the label first, or columns beneath their names."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from sm_container.records.arrow import to_arrow
from sm_container.records.batch import FEATURES, LABEL, Batch
from sm_container.records.csr import Csr
from sm_container.records.errors import FormatError
from sm_container.records.text.numbers import LineError, has_pyarrow, number

_ROWS = 1 << 14


def write_rows(
    batches: Iterable[Batch],
    sink: BinaryIO,
    *,
    label_size: int,
    delimiter: str,
    header: bool,
    columns: Sequence[str],
) -> int:
    """Write every row and return how many. Numbers have the digits that they need, no more.

    Raises FormatError for a column that has no place in a row of csv, and for rows of another
    width than the first.
    """
    count = 0
    names: list[str] | None = None
    for batch in batches:
        if FEATURES in batch:
            flat = _numbers(batch, label_size)
        else:
            flat = _named(batch, columns, is_titled=header or bool(columns))
        if names is None:
            names = list(flat)
            if header:
                sink.write(_line(names, delimiter))
        if list(flat) != names:
            raise FormatError(f"rows of {len(names)} columns are followed by some of {len(flat)}")
        for start in range(0, batch.rows, _ROWS):
            part = {name: column[start : start + _ROWS] for name, column in flat.items()}
            _write(part, sink, delimiter, header)
        count += batch.rows
    return count


def _numbers(batch: Batch, label_size: int) -> dict[str, NDArray[Any]]:
    """``label`` and ``features`` as columns of one dimension."""
    others = [name for name in batch if name not in (FEATURES, LABEL)]
    if others:
        raise FormatError(f"csv of label and features has no place for {', '.join(others)}")
    columns: dict[str, NDArray[Any]] = {}
    if label_size:
        if LABEL not in batch:
            raise FormatError("the records have no label: write them with label_size=0")
        columns |= _columns(batch, LABEL, LABEL)
        if len(columns) != label_size:
            raise FormatError(
                f"the label has {len(columns)} values: write it with label_size={len(columns)}"
            )
    elif LABEL in batch:
        raise FormatError("label_size=0 would leave the column 'label' out")
    return columns | _columns(batch, FEATURES, "f")


def _columns(batch: Batch, name: str, prefix: str) -> dict[str, NDArray[Any]]:
    column = batch[name]
    if isinstance(column, Csr):
        raise FormatError(f"the column {name!r} is sparse, and csv is not: make it dense")
    if column.dtype.kind not in "biuf" or column.ndim > 2:
        raise FormatError(f"the column {name!r} is {column.dtype} of {column.ndim} dimensions")
    if column.ndim == 1:
        return {name: column}
    return {f"{prefix}{number}": column[:, number] for number in range(column.shape[1])}


def _named(batch: Batch, columns: Sequence[str], *, is_titled: bool) -> dict[str, NDArray[Any]]:
    if not is_titled:
        raise FormatError(
            f"columns with names ({', '.join(batch)}) are written with header=True, "
            "or as label and features"
        )
    flat: dict[str, NDArray[Any]] = {}
    for name in columns or batch:
        column = batch.get(name)
        if column is None:
            raise FormatError(f"no column {name!r} among {', '.join(batch)}")
        if isinstance(column, Csr) or column.ndim > 1:
            raise FormatError(f"the column {name!r} has several values a row, and csv has not")
        if column.dtype == object and not all(isinstance(each, str | None) for each in column):
            raise FormatError(f"the column {name!r} holds objects that are not text")
        flat[name] = column
    return flat


def _write(columns: dict[str, NDArray[Any]], sink: BinaryIO, delimiter: str, header: bool) -> None:
    # A row of numbers is like the header only where the names are numbers.
    is_odd = header and all(_is_number(name) for name in columns)
    if has_pyarrow() and not is_odd and all(_is_plain(column) for column in columns.values()):
        import pyarrow.csv as pc

        options = pc.WriteOptions(include_header=False, delimiter=delimiter)
        pc.write_csv(to_arrow(Batch(columns)), sink, options)
        return
    rows = zip(*(_texts(column) for column in columns.values()), strict=True)
    out = io.StringIO()
    plain, quoted = (
        csv.writer(out, delimiter=delimiter, lineterminator="\n", quoting=quoting)
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
    )
    # Without quotation marks a row like the header would be left out by who reads it, and a
    # carriage return would end a line, which Python's module sees from 3.13 on only.
    title = tuple(columns) if header else ()
    for row in rows:
        (quoted if row == title or any("\r" in text for text in row) else plain).writerow(row)
    try:
        sink.write(out.getvalue().encode())
    except UnicodeEncodeError as fault:
        raise FormatError(f"a text that is not UTF-8 is no csv: {fault}") from fault


def _is_number(name: str) -> bool:
    try:
        number(name, 0)
    except LineError:
        return False
    return True


def _is_plain(column: NDArray[Any]) -> bool:
    """Whether pyarrow writes it as numpy would: not so for truth values and half floats."""
    return column.dtype.kind in "iu" or column.dtype in (np.float32, np.float64)


def _texts(column: NDArray[Any]) -> list[str]:
    if column.dtype == object:
        return ["" if each is None else each for each in column]
    if column.dtype == bool:
        column = column.astype(np.uint8)
    texts: list[str] = column.astype(str).tolist()
    return texts


def _line(names: Sequence[str], delimiter: str) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerow(names)
    return out.getvalue().encode()
