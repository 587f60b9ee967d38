"""The format text/csv: by convention without a header, the label in the first column.

Plain rows are numbers: the first ``label_size`` columns are ``label``, the rest ``features``. With
a header or names the columns are read one by one, each of a type of its own (see table.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, ClassVar

import numpy as np
from numpy.typing import NDArray

from sm_container.records.batch import FEATURES, LABEL, Batch
from sm_container.records.errors import FormatError, OnFault, RecordError
from sm_container.records.faults import end, is_left_out
from sm_container.records.format import Record, Source
from sm_container.records.rows import cut, records_of
from sm_container.records.text.csv_writing import write_rows
from sm_container.records.text.lines import (
    Place,
    blocks_of_lines,
    lines_of,
    without_byte_order_mark,
)
from sm_container.records.text.numbers import LineError, careful, fields, matrix
from sm_container.records.text.table import read_table


@dataclass(frozen=True)
class Csv:
    """Rows of numbers, or with ``header`` or ``columns`` a table.

    ``columns`` names the columns of a file without a header, and chooses columns of one that has
    it. ``dtype`` is float32 or float64: of rows of numbers, where it is float32 by default, and of
    a table's columns of numbers, whose types are else their own. Raises FormatError for other
    values.

    Source: CreateTrainingJob, ContentType; "Common Data Formats for Training" (csv without a
    header, label first, label_size=0 for none).
    """

    content_type: ClassVar[str] = "text/csv"
    is_concatenable: ClassVar[bool] = True

    label_size: int = 1
    delimiter: str = ","
    header: bool = False
    columns: tuple[str, ...] = ()
    dtype: str | None = None

    def __post_init__(self) -> None:
        if self.label_size < 0:
            raise FormatError(f"label_size is {self.label_size}, and cannot be below 0")
        if len(self.delimiter) != 1 or self.delimiter in '"\r\n':
            raise FormatError(f"delimiter is {self.delimiter!r}, and must be one character")
        if not self.delimiter.isascii():
            raise FormatError(f"delimiter is {self.delimiter!r}, and must be of ASCII")
        if self.dtype not in (None, "float32", "float64"):
            raise FormatError(f"dtype is {self.dtype!r}, and must be float32 or float64")
        object.__setattr__(self, "columns", tuple(self.columns))

    @property
    def is_table(self) -> bool:
        """Whether its columns have names."""
        return self.header or bool(self.columns)

    def batches(
        self, source: Source, name: str, *, rows: int, on_fault: OnFault = OnFault.RAISE
    ) -> Iterator[Batch]:
        """The rows in batches; a blank line is none, a missing number is nan.

        Raises FormatError for a table with a ``label_size``: its label is a column by its name.
        """
        if self.is_table:
            if self.label_size != 1:
                raise FormatError(
                    f"label_size={self.label_size} is for csv without names: with header or "
                    "columns each column has its own, so leave it out"
                )
            read = read_table(
                source,
                name,
                header=self.header,
                columns=self.columns,
                delimiter=self.delimiter,
                dtype=self.dtype,
                on_fault=on_fault,
            )
        else:
            read = self._read_numbers(source, name, on_fault)
        for batch in read:
            yield from cut(batch, rows)

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

    @property
    def _number(self) -> str:
        return self.dtype or "float32"

    def _read_numbers(self, source: Source, name: str, on_fault: OnFault) -> Iterator[Batch]:
        width = index = 0
        for whole in blocks_of_lines(source, name):
            offset, block = without_byte_order_mark(*whole)
            width = width or self._width(block, name)
            read = self._at_once(block, width)
            fault = None
            if read is None:
                read, index, fault = self._carefully(
                    block, width, Place(name, index, offset), on_fault
                )
            else:
                index += len(read)
            if width:
                yield self._batch(read)
            if fault is not None:
                return end(fault, on_fault)

    def _at_once(self, block: bytes, width: int) -> NDArray[Any] | None:
        """The block's rows; None where they have to be read with care, which says what is wrong."""
        try:
            return matrix(block, width, self.delimiter, self._number)
        except ValueError:
            return None

    def _width(self, block: bytes, name: str) -> int:
        """How many fields the first row has that can be told apart; 0 where none can be."""
        for _, line in lines_of(block, self.delimiter):
            try:
                width = len(fields(line, self.delimiter))
            except LineError:
                continue
            if width < self.label_size:
                raise FormatError(
                    f"{name}: its rows have {width} fields, and label_size={self.label_size}"
                )
            return width
        return 0

    def _carefully(
        self, block: bytes, width: int, place: Place, on_fault: OnFault
    ) -> tuple[NDArray[Any], int, RecordError | None]:
        """The block line by line: rows, the number of the next, the fault that ends the pass."""
        rows, index, ending = [], place.index, None
        for start, found in careful(block, width, self.delimiter):
            if isinstance(found, LineError):
                is_header = index == 0 and "no number" in str(found)
                hint = "; a header is read with header=True (text/csv; header=true)"
                hint = hint if is_header else ""
                fault = place.fault(f"{found}{hint}", index, start)
                if not is_left_out(fault, on_fault):
                    ending = fault
                    break
            else:
                rows.append(found)
            index += 1
        return np.array(rows, self._number).reshape(len(rows), width), index, ending

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
