"""libsvm: sparse rows, qid and comments; the fast way reads what the careful way reads."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sm_container.records.batch import Batch
from sm_container.records.csr import Csr
from sm_container.records.errors import FormatError, OnFault, RecordError
from sm_container.records.text import libsvm
from sm_container.records.text.libsvm import Libsvm
from sm_container.records.text.lines import BLOCK, Place
from tests.records.sources import Trickle, assert_same, whole


def read(data: bytes, **options: object) -> Batch:
    form = Libsvm(**options)  # type: ignore[arg-type]
    batch = whole(form, data)
    assert_same(batch, whole(form, Trickle(data)))
    return batch


def dense(batch: Batch) -> list[list[float]]:
    features = batch["features"]
    assert isinstance(features, Csr)
    return features.to_dense().tolist()


@pytest.mark.parametrize(
    "data",
    [
        b"1 0:1.5 2:-2\n0\n-1 1:3e2\n",
        b"1 0:1.5 2:-2\r\n\r\n0\r\n-1 1:300",
        b"# a comment\n1.0 0:1.5 2:-2 # its end\n0#\n\t-1\t1:300.0  \n",
    ],
)
def test_rows(data: bytes) -> None:
    batch = read(data)

    assert batch["label"].tolist() == [1, 0, -1]
    assert dense(batch) == [[1.5, 0, -2], [0, 0, 0], [0, 300, 0]]
    assert {column.dtype for column in batch.values()} == {np.dtype(np.float32)}


def test_the_width_is_given_or_what_the_batch_asks() -> None:
    assert read(b"1 3:1\n")["features"].shape == (1, 4)
    assert read(b"1\n2\n")["features"].shape == (2, 0)
    assert read(b"1 3:1\n", columns=9)["features"].shape == (1, 9)


def test_qid_is_a_column() -> None:
    batch = read(b"1 qid:7 0:1\n0 qid:8 # none\n2 qid:8 1:2\n")

    assert batch["qid"].tolist() == [7, 8, 8]
    assert batch["label"].tolist() == [1, 0, 2]
    assert dense(batch) == [[1, 0], [0, 0], [0, 2]]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"1 2", "field 1 is '2', and not index:value"),
        (b"1:2 3:4", "field 0 is '1:2', which is no number"),
        (b"x 1:2", "field 0 is 'x'"),
        (b"1 1:x", "field 1 is 'x'"),
        (b"1 1:", "no value behind its colon"),
        (b"1 :1", "the index is ''"),
        (b"1 -1:1", "the index is '-1'"),
        (b"1 1.5:1", "the index is '1.5'"),
        (b"1 1:2:3", "which is no number"),
        (b"1 9007199254740992:1", "whole number"),
        (b"nan 1:1", "the label is no number"),
        (b"1 qid:2 1:1", "in all lines or in none"),
        (b"1 1:\xff", "not text"),
    ],
)
def test_a_fault_says_where(line: bytes, said: str) -> None:
    with pytest.raises(RecordError, match=said) as caught:
        whole(Libsvm(), b"1 0:1\n\n" + line + b"\n")

    assert (caught.value.index, caught.value.offset) == (1, 7)
    (batch,) = Libsvm().batches(
        b"1 0:1\n" + line + b"\n2 0:2\n", "s", rows=9, on_fault=OnFault.SKIP
    )
    assert batch["label"].tolist() == [1, 2]
    (batch,) = Libsvm().batches(
        b"1 0:1\n" + line + b"\n2 0:2\n", "s", rows=9, on_fault=OnFault.STOP
    )
    assert batch["label"].tolist() == [1]


def test_a_query_that_no_integer_holds_is_a_fault_alone(
    recwarn: pytest.WarningsRecorder,
) -> None:
    with pytest.raises(RecordError, match="qid is '18446744073709551615'"):
        read(b"1 qid:18446744073709551615 0:1\n")
    assert not recwarn.list


def test_an_index_beyond_the_given_width() -> None:
    with pytest.raises(RecordError, match="the index 3 is not below columns=3"):
        read(b"1 3:1\n", columns=3)


def test_a_fault_in_one_line_does_not_hide_behind_its_opposite_in_another() -> None:
    with pytest.raises(RecordError, match="record 0"):
        read(b"1:2 3:4\n1 2 3:4\n")


def test_many_blocks() -> None:
    data = b"".join(b"%d %d:0.5 %d:2\n" % (n, n % 7, 7 + n % 5) for n in range(120_000))
    assert len(data) > BLOCK
    batch = whole(Libsvm(), io.BytesIO(data), rows=5000)

    features = batch["features"]
    assert isinstance(features, Csr)
    assert features.shape == (120_000, 12)
    np.testing.assert_array_equal(batch["label"], np.arange(120_000, dtype=np.float32))
    np.testing.assert_array_equal(features.indices[::2], np.arange(120_000) % 7)


@given(st.data(), st.sampled_from(["float32", "float64"]))
def test_what_is_written_is_read(data: st.DataObject, dtype: str) -> None:
    rows, width = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6))
    matrix = data.draw(arrays.arrays(dtype, (rows, width), fill=st.just(0)))
    label = data.draw(arrays.arrays(dtype, rows, elements=st.floats(width=32, allow_nan=False)))
    columns = {"features": libsvm._sparse(matrix), "label": label}
    if data.draw(st.booleans()):
        columns["qid"] = data.draw(
            arrays.arrays(np.int64, rows, elements=st.integers(0, 2**53 - 1))
        )
    form, sink = Libsvm(columns=width, dtype=dtype), io.BytesIO()

    assert form.write([Batch(columns)], sink) == rows
    assert_same(read(sink.getvalue(), columns=width, dtype=dtype), Batch(columns))
    dense_sink = io.BytesIO()
    form.write([Batch({**columns, "features": matrix})], dense_sink)
    assert dense_sink.getvalue() == sink.getvalue()


@given(
    st.lists(
        st.sampled_from([b"1 0:1 2:3", b"0", b"-1.5 1:2e1", b"2 qid:1 4:5", b"3 qid:2 # c"]),
        min_size=1,
        max_size=5,
    ),
    st.integers(0, 99),
    st.sampled_from(b'\x000123:"\n\t e.-+,qN#\xff'),
)
def test_the_fast_way_reads_mutated_bytes_as_the_careful_way(
    rows: list[bytes], place: int, byte: int
) -> None:
    data = bytearray(b"\n".join(rows) + b"\n")
    data[place % len(data)] = byte
    fast = libsvm._parsed(bytes(data), 0)
    if fast is not None:
        careful, _, _ = libsvm._kept(
            libsvm._rows(bytes(data), 0, None), Place("s", 0, 0), OnFault.RAISE
        )
        for name in ("label", "indptr", "indices", "values", "qid"):
            np.testing.assert_array_equal(getattr(fast, name), getattr(careful, name))


@given(st.binary(max_size=60), st.sampled_from(OnFault))
def test_any_bytes_are_rows_or_a_fault(data: bytes, on_fault: OnFault) -> None:
    try:
        batches = list(Libsvm().batches(data, "s", rows=3, on_fault=on_fault))
    except (RecordError, FormatError):  # FormatError: two random bytes may be gzip's
        return
    assert all(batch.rows <= 3 for batch in batches)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"age": np.zeros(2)}, "not age"),
        ({"features": np.zeros((2, 2))}, "have no 'label', with which a line"),
        ({"features": np.zeros((1, 1)), "label": np.array([np.nan])}, "'label' has nan"),
        ({"features": np.array([["a"]]), "label": np.zeros(1)}, "no matrix of numbers"),
        ({"features": np.zeros((2, 2)), "label": np.zeros((2, 2))}, "not one number a row"),
    ],
)
def test_what_has_no_place_in_a_line_is_refused(columns: dict[str, np.ndarray], said: str) -> None:
    with pytest.raises(FormatError, match=said):
        Libsvm().write([Batch(columns)], io.BytesIO())
