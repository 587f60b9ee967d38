"""JSON lines: which columns come of which values, faults, round trips."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sm_container.records.batch import Batch, objects
from sm_container.records.errors import FormatError, OnFault, RecordError
from sm_container.records.text.json_columns import by_arrow, column, kind_of
from sm_container.records.text.jsonlines import JsonLines
from sm_container.records.text.lines import BLOCK
from tests.records.sources import Trickle, assert_same, whole


def read(data: bytes, **options: Any) -> Batch:
    batch = whole(JsonLines(**options), data)
    assert_same(batch, whole(JsonLines(**options), Trickle(data)))
    return batch


@pytest.mark.parametrize(
    ("values", "dtype", "shape"),
    [
        ([1, 2], "int64", (2,)),
        ([1, 2.5], "float64", (2,)),
        ([1, None], "float64", (2,)),
        ([None, None], "float64", (2,)),
        ([True, False], "bool", (2,)),
        ([True, None], "object", (2,)),
        (["a", None], "object", (2,)),
        ([[1, 2], [3, 4]], "int64", (2, 2)),
        ([[1, 2], [3, 4.5]], "float64", (2, 2)),
        ([[1, None], [3, 4]], "float64", (2, 2)),
        ([[[1], [2]], [[3], [4]]], "int64", (2, 2, 1)),
        ([[1, 2], [3]], "object", (2,)),
        ([["a"], ["b"]], "object", (2,)),
        ([[1], None], "object", (2,)),
        ([{"a": 1}, {}], "object", (2,)),
        ([1, "a"], "object", (2,)),
        ([2**70, 1], "object", (2,)),
        ([[], []], "object", (2,)),
    ],
)
def test_a_column_is_as_its_values_are(
    values: list[Any], dtype: str, shape: tuple[int, ...]
) -> None:
    found = column(values)

    assert (str(found.dtype), found.shape) == (dtype, shape)
    if dtype == "object":
        assert found.tolist() == values
    else:
        plain = np.array(values, float)
        np.testing.assert_array_equal(found.astype(float), plain)


def test_a_field_that_a_record_has_not_is_nan_or_none() -> None:
    batch = read(b'{"n": 1, "t": "x"}\r\n\n{"t": null}\n{"n": 2.5}')

    np.testing.assert_array_equal(batch["n"], [1, np.nan, 2.5])
    assert batch["t"].tolist() == ["x", None, None]


def test_records_are_as_they_stand() -> None:
    data = b'{"a": 1}\n{"b": {"c": [1, "x"]}}\n'

    assert list(JsonLines().records(data, "s")) == [{"a": 1}, {"b": {"c": [1, "x"]}}]
    assert list(JsonLines(columns=("a",)).records(data, "s")) == [{"a": 1}, {"a": None}]


def test_a_field_that_turns_up_in_a_later_block() -> None:
    many = BLOCK // 8
    data = b'{"a":1}\n' * many + b'{"b":2}\n'
    with pytest.raises(RecordError, match="the field 'b' turns up here") as caught:
        whole(JsonLines(), data)
    assert (caught.value.index, caught.value.offset) == (many, 8 * many)

    batch = whole(JsonLines(columns=("a", "b")), data)
    assert batch.rows == many + 1
    assert np.nansum(batch["b"].astype(float)) == 2


def test_nulls_alone_are_none_where_there_was_text() -> None:
    data = b'{"t":"x"}\n' * (BLOCK // 10) + b'{"t":null}\n' * 200_000
    batches = list(JsonLines().batches(data, "s", rows=50_000))

    assert {str(batch["t"].dtype) for batch in batches} == {"object"}
    assert batches[-1]["t"][-1] is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"a":1', "not JSON: .* at character 6 of the line"),
        (b'{"a":1},{"a":2}', "Extra data"),
        (b"[1]", "a JSON list, where each line is an object"),
        (b"1", "a JSON int"),
        (b'{"a":"\xff"}', "not UTF-8"),
        (b'{"a":' + b"[" * 200_000, "nested too deep"),
    ],
)
def test_a_fault_says_where(line: bytes, said: str) -> None:
    with pytest.raises(RecordError, match=said) as caught:
        whole(JsonLines(), b'{"a":0}\n\n' + line + b"\n")

    assert (caught.value.index, caught.value.offset) == (1, 9)
    data = b'{"a":0}\n' + line + b'\n{"a":2}\n'
    (batch,) = JsonLines().batches(data, "s", rows=9, on_fault=OnFault.SKIP)
    assert batch["a"].tolist() == [0, 2]
    (batch,) = JsonLines().batches(data, "s", rows=9, on_fault=OnFault.STOP)
    assert batch["a"].tolist() == [0]


@given(
    st.lists(
        st.tuples(
            st.integers(-(2**63), 2**63 - 1),
            st.floats(allow_infinity=False),
            st.text(st.characters(exclude_categories=["Cs"])),
            st.lists(
                st.floats(width=32, allow_infinity=False, allow_nan=False), min_size=2, max_size=2
            ),
        ),
        min_size=1,
    )
)
def test_what_is_written_is_read(rows: list[tuple[int, float, str, list[float]]]) -> None:
    numbers, floats, texts, lists = zip(*rows, strict=True)
    given = Batch(
        {
            "i": np.array(numbers, np.int64),
            "x": np.array([*floats[1:], 0.5]),
            "t": objects(list(texts)),
            "m": np.array(lists) + 0.25,
        }
    )
    sink = io.BytesIO()

    assert JsonLines().write([given], sink) == len(rows)
    assert all(json.loads(line) for line in sink.getvalue().split(b"\n") if line)
    assert_same(read(sink.getvalue()), given)


def test_float32_is_written_with_the_digits_it_needs() -> None:
    sink = io.BytesIO()
    JsonLines().write([Batch({"x": np.array([0.1, np.nan], np.float32)})], sink)

    assert sink.getvalue() == b'{"x": 0.1}\n{"x": null}\n'


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.array([np.inf]), "infinite"),
        (objects([b"x"]), "bytes"),
        (objects([object()]), "cannot be JSON"),
    ],
)
def test_what_json_has_not_is_refused(values: np.ndarray, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        JsonLines().write([Batch({"a": values})], io.BytesIO())


@given(
    st.lists(
        st.sampled_from([b'{"a": 1}', b'{"a": [1, 2]}', b'{"b": "x"}']), min_size=1, max_size=4
    ),
    st.integers(0, 99),
    st.integers(0, 255),
    st.sampled_from(OnFault),
)
def test_mutated_bytes_are_records_or_a_fault(
    rows: list[bytes], place: int, byte: int, on_fault: OnFault
) -> None:
    data = bytearray(b"\n".join(rows))
    data[place % len(data)] = byte
    try:
        batches = list(JsonLines().batches(bytes(data), "s", rows=2, on_fault=on_fault))
    except RecordError:
        return
    assert all(batch.rows <= 2 for batch in batches)


LINES = [
    b'{"i": 1, "x": 2.5, "t": "a", "m": [1, 2], "b": true}',
    b'{"i": -3, "x": 1, "t": null, "m": [3, 4]}',
    b'{"x": null, "t": "\\u00e9\\n", "m": [5, 6], "b": false}',
    b'{"i": 9, "m": [0.5, null]}',
    b"{}",
]


@given(
    st.lists(st.sampled_from(LINES), min_size=1, max_size=3),
    st.lists(st.sampled_from(LINES), min_size=1, max_size=3),
    st.integers(0, 199),
    st.sampled_from(b'019"\n ex.{}[],:-\\tn\xff') | st.none(),
    st.booleans(),
)
def test_pyarrow_reads_mutated_lines_as_json_does(
    before: list[bytes], lines: list[bytes], place: int, byte: int | None, ignores_others: bool
) -> None:
    mappings = [json.loads(line) for line in before]
    names = dict.fromkeys(name for each in mappings for name in each)
    kinds = {name: kind_of(column([each.get(name) for each in mappings])) for name in names}
    data = bytearray(b"\n".join(lines) + b"\n")
    if byte is not None:
        data[place % len(data)] = byte
    found = by_arrow(bytes(data), kinds, ignores_others=ignores_others)
    if found is None:
        return
    mappings = [json.loads(line) for line in bytes(data).split(b"\n") if line.strip()]
    expected = {
        name: column([each.get(name) for each in mappings], kind) for name, kind in kinds.items()
    }
    assert_same(Batch(found), Batch(expected))


@pytest.mark.parametrize("text", [b'{"i":\n1}\n', b'{"i": 1}\n\n{"i":\n2}', b'{"i": 1}{"i":\n2}\n'])
def test_an_object_that_spans_lines_is_left_to_json(text: bytes) -> None:
    assert by_arrow(text, {"i": "int64"}, ignores_others=False) is None


def test_blank_lines_between_and_around_are_none() -> None:
    found = by_arrow(b'\n {"i": 1}\r\n\n{"i": 2}\n\n', {"i": "int64"}, ignores_others=False)

    assert found is not None
    assert found["i"].tolist() == [1, 2]


def test_lines_that_are_as_before_are_read_by_pyarrow() -> None:
    kinds = {"i": "int64", "x": "float64", "t": "text", "m": "int64[]", "b": "bool"}
    found = by_arrow(b"\n".join(LINES[:1] * 3), kinds, ignores_others=False)

    assert found is not None
    assert {name: kind_of(values) for name, values in found.items()} == kinds
