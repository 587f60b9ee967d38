"""csv with names: a column of its own for each, of integers, of numbers or of text.

The first block of the file decides the types. Integers may become numbers later, where a
fraction or a missing value turns up; a text among numbers is a fault. Missing numbers are nan;
text is as it stands. Who asks for a dtype gets it for all that is no text.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sm_container.records.arrow import from_arrow
from sm_container.records.batch import Batch, objects
from sm_container.records.errors import FormatError, OnFault, RecordError
from sm_container.records.faults import end, is_left_out
from sm_container.records.format import Source
from sm_container.records.text.lines import (
    LONGEST,
    blocks_of_lines,
    is_blank,
    without_byte_order_mark,
)
from sm_container.records.text.numbers import (
    MISSING,
    LineError,
    counted,
    has_pyarrow,
    is_plain,
    number,
    said_of,
)

INTEGER, NUMBER, TEXT = "int64", "float64", "text"
"""The types of columns, beside the dtype that was asked for."""


@dataclass
class _Table:
    """What is known of a table while it is read."""

    name: str
    delimiter: str
    names: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()
    header: bytes = b""
    kinds: dict[str, str] = field(default_factory=dict)
    index: int = 0
    dtype: str | None = None


def read_table(
    source: Source,
    name: str,
    *,
    header: bool,
    columns: Sequence[str],
    delimiter: str,
    dtype: str | None = None,
    on_fault: OnFault,
) -> Iterator[Batch]:
    """The rows of the source in batches, numbers of ``dtype`` where it is given.

    A line that repeats the header is left out, since files that follow one another in Pipe mode
    have one each. Raises RecordError, and FormatError where the header has not the columns.
    """
    table = _Table(name, delimiter, dtype=dtype)
    if not header:
        table.names = table.chosen = tuple(columns)
    for whole in blocks_of_lines(source, name, in_quotes=True):
        offset, block = without_byte_order_mark(*whole)
        if header and not table.names:
            table.header, table.names = _header(block, table, offset)
            table.chosen = _chosen(table, columns)
        try:
            for start, part in _between(block, table.header, table.delimiter):
                yield _read(table, part, offset + start, on_fault)
        except _Ended as ended:
            yield ended.batch
            return end(ended.fault, on_fault)


class _Ended(Exception):
    """The pass ends at a fault, behind these rows."""

    def __init__(self, batch: Batch, fault: RecordError) -> None:
        self.batch, self.fault = batch, fault


def _header(block: bytes, table: _Table, offset: int) -> tuple[bytes, tuple[str, ...]]:
    line = block.lstrip(b"\r\n").split(b"\n", 1)[0].rstrip(b"\r")
    try:
        names = tuple(next(csv.reader([line.decode()], delimiter=table.delimiter, strict=True)))
    except (UnicodeDecodeError, csv.Error, StopIteration) as fault:
        raise RecordError(f"no header: {fault}", source=table.name, offset=offset) from fault
    return line, names


def _chosen(table: _Table, columns: Sequence[str]) -> tuple[str, ...]:
    twice = sorted({each for each in table.names if table.names.count(each) > 1})
    if twice:
        raise FormatError(f"{table.name}: several columns are called {', '.join(twice)}")
    missing = [each for each in columns if each not in table.names]
    if missing:
        raise FormatError(
            f"{table.name}: no column {', '.join(missing)}; it has {', '.join(table.names)}"
        )
    return tuple(columns) or table.names


def _between(block: bytes, header: bytes, delimiter: str) -> Iterator[tuple[int, bytes]]:
    """What stands between the lines of the block that are the header, and its first byte."""
    start = looked = quotes = 0
    if header:
        for found in re.finditer(rb"^%s\r?(\n|\Z)" % re.escape(header), block, re.MULTILINE):
            quotes += block.count(b'"', looked, found.start())
            looked = found.start()
            if quotes % 2:
                continue  # a line of a text
            if not is_blank(block[start : found.start()], delimiter):
                yield start, block[start : found.start()]
            start = found.end()
    if not is_blank(block[start:], delimiter):
        yield start, block[start:]


def _read(table: _Table, block: bytes, offset: int, on_fault: OnFault) -> Batch:
    if not table.kinds:
        table.kinds = _inferred(table, block)
    # pyarrow takes a quotation mark that is never closed for the end of a text.
    if has_pyarrow() and is_plain(block) and block.count(b'"') % 2 == 0:
        batch = _by_arrow(table, block)
        if batch is not None:
            table.index += batch.rows
            return batch
    return _by_hand(table, block, offset, on_fault)


def _by_arrow(table: _Table, block: bytes) -> Batch | None:
    """The rows by pyarrow; None where something in the block is not as the types are."""
    import pyarrow as pa
    import pyarrow.csv as pc

    kinds = set(table.kinds.values()) - {TEXT}
    types = {TEXT: pa.string(), **{kind: pa.from_numpy_dtype(np.dtype(kind)) for kind in kinds}}
    try:
        read = pc.read_csv(
            pa.py_buffer(block),
            read_options=pc.ReadOptions(
                column_names=table.names, use_threads=False, block_size=len(block) + 1
            ),
            parse_options=pc.ParseOptions(delimiter=table.delimiter, newlines_in_values=True),
            convert_options=pc.ConvertOptions(
                column_types={name: types[table.kinds[name]] for name in table.chosen},
                include_columns=table.chosen,
                null_values=MISSING,
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    return from_arrow(read)


def _by_hand(table: _Table, block: bytes, offset: int, on_fault: OnFault) -> Batch:
    """The rows by the csv module, which finds the row at fault."""
    rows: list[list[str]] = []
    for start, row in _rows(block, table.delimiter):
        try:
            if isinstance(row, LineError):
                raise row
            _check(table, row)
        except LineError as said:
            fault = RecordError(
                str(said), source=table.name, index=table.index, offset=offset + start
            )
            if not is_left_out(fault, on_fault):
                raise _Ended(_batch(table, rows), fault) from None
        else:
            rows.append(row)
        table.index += 1
    return _batch(table, rows)


def _rows(block: bytes, delimiter: str) -> Iterator[tuple[int, list[str] | LineError]]:
    """Each row that is not blank and the byte at which it begins."""
    consumed = 0

    def lines() -> Iterator[str]:
        nonlocal consumed
        for line in io.BytesIO(block):
            consumed += len(line)
            yield line.decode("utf-8", "surrogateescape")

    # A text may be as long as a line. The limit is the process's, and is raised only.
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST))
    reader = csv.reader(lines(), delimiter=delimiter, strict=True)
    while True:
        start = consumed
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as fault:
            yield start, LineError(said_of(fault))
            continue
        if row:
            yield start, row


def _check(table: _Table, row: Sequence[str]) -> None:
    """Raise LineError where the row does not fit; integers become numbers where they must."""
    if len(row) != len(table.names):
        found, wanted = counted(len(row), "field"), counted(len(table.names), "column")
        raise LineError(f"{found}, where the table has {wanted}")
    for at, (name, text) in enumerate(zip(table.names, row, strict=True)):
        kind = table.kinds.get(name)
        if kind == TEXT:
            _encodable(text, name)
        elif kind is not None:
            try:
                number(text, at)
            except LineError as fault:
                raise LineError(f"{fault}, in the column {name!r} of numbers") from fault
            if kind == INTEGER and _kind([text]) != INTEGER and text not in MISSING:
                table.kinds[name] = NUMBER


def _encodable(text: str, name: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as fault:
        raise LineError(f"the column {name!r} is not UTF-8 text") from fault


def _batch(table: _Table, rows: Sequence[Sequence[str]]) -> Batch:
    columns: Mapping[str, Sequence[str]] = {
        name: [row[at] for row in rows] for at, name in enumerate(table.names)
    }
    return Batch({name: _array(columns[name], table.kinds[name]) for name in table.chosen})


def _array(texts: Sequence[str], kind: str) -> NDArray[Any]:
    if kind == TEXT:
        return objects(list(texts))
    if kind == INTEGER and not any(text in MISSING for text in texts):
        return np.array([int(text) for text in texts], np.int64)
    return np.array([number(text, 0) for text in texts], NUMBER if kind == INTEGER else kind)


def _inferred(table: _Table, block: bytes) -> dict[str, str]:
    """The types that all rows of the block suit; rows of another length say nothing. Numbers are of
    the dtype that was asked for."""
    rows = [
        row
        for _, row in _rows(block, table.delimiter)
        if not isinstance(row, LineError) and len(row) == len(table.names)
    ]
    kinds = {
        name: _kind([row[at] for row in rows])
        for at, name in enumerate(table.names)
        if name in table.chosen
    }
    if table.dtype is not None:
        return {name: kind if kind == TEXT else table.dtype for name, kind in kinds.items()}
    return kinds


def _kind(texts: Sequence[str]) -> str:
    kind = None
    for text in texts:
        if text in MISSING:
            continue
        try:
            number(text, 0)
        except LineError:
            return TEXT
        if kind != NUMBER:
            kind = INTEGER if _is_integer(text) else NUMBER
    return kind or NUMBER


def _is_integer(text: str) -> bool:
    digits = text[1:] if text[:1] == "-" else text
    return digits.isascii() and digits.isdigit() and -(2**63) <= int(text) < 2**63
