"""csv with names: types, missing values, repeated headers, faults, round trips."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sm_container.records.batch import Batch, objects
from sm_container.records.errors import FormatError, OnFault, RecordError
from sm_container.records.text import csv_writing, table
from sm_container.records.text.csv import Csv
from sm_container.records.text.lines import BLOCK
from tests.records.sources import Trickle, assert_same, whole


def read(data: bytes, **options: object) -> Batch:
    form = Csv(**options)  # type: ignore[arg-type]
    batch = whole(form, data)
    assert_same(batch, whole(form, Trickle(data)))
    return batch


def test_each_column_has_a_type_of_its_own() -> None:
    batch = read(b'id,delay,tail\n1,2.5,N1\n2,,"a ""b"", c\nd"\n', header=True)

    assert batch["id"].tolist() == [1, 2]
    np.testing.assert_array_equal(batch["delay"], [2.5, np.nan])
    assert batch["tail"].tolist() == ["N1", 'a "b", c\nd']
    assert [str(column.dtype) for column in batch.values()] == ["int64", "float64", "object"]


def test_names_for_a_file_without_a_header() -> None:
    batch = read(b"1,x\n2,y\n", columns=("number", "text"))

    assert batch["number"].tolist() == [1, 2]
    assert batch["text"].tolist() == ["x", "y"]


def test_names_choose_columns_of_a_file_with_a_header() -> None:
    batch = read(b"a,b,c\n1,x,3\n", header=True, columns=("c", "a"))

    assert list(batch) == ["c", "a"]
    with pytest.raises(FormatError, match="no column z; it has a, b, c"):
        read(b"a,b,c\n1,x,3\n", header=True, columns=("z",))


def test_files_one_after_another_have_a_header_each() -> None:
    assert read(b"a,b\n1,2\r\na,b\r\n3,4\n", header=True)["a"].tolist() == [1, 3]


def test_text_stays_as_it_stands_and_numbers_may_be_missing() -> None:
    batch = read(b"n,t\n1,NA\nNA,\n2,x\n", header=True)

    np.testing.assert_array_equal(batch["n"], [1, np.nan, 2])
    assert batch["t"].tolist() == ["NA", "", "x"]


def test_integers_become_numbers_where_a_fraction_turns_up_later() -> None:
    many = BLOCK // 2
    data = b"n\n" + b"10\n" * many + b"1.5\n" + b"nan\n"
    batches = list(Csv(header=True).batches(data, "s", rows=10**9))

    assert batches[0]["n"].dtype == np.int64
    assert batches[-1]["n"].dtype == np.float64
    assert sum(batch.rows for batch in batches) == many + 2
    np.testing.assert_array_equal(batches[-1]["n"][-2:], [1.5, np.nan])


@pytest.mark.parametrize("is_quick", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_dtype_is_that_of_every_column_of_numbers(
    dtype: str, is_quick: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "has_pyarrow", lambda: is_quick)
    batch = read(b"id,delay,tail\n1,2.1,N1\n,,N2\n", header=True, dtype=dtype)

    np.testing.assert_array_equal(batch["id"], np.array([1, np.nan], dtype))
    np.testing.assert_array_equal(batch["delay"], np.array([2.1, np.nan], dtype))
    assert [str(column.dtype) for column in batch.values()] == [dtype, dtype, "object"]


def test_a_dtype_is_the_same_in_every_block() -> None:
    data = b"n\n" + b"10\n" * (BLOCK // 2) + b"1.5\n"
    batches = list(Csv(header=True, dtype="float32").batches(data, "s", rows=10**9))

    assert len(batches) > 1
    assert {str(batch["n"].dtype) for batch in batches} == {"float32"}


def test_a_label_size_is_refused_since_columns_have_names() -> None:
    with pytest.raises(FormatError, match="label_size=2 is for csv without names"):
        read(b"a,b\n1,2\n", header=True, label_size=2)


def test_text_among_numbers_is_a_fault_that_says_where() -> None:
    many = BLOCK // 3
    data = b"n\n" + b"10\n" * many + b"ten\n"
    with pytest.raises(RecordError, match="'ten', which is no number, in the column 'n'") as caught:
        whole(Csv(header=True), data)

    assert (caught.value.index, caught.value.offset) == (many, 2 + 3 * many)


@pytest.mark.parametrize("on_fault", [OnFault.SKIP, OnFault.STOP])
def test_rows_of_another_length(on_fault: OnFault) -> None:
    data = b"a,b\n1,x\n2\n3,z\n"
    with pytest.raises(RecordError, match="1 field, where the table has 2 columns") as caught:
        whole(Csv(header=True), data)
    assert (caught.value.index, caught.value.offset) == (1, 8)
    (batch,) = Csv(header=True).batches(data, "s", rows=9, on_fault=on_fault)
    assert batch["a"].tolist() == ([1, 3] if on_fault is OnFault.SKIP else [1])


def test_a_header_that_names_a_column_twice() -> None:
    with pytest.raises(FormatError, match="several columns are called a"):
        read(b"a,a\n1,2\n", header=True)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(
    st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.floats(), TEXTS), min_size=1),
    st.sampled_from(",;\t"),
)
def test_what_is_written_is_read(rows: list[tuple[int, float, str]], delimiter: str) -> None:
    numbers, floats, texts = zip(*rows, strict=True)
    # A text that looks like a number is read as one; one that does not keeps the column text.
    given = Batch(
        {
            "i": np.array([*numbers, 1], np.int64),
            "x, y": np.array([*floats, 0.5]),
            'a "t"': objects([*texts, "text"]),
        }
    )
    form = Csv(header=True, delimiter=delimiter)
    sink = io.BytesIO()

    assert form.write([given], sink) == given.rows
    assert_same(whole(form, sink.getvalue()), given)


@pytest.mark.parametrize("is_quick", [True, False])
@pytest.mark.parametrize(
    "batch",
    [
        Batch({"t": objects(["a", "t", ""])}),
        Batch({"a": objects(["a", "x"]), "b": objects(["b", "y"])}),
        Batch({"1": np.array([1, 2]), "2": np.array([2, 3])}),
    ],
)
def test_a_row_like_the_header_is_no_header(
    batch: Batch, is_quick: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_writing, "has_pyarrow", lambda: is_quick)
    sink = io.BytesIO()
    Csv(header=True).write([batch], sink)

    assert_same(read(sink.getvalue(), header=True), batch)


def test_a_line_of_a_text_is_no_header() -> None:
    batch = read(b't,u\n"x\nt,u\ny",2\nt,u\nz,3\n', header=True)

    assert batch["t"].tolist() == ["x\nt,u\ny", "z"]
    assert batch["u"].tolist() == [2, 3]


@pytest.mark.parametrize("is_quick", [True, False])
def test_a_text_is_as_long_as_it_likes(is_quick: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "has_pyarrow", lambda: is_quick)
    long = "x" * 200_000

    batch = read(f'a,t\n1,{long}\n2,"{long}"\n'.encode(), header=True)

    assert batch["t"].tolist() == [long, long]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b't\na\rb\n"c"\n', "a carriage return stands in a field: lines end with LF or CRLF"),
        (b't\n"c\nd\n', "a quotation mark is opened and never closed"),
    ],
)
def test_what_no_line_can_have_is_said(data: bytes, said: str) -> None:
    with pytest.raises(RecordError, match=rf"^s, record 0, byte 2: {said}$"):
        list(Csv(header=True).batches(data, "s", rows=3))


@given(st.binary(max_size=60), st.sampled_from(OnFault))
def test_any_bytes_are_rows_or_a_fault(data: bytes, on_fault: OnFault) -> None:
    try:
        batches = list(Csv(header=True).batches(data, "s", rows=3, on_fault=on_fault))
        batches += Csv(columns=("a", "b")).batches(data, "s", rows=3, on_fault=on_fault)
    except (RecordError, FormatError):
        return
    assert all(batch.rows <= 3 for batch in batches)


@given(
    st.lists(
        st.lists(st.sampled_from(["1", "-2.5", "", "a b", '"q""r"', "NA"]), min_size=2, max_size=2),
        min_size=1,
        max_size=5,
    ),
    st.integers(0, 99),
    st.sampled_from(b'019,"\n ex.\xff'),
)
def test_both_engines_read_mutated_bytes_the_same(
    rows: list[list[str]], place: int, byte: int
) -> None:
    data = bytearray(("\n".join(map(",".join, rows)) + "\n").encode())
    data[place % len(data)] = byte
    found = table._Table("s", ",", ("a", "b"), ("a", "b"))
    found.kinds = table._inferred(found, bytes(data))
    is_even = data.count(b'"') % 2 == 0
    fast = table._by_arrow(found, bytes(data)) if data.strip() and is_even else None
    if fast is None:
        return
    try:
        slow = table._by_hand(found, bytes(data), 0, OnFault.RAISE)
    except table._Ended as ended:
        # pyarrow takes what stands behind a closing quotation mark as part of the text.
        assert "expected after" in str(ended.fault)  # noqa: PT017
    else:
        assert_same(fast, slow)
