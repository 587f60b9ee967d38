"""Whole objects: one row of bytes and a name."""

from __future__ import annotations

import io

import pytest

from sm_container.records.batch import Batch, objects
from sm_container.records.errors import FormatError
from sm_container.records.format import Source
from sm_container.records.whole import Whole
from tests.records.sources import Trickle

DATA = bytes(range(256)) * 9000


@pytest.mark.parametrize("source", [DATA, bytearray(DATA), io.BytesIO(DATA), Trickle(DATA, 99_999)])
def test_an_object_is_a_row(source: Source) -> None:
    (batch,) = Whole().batches(source, "a/cat.png", rows=1)

    assert list(batch) == ["data", "name"]
    assert batch["data"].tolist() == [DATA]
    assert batch["name"].tolist() == ["a/cat.png"]


def test_an_empty_object_is_a_row_too() -> None:
    assert list(Whole().records(b"", "empty")) == [{"data": b"", "name": "empty"}]


def test_one_row_is_written_and_no_more() -> None:
    sink = io.BytesIO()
    assert Whole().write([Batch({"data": objects([DATA])})], sink) == 1
    assert sink.getvalue() == DATA
    with pytest.raises(FormatError, match="several"):
        Whole().write([Batch({"data": objects([b"a", b"b"])})], io.BytesIO())
    with pytest.raises(FormatError, match="no place for age"):
        Whole().write([Batch({"age": objects([1])})], io.BytesIO())
