"""The format text/csv: by convention without a header, the label in the first column.

Plain rows are numbers: the first ``label_size`` columns are ``label``, the rest ``features``. With
a header or names the columns are read one by one, each of a type of its own (see table.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from sm_container.records.batch import FEATURES, LABEL, Batch
from sm_container.records.errors import FormatError, OnFault, RecordError
from sm_container.records.faults import StopHere, met
from sm_container.records.format import Record, Source
from sm_container.records.rows import records_of
from sm_container.records.text.csv_writing import write_rows
from sm_container.records.text.lines import blocks_of_lines, lines_of, without_byte_order_mark
from sm_container.records.text.numbers import LineError, careful, fields, matrix
from sm_container.records.text.table import read_table


@dataclass(frozen=True)
class Csv:
    """Rows of numbers, or with ``header`` or ``columns`` a table.

    ``columns`` names the columns of a file without a header, and chooses columns of one that has
    it. ``dtype`` is float32 or float64. Raises FormatError for other values.

    Source: CreateTrainingJob, ContentType; "Common Data Formats for Training" (csv without a
    header, label first, label_size=0 for none).
    """

    label_size: int = 1
    delimiter: str = ","
    header: bool = False
    columns: tuple[str, ...] = ()
    dtype: str = "float32"
    content_type: str = "text/csv"
    is_concatenable: bool = True

    def __post_init__(self) -> None:
        if self.label_size < 0:
            raise FormatError(f"label_size is {self.label_size}, and cannot be below 0")
        if len(self.delimiter) != 1 or self.delimiter in '"\r\n':
            raise FormatError(f"delimiter is {self.delimiter!r}, and must be one character")
        if not self.delimiter.isascii():
            raise FormatError(f"delimiter is {self.delimiter!r}, and must be of ASCII")
        if self.dtype not in ("float32", "float64"):
            raise FormatError(f"dtype is {self.dtype!r}, and must be float32 or float64")
        object.__setattr__(self, "columns", tuple(self.columns))

    @property
    def is_table(self) -> bool:
        """Whether its columns have names."""
        return self.header or bool(self.columns)

    def batches(
        self, source: Source, name: str, *, rows: int, on_fault: OnFault = OnFault.RAISE
    ) -> Iterator[Batch]:
        """The rows in batches; a blank line is none, a missing number is nan."""
        if self.is_table:
            read = read_table(
                source,
                name,
                header=self.header,
                columns=self.columns,
                delimiter=self.delimiter,
                on_fault=on_fault,
            )
        else:
            read = self._read_numbers(source, name, on_fault)
        for batch in read:
            for start in range(0, batch.rows, rows):
                yield batch if batch.rows <= rows else batch.slice(start, start + rows)

    def records(
        self, source: Source, name: str, *, on_fault: OnFault = OnFault.RAISE
    ) -> Iterator[Record]:
        """The rows one by one."""
        return records_of(self.batches(source, name, rows=1 << 14, on_fault=on_fault))

    def write(self, batches: Iterable[Batch], sink: BinaryIO) -> int:
        """Write rows of ``label`` and ``features``, or with a header or names the columns."""
        return write_rows(
            batches,
            sink,
            label_size=self.label_size,
            delimiter=self.delimiter,
            header=self.header,
            columns=self.columns,
        )

    def _read_numbers(self, source: Source, name: str, on_fault: OnFault) -> Iterator[Batch]:
        width = index = 0
        for whole in blocks_of_lines(source, name):
            offset, block = without_byte_order_mark(*whole)
            width = width or self._width(block, name)
            try:
                read = matrix(block, width, self.delimiter, self.dtype)
            except ValueError:
                read, index, stopped = self._carefully(
                    block, width, _Place(name, index, offset), on_fault
                )
                yield self._batch(read)
                if stopped:
                    return
            else:
                index += len(read)
                yield self._batch(read)

    def _width(self, block: bytes, name: str) -> int:
        """How many fields the first row has that can be told apart; the label's where none is."""
        for _, line in lines_of(block):
            try:
                width = len(fields(line, self.delimiter))
            except LineError:
                continue
            if width < self.label_size:
                raise FormatError(
                    f"{name}: its rows have {width} fields, and label_size={self.label_size}"
                )
            return width
        return self.label_size

    def _carefully(
        self, block: bytes, width: int, place: _Place, on_fault: OnFault
    ) -> tuple[NDArray[Any], int, bool]:
        """The block line by line: its rows, the number of the next row, whether to stop."""
        rows, index, stopped = [], place.index, False
        for start, found in careful(block, width, self.delimiter):
            if isinstance(found, LineError):
                is_header = index == 0 and "no number" in str(found)
                hint = "; a header is read with header=True" if is_header else ""
                fault = RecordError(
                    f"{found}{hint}", source=place.name, index=index, offset=place.offset + start
                )
                try:
                    met(fault, on_fault)
                except StopHere:
                    stopped = True
                    break
            else:
                rows.append(found)
            index += 1
        return np.array(rows, self.dtype).reshape(len(rows), width), index, stopped

    def _batch(self, rows: NDArray[Any]) -> Batch:
        if self.label_size == 0:
            return Batch({FEATURES: rows})
        label = rows[:, 0] if self.label_size == 1 else rows[:, : self.label_size]
        # Copies, so that what a consumer keeps does not hold the other half.
        return Batch(
            {
                FEATURES: np.ascontiguousarray(rows[:, self.label_size :]),
                LABEL: np.ascontiguousarray(label),
            }
        )


@dataclass(frozen=True)
class _Place:
    """Where a block begins: in which source, with which row, at which byte."""

    name: str
    index: int
    offset: int
