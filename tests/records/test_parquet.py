"""Parquet: named columns, in batches, from what can be sought in; round trips; faults."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sm_container.records.batch import Batch, objects
from sm_container.records.csr import Csr
from sm_container.records.errors import FormatError, OnFault, RecordError
from sm_container.records.parquet import Parquet
from tests.records.sources import Trickle, assert_same, whole


def file_of(table: pa.Table, **options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def test_columns_by_name_in_batches_of_bounded_rows(hostile_tmp_path: Path) -> None:
    data = file_of(pa.table({"a": range(100), "t": ["x"] * 100}), row_group_size=30)
    path = hostile_tmp_path / "a.parquet"
    path.write_bytes(data)
    with path.open("rb", buffering=0) as raw, path.open("rb") as buffered:
        for source in (data, memoryview(data), io.BytesIO(data), raw, buffered):
            batches = list(Parquet().batches(source, "s", rows=40))
            assert max(batch.rows for batch in batches) <= 40
            assert [n for batch in batches for n in batch["a"]] == list(range(100))
            assert list(batches[0]) == ["a", "t"]


def test_only_the_wanted_columns_are_read_in_the_wanted_order() -> None:
    data = file_of(pa.table({"a": [1], "b": [2], "c": [3]}))

    assert list(whole(Parquet(columns=("c", "a")), data)) == ["c", "a"]
    with pytest.raises(FormatError, match="no column z; it has a, b, c"):
        whole(Parquet(columns=("z",)), data)


def test_integers_with_a_null_anywhere_are_floats_everywhere() -> None:
    data = file_of(pa.table({"a": [1, 2, None, 4], "b": [1, 2, 3, 4]}), row_group_size=2)
    batches = list(Parquet().batches(data, "s", rows=2))

    assert {str(batch["a"].dtype) for batch in batches} == {"float64"}
    assert {str(batch["b"].dtype) for batch in batches} == {"int64"}


def test_records() -> None:
    data = file_of(pa.table({"a": [1, 2], "t": ["x", None]}))

    assert list(Parquet().records(data, "s")) == [{"a": 1, "t": "x"}, {"a": 2, "t": None}]


def test_a_stream_is_refused_with_what_to_do(hostile_tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(writing)
    with (
        open(reading, "rb", buffering=0) as pipe,
        pytest.raises(FormatError, match="RecordWrapperType RecordIO"),
    ):
        whole(Parquet(), pipe)
    with pytest.raises(FormatError, match="FastFile"):
        whole(Parquet(), Trickle(b""))


@pytest.mark.parametrize("cut", [0, 3, 50, -1, -9])
def test_a_damaged_file_is_a_fault(cut: int) -> None:
    data = file_of(pa.table({"a": range(1000)}))[:cut]
    with pytest.raises(RecordError, match="the source: no parquet that can be read"):
        whole(Parquet(), data)
    assert list(Parquet().batches(data, "s", rows=9, on_fault=OnFault.STOP)) == []


@given(st.data())
def test_what_is_written_is_read(data: st.DataObject) -> None:
    rows = data.draw(st.integers(1, 6))
    given = Batch(
        {
            "f": data.draw(arrays.arrays(np.float32, (rows, 3))),
            "i": data.draw(arrays.arrays(np.int64, rows)),
            "t": objects(
                data.draw(
                    st.lists(
                        st.text(st.characters(exclude_categories=["Cs"])),
                        min_size=rows,
                        max_size=rows,
                    )
                )
            ),
            "b": objects(data.draw(st.lists(st.binary(), min_size=rows, max_size=rows))),
            "s": Csr(
                np.arange(rows, dtype=np.float32), np.zeros(rows, np.int64), np.arange(rows + 1), 4
            ),
        }
    )
    sink = io.BytesIO()

    assert Parquet().write([given, given], sink) == 2 * rows
    first = next(Parquet().batches(sink.getvalue(), "s", rows=rows))
    assert_same(first, given)


def test_a_file_without_rows_is_a_file() -> None:
    sink = io.BytesIO()
    assert Parquet().write([], sink) == 0
    assert list(Parquet().batches(sink.getvalue(), "s", rows=5)) == []


def test_rows_of_another_type_are_not_written_after_the_first() -> None:
    floats = Batch({"a": np.array([1.5])})
    with pytest.raises(FormatError, match="another type"):
        Parquet().write([Batch({"a": np.array([1])}), floats], io.BytesIO())
    with pytest.raises(FormatError, match="are followed by"):
        Parquet().write([floats, Batch({"b": np.array([1])})], io.BytesIO())


@given(st.integers(0, 2000), st.integers(0, 255))
def test_a_mutated_file_is_rows_or_a_fault(place: int, byte: int) -> None:
    data = bytearray(file_of(pa.table({"a": range(50), "t": ["x"] * 50})))
    data[place % len(data)] = byte
    try:
        batches = list(Parquet().batches(bytes(data), "s", rows=20))
    except (RecordError, FormatError):
        return
    assert all(batch.rows <= 20 for batch in batches)


@pytest.mark.parametrize("on_fault", OnFault)
def test_every_byte_of_a_footer_may_be_damaged(on_fault: OnFault) -> None:
    whole = file_of(pa.table({"a": range(50), "t": ["x"] * 50}))
    length = int.from_bytes(whole[-8:-4], "little")
    for place in range(len(whole) - 8 - length, len(whole)):
        for byte in (0, 0x19, 0x80, whole[place] ^ 4):
            data = bytearray(whole)
            data[place] = byte
            try:
                batches = list(Parquet().batches(bytes(data), "s", rows=20, on_fault=on_fault))
            except FormatError:
                continue
            except RecordError:
                assert on_fault is OnFault.RAISE
                continue
            assert all(batch.rows <= 20 for batch in batches)
