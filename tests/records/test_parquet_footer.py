"""The null counts in a footer: as pyarrow says them, and of hostile bytes a fault at worst."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sm_container.records.errors import RecordError
from sm_container.records.parquet_footer import columns_with_nulls

WHOLE = st.lists(st.none() | st.integers(0, 9), min_size=4, max_size=4)


def file_of(table: pa.Table, **options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def read(data: bytes) -> set[str]:
    return columns_with_nulls(pa.BufferReader(data))


def framed(footer: bytes) -> bytes:
    return b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1"


@given(
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), WHOLE, min_size=1),
    st.integers(1, 4),
)
def test_columns_that_have_a_null_in_any_row_group(
    columns: dict[str, list[int | None]], rows: int
) -> None:
    table = pa.table({name: pa.array(values, pa.int32()) for name, values in columns.items()})
    expected = {name for name, values in columns.items() if None in values}

    assert read(file_of(table, row_group_size=rows)) == expected


def test_every_type_of_column_beside_them() -> None:
    table = pa.table(
        {
            "a": [1, None],
            "a.b": [1, 2],
            "a/b": [None, "x"],
            "s": [{"a": None, "b": [1]}, {"a": 2, "b": [None]}],
            "d": pa.array(["x", "y"]).dictionary_encode(),
            "t": [True, False],
            "f": [0.5, 1],
        }
    )
    options = [
        {},
        {"compression": "gzip", "write_page_index": True, "write_page_checksum": True},
        {"version": "1.0", "data_page_version": "2.0", "store_schema": False},
        {"sorting_columns": [pq.SortingColumn(0)]},
    ]
    for some in options:
        assert read(file_of(table, **some)) == {"a", "a/b"}
    assert read(file_of(table, write_statistics=False)) == set()
    assert read(file_of(pa.table({f"c{n}": [n, None] for n in range(40)}))) == {
        f"c{n}" for n in range(40)
    }


@pytest.mark.parametrize(
    ("footer", "said"),
    [
        (b"", "cut off"),
        (b"\x15", "cut off"),
        (b"\x18\xff\xff\xff\xff\x7f", "cut off"),
        (b"\x15" + b"\xff" * 10 + b"\x00", "more than ten bytes"),
        (b"\x1c" * 1000, "nested too deeply"),
        (b"\x19\xf9\xff\xff\xff\xff\xff\xff\x7f" + b"\x19" * 1000, "nested too deeply"),
        (b"\x19\xfc\xff\xff\xff\xff\xff\xff\x7f\x00", "cut off"),
        (b"\x1e\x00", "unknown type 14"),
        (b"\x49\x15\x02\x00", "something else than structs"),
        (b"\x49\x1c\x19\x1c\x3c\x39\x15\x02", "a path that is no text"),
    ],
)
def test_a_footer_that_is_none(footer: bytes, said: str) -> None:
    with pytest.raises(RecordError, match=said):
        read(framed(footer))


def test_a_footer_longer_than_the_file() -> None:
    with pytest.raises(RecordError, match="longer than the file"):
        read(b"PAR1" + b"\xff\xff\xff\x7fPAR1")
    with pytest.raises(RecordError, match="longer than the file"):
        read(b"PAR1")


@given(st.binary(max_size=80))
def test_any_bytes_are_columns_or_a_fault(footer: bytes) -> None:
    try:
        found = read(framed(footer))
    except (RecordError, UnicodeDecodeError):
        return
    assert len(found) <= len(footer)
