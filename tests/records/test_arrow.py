"""Arrow tables: every kind of column there and back, nulls, lists, and what is refused."""

from __future__ import annotations

import datetime
import decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sm_container.records.arrow import from_arrow
from sm_container.records.batch import Batch, objects
from sm_container.records.csr import Csr
from sm_container.records.errors import FormatError
from tests.records.sources import assert_same

DTYPES = (
    "bool",
    "int8",
    "uint16",
    "int64",
    "float32",
    "float64",
    "datetime64[ns]",
    "timedelta64[us]",
)


@given(st.data(), st.sampled_from(DTYPES), st.integers(1, 3))
def test_arrays_come_back(data: st.DataObject, dtype: str, dimensions: int) -> None:
    shape = data.draw(arrays.array_shapes(min_dims=dimensions, max_dims=dimensions, max_side=4))
    column = data.draw(arrays.arrays(dtype, shape))

    assert_same(from_arrow(Batch({"c": column}).to_arrow()), Batch({"c": column}))


def test_sparse_rows_come_back_also_as_a_slice() -> None:
    csr = Csr(
        np.array([1.5, 2, 3], np.float32),
        np.array([4, 0, 2]),
        np.array([0, 1, 1, 3]),
        9,
    )
    table = Batch({"features": csr}).to_arrow()

    assert table.schema.field("features").type.field("indices").type == pa.large_list(pa.int64())
    assert_same(from_arrow(table), Batch({"features": csr}))
    assert_same(from_arrow(table.slice(1, 2)), Batch({"features": csr.rows(1, 3)}))


def test_one_dimension_of_numbers_shares_its_memory() -> None:
    column = np.arange(5.0)
    address = Batch({"c": column}).to_arrow().column(0).chunk(0).buffers()[1].address

    assert address == column.ctypes.data


def test_what_comes_from_arrow_is_its_own() -> None:
    table = pa.table({"c": pa.array([1.0, 2.0]), "m": pa.array([[1, 2], [3, 4]])})
    batch = from_arrow(table)

    for column in batch.values():
        assert column.flags.owndata or column.base.flags.owndata
        column[0] = 9
    assert table.column("c").to_pylist() == [1, 2]
    assert table.column("m").to_pylist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (pa.array([1, None], pa.int32()), np.array([1, np.nan])),
        (pa.array([1.5, None], pa.float32()), np.array([1.5, np.nan], np.float32)),
        (pa.array(["a", None]), objects(["a", None])),
        (pa.array([b"a", None]), objects([b"a", None])),
        (pa.array([True, None]), objects([True, None])),
        (pa.array([decimal.Decimal("1.5"), None]), np.array([1.5, np.nan])),
        (pa.array(["a", "b", "a"]).dictionary_encode(), objects(["a", "b", "a"])),
        (pa.array([datetime.date(2013, 1, 2)]), np.array(["2013-01-02"], "datetime64[D]")),
        (pa.array([[1, 2], [3, 4]], pa.list_(pa.int32())), np.array([[1, 2], [3, 4]], np.int32)),
        (pa.array([[1, None], [3, 4]]), np.array([[1, np.nan], [3, 4]])),
        (pa.array([["a"], ["b", "c"]]), objects([["a"], ["b", "c"]])),
        (pa.array([{"a": 1}, None]), objects([{"a": 1}, None])),
        (pa.array([[[1], [2]], [[3], [4]]]), np.array([[[1], [2]], [[3], [4]]])),
    ],
    ids=lambda each: str(getattr(each, "type", "")),
)
def test_kinds_of_columns(array: pa.Array, expected: np.ndarray) -> None:
    assert_same(from_arrow(pa.table({"c": array})), Batch({"c": expected}))
    several = pa.table({"c": pa.chunked_array([array.slice(0, 1), array.slice(1)])})
    assert_same(from_arrow(several), Batch({"c": expected}))


def test_lists_of_several_lengths_are_an_array_each() -> None:
    (column,) = from_arrow(pa.table({"c": [[1, 2], [3], None]})).values()

    assert [None if row is None else row.tolist() for row in column] == [[1, 2], [3], None]


def test_integers_that_have_nulls_elsewhere_are_floats_here() -> None:
    batch = from_arrow(pa.table({"c": [1, 2], "d": [1, 2]}), with_nulls=["c"])

    assert [str(column.dtype) for column in batch.values()] == ["float64", "int64"]


def test_an_integer_that_no_float_holds_beside_a_null_is_refused() -> None:
    with pytest.raises(FormatError, match="'c' has nulls"):
        from_arrow(pa.table({"c": [2**53 + 1, None]}))


def test_text_that_is_not_utf8_is_refused() -> None:
    broken = pa.array([b"\xff"]).view(pa.string())
    with pytest.raises(FormatError, match="'c' has what Python cannot hold"):
        from_arrow(pa.table({"c": broken}))


def test_half_of_a_surrogate_pair_is_refused_by_name() -> None:
    with pytest.raises(FormatError, match="the column 't' cannot be an Arrow array"):
        Batch({"t": objects(["\ud800"])}).to_arrow()


def test_names_given_twice_are_refused() -> None:
    with pytest.raises(FormatError, match="several columns are called 'c'"):
        from_arrow(pa.table([pa.array([1]), pa.array([2])], names=["c", "c"]))


def test_objects_of_several_kinds_are_refused() -> None:
    with pytest.raises(FormatError, match="'c' cannot be an Arrow array"):
        Batch({"c": objects([1, "a"])}).to_arrow()
