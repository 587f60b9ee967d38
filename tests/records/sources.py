"""What the tests of every format share: sources that deliver bytes their own way, and equality."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sm_container.records.batch import Batch, Column, rebatched
from sm_container.records.csr import Csr
from sm_container.records.format import Format, Source


class Trickle:
    """Bytes that arrive few at a time, as from a FIFO whose writer is slow."""

    def __init__(self, data: bytes, step: int = 7) -> None:
        self._data, self._step, self._at = data, step, 0

    def readinto(self, buffer: memoryview, /) -> int:
        part = self._data[self._at : self._at + min(self._step, len(buffer))]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)


def whole(form: Format, source: Source, rows: int = 1000) -> Batch:
    """All batches of a source as one."""
    return concatenated(list(form.batches(source, "the source", rows=rows)))


def concatenated(batches: Sequence[Batch]) -> Batch:
    """Some batches as one."""
    return next(rebatched(batches, max(1, sum(batch.rows for batch in batches))), batches[0])


def assert_same(one: Batch, other: Batch) -> None:
    """The same columns, of the same types, with the same values; nan is nan."""
    assert list(one) == list(other)
    for name in one:
        assert_same_column(one[name], other[name])


def assert_same_column(one: Column, other: Column) -> None:
    assert type(one) is type(other)
    if isinstance(one, Csr) and isinstance(other, Csr):
        assert one.columns == other.columns
        for attribute in ("data", "indices", "indptr"):
            assert_same_column(getattr(one, attribute), getattr(other, attribute))
        return
    assert one.dtype == other.dtype
    assert one.shape == other.shape
    np.testing.assert_array_equal(one, other)
