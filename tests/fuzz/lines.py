"""How lines of text are tried: the quick way and the careful one must give the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import atheris

from sm_container.records.batch import Batch
from sm_container.records.csr import Csr
from sm_container.records.errors import OnFault, RecordError
from sm_container.records.format import Format, Source
from tests.records.recordio.sources import Pieces


def text_of(choices: atheris.FuzzedDataProvider, words: Sequence[bytes]) -> bytes:
    """Words, and now and then other bytes."""
    made = bytearray()
    while choices.remaining_bytes() and len(made) < 3000:
        if choices.ConsumeIntInRange(0, 15):
            made += choices.PickValueInList(list(words))
        else:
            made += choices.ConsumeBytes(choices.ConsumeIntInRange(0, 3))
    return bytes(made)


def try_text(format: Format, text: bytes, fault: bytes | None = None) -> None:
    """Read it under each policy; any error but a RecordError goes through, and is a find.

    ``fault`` is a line that cannot be read. Behind the text it makes the reader go line by line,
    which must give the same rows but for this one.
    """
    skipped = rows_of(format, text, OnFault.SKIP)
    assert rows_of(format, Pieces(text, [1, 7, 100]), OnFault.SKIP) == skipped
    if fault is not None:
        assert rows_of(format, text + b"\n" + fault, OnFault.SKIP) == skipped, text
    stopped = rows_of(format, text, OnFault.STOP)
    before, error = _until_error(format, text)
    if error is None:
        assert before == skipped == stopped
    else:
        assert error.source == "fuzz"
        assert error.offset is not None
        assert error.offset < len(text)


def _until_error(format: Format, text: bytes) -> tuple[list[Any], RecordError | None]:
    rows: list[Any] = []
    try:
        for batch in format.batches(text, "fuzz", rows=5):
            rows += _rows(batch)
    except RecordError as error:
        return rows, error
    return rows, None


def rows_of(format: Format, source: Source, on_fault: OnFault) -> list[Any]:
    """Each row, as values that can be compared."""
    found: list[Any] = []
    for batch in format.batches(source, "fuzz", rows=5, on_fault=on_fault):
        found += _rows(batch)
    return found


def _rows(batch: Batch) -> list[Any]:
    columns: Mapping[str, Any] = {name: _cells(column) for name, column in batch.items()}
    return [{name: cells[row] for name, cells in columns.items()} for row in range(batch.rows)]


def _cells(column: Any) -> list[str]:
    # repr, since no nan is equal to itself
    if isinstance(column, Csr):
        rows = (column.rows(at, at + 1) for at in range(len(column)))
        return [repr((row.indices.tolist(), row.data.tolist())) for row in rows]
    return [repr(cell) for cell in column.tolist()]
