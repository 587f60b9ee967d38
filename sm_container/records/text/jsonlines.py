"""The format application/jsonlines: a JSON object a line, a field a column.

| values of a field | column |
|---|---|
| whole numbers | int64 |
| numbers, and null or nothing among them | float64, nan |
| true and false | bool |
| lists of numbers, all of one length | a matrix |
| text, objects, lists of several lengths, what is mixed | objects as json gives them |

The fields of the first block of lines are the columns; one that turns up later is an error, since
it would be missing from the batches before it. ``columns`` names the wanted ones instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, ClassVar

import numpy as np
from numpy.typing import NDArray

from sm_container.records.batch import Batch, Column
from sm_container.records.csr import Csr
from sm_container.records.errors import FormatError, OnFault, RecordError
from sm_container.records.faults import end, is_left_out
from sm_container.records.format import Record, Source
from sm_container.records.rows import cut
from sm_container.records.text.json_columns import by_arrow, column, kind_of
from sm_container.records.text.lines import (
    Place,
    blocks_of_lines,
    lines_of,
    without_byte_order_mark,
)
from sm_container.records.text.numbers import has_pyarrow

_Line = tuple[int, int, dict[str, Any]]


@dataclass(frozen=True)
class JsonLines:
    """A mapping a line; ``columns`` are those that a batch has, all by default."""

    content_type: ClassVar[str] = "application/jsonlines"
    is_concatenable: ClassVar[bool] = True

    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(self.columns))

    def batches(
        self, source: Source, name: str, *, rows: int, on_fault: OnFault = OnFault.RAISE
    ) -> Iterator[Batch]:
        """The records in batches."""
        kinds: dict[str, str] = {}
        index = 0
        for whole in blocks_of_lines(source, name):
            offset, block = without_byte_order_mark(*whole)
            columns, fault = None, None
            if kinds and has_pyarrow():
                columns = by_arrow(block, kinds, ignores_others=bool(self.columns))
            if columns is None:
                lines, index, fault = _lines(block, Place(name, index, offset), on_fault)
                columns = self._columns(lines, kinds, name)
                kinds |= {each: kind_of(values) for each, values in columns.items()}
                batch = Batch(columns)
            else:
                batch = Batch(columns)
                index += batch.rows
            yield from cut(batch, rows)
            if fault is not None:
                return end(fault, on_fault)

    def records(
        self, source: Source, name: str, *, on_fault: OnFault = OnFault.RAISE
    ) -> Iterator[Record]:
        """Each line as it stands."""
        index = 0
        for whole in blocks_of_lines(source, name):
            offset, block = without_byte_order_mark(*whole)
            lines, index, fault = _lines(block, Place(name, index, offset), on_fault)
            for _, _, line in lines:
                yield {each: line.get(each) for each in self.columns} if self.columns else line
            if fault is not None:
                return end(fault, on_fault)

    def write(self, batches: Iterable[Batch], sink: BinaryIO) -> int:
        """Write a line a row; nan becomes null. Raises FormatError for what JSON has not."""
        count = 0
        for batch in batches:
            columns = [_plain(name, values) for name, values in batch.items()]
            try:
                lines = [
                    json.dumps(
                        dict(zip(batch, row, strict=True)), allow_nan=False, ensure_ascii=False
                    )
                    for row in zip(*columns, strict=True)
                ]
                sink.write("".join(f"{line}\n" for line in lines).encode())
            except (TypeError, ValueError) as fault:
                raise FormatError(f"a row cannot be JSON: {fault}") from fault
            count += batch.rows
        return count

    def _columns(
        self, lines: Sequence[_Line], kinds: Mapping[str, str], source: str
    ) -> dict[str, NDArray[Any]]:
        names = self.columns or _names(lines, tuple(kinds), source)
        return {
            each: column([line.get(each) for _, _, line in lines], kinds.get(each))
            for each in names
        }


def _lines(
    block: bytes, place: Place, on_fault: OnFault
) -> tuple[list[_Line], int, RecordError | None]:
    """The mappings of a block, the number of the line behind them, the fault that ends the pass."""
    decoder = json.JSONDecoder()
    lines: list[_Line] = []
    index = place.index
    for start, line in lines_of(block):
        at = place.offset + start
        try:
            lines.append((index, at, _mapping(decoder, line)))
        except ValueError as said:
            what = f"not UTF-8 text: {said}" if isinstance(said, UnicodeError) else str(said)
            fault = place.fault(what, index, start)
            if not is_left_out(fault, on_fault):
                return lines, index, fault
        index += 1
    return lines, index, None


def _mapping(decoder: json.JSONDecoder, line: bytes) -> dict[str, Any]:
    try:
        found = decoder.decode(line.decode())
    except json.JSONDecodeError as fault:
        raise ValueError(f"not JSON: {fault.msg} at character {fault.pos} of the line") from fault
    except RecursionError as fault:
        raise ValueError("not JSON that can be read: nested too deep") from fault
    if not isinstance(found, dict):
        raise ValueError(f"a JSON {type(found).__name__}, where each line is an object")
    return found


def _names(lines: Sequence[_Line], known: tuple[str, ...], source: str) -> tuple[str, ...]:
    """The columns: those known, or all of the first lines."""
    found = dict.fromkeys(each for _, _, line in lines for each in line)
    if not known:
        return tuple(found)
    for each in found:
        if each not in known:
            index, offset = next((index, at) for index, at, line in lines if each in line)
            raise RecordError(
                f"the field {each!r} turns up here for the first time; "
                f"name the columns that you want, with columns=(...)",
                source=source,
                index=index,
                offset=offset,
            )
    return known


def _plain(name: str, values: Column) -> list[Any]:
    """The column as what json can write."""
    if isinstance(values, Csr):
        raise FormatError(f"the column {name!r} is sparse, and JSON lines are not: make it dense")
    if values.dtype.kind == "f":
        if np.isinf(values).any():
            raise FormatError(f"the column {name!r} has an infinite number, and JSON has none")
        # By way of text, since 0.1 as float32 is 0.10000000149011612 as float64.
        short = values if values.dtype == np.float64 else values.astype(str).astype(np.float64)
        held = short.astype(object)
        held[np.isnan(short)] = None
        plain: list[Any] = held.tolist()
        return plain
    if values.dtype.kind in "mM":
        return [None if np.isnat(each) else str(each) for each in values]
    if values.dtype == object:
        return [_jsonable(name, each) for each in values]
    numbers: list[Any] = values.tolist()
    return numbers


def _jsonable(name: str, value: Any) -> Any:
    if isinstance(value, bytes):
        raise FormatError(f"the column {name!r} holds bytes, and JSON has none")
    if isinstance(value, np.ndarray):
        return _plain(name, value)
    return value
