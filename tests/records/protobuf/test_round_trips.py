"""What is written comes back as it was, and is what the protobuf package reads; and the reverse."""

from __future__ import annotations

import io
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.sparse import random as random_matrix

from sm_container.records.batch import Batch
from sm_container.records.csr import Csr
from sm_container.records.errors import FormatError, OnFault, RecordError
from sm_container.records.protobuf import ProtobufFormat, decode, encode
from sm_container.records.recordio import RecordWriter, read_frames
from tests.records.protobuf import oracle
from tests.records.sources import Trickle, assert_same, concatenated

DTYPES = ("float32", "float64", "int32")
PROMOTED = {
    "bool": "int32", "int8": "int32", "uint8": "int32", "int16": "int32", "uint16": "int32",
    "int32": "int32", "float16": "float32", "float32": "float32", "float64": "float64",
    ">f4": "float32", ">i4": "int32",
}  # fmt: skip

NAMES = ["age", "", "features:uid", "ü", "label:b", "label"]


def written(*batches: Batch) -> bytes:
    sink = io.BytesIO()
    assert ProtobufFormat().write(batches, sink) == sum(batch.rows for batch in batches)
    return sink.getvalue()


def read(data: Any, **options: Any) -> Batch:
    return concatenated(list(decode(read_frames(data, "records", **options))))


def strings(*values: Any) -> Any:
    column = np.empty(len(values), object)
    column[:] = values
    return column


@st.composite
def columns(draw: st.DrawFn, rows: int, *, is_matrix: bool) -> Any:
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    if draw(st.booleans()):
        width = draw(st.integers(1, 1 << 40))
        counts = draw(st.lists(st.integers(0, 5), min_size=rows, max_size=rows))
        total = sum(counts)
        keys = draw(st.lists(st.integers(0, width - 1), min_size=total, max_size=total))
        data = draw(hnp.arrays(dtype, total))
        indptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        return Csr(data, np.array(keys, np.int64), indptr, width)
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=4))
    if not is_matrix and shape == (1,):
        shape = ()
    return draw(hnp.arrays(dtype, (rows, *shape)))


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    rows = draw(st.integers(1, 12))
    made: dict[str, Any] = {}
    if draw(st.booleans()):
        made["features"] = draw(columns(rows, is_matrix=True))
    for name in draw(
        st.sets(st.sampled_from(["age", "", "features:uid", "ü", "label:b", "label"]))
    ):
        made[name] = draw(columns(rows, is_matrix=False))
    texts = st.lists(st.text(max_size=5), min_size=rows, max_size=rows)
    for name in draw(st.sets(st.sampled_from(["uid", "metadata", "configuration", "text"]))):
        made[name] = strings(*draw(texts))
    if not made or draw(st.booleans()):
        blobs = st.lists(st.binary(max_size=5), min_size=rows, max_size=rows)
        made["image"] = strings(*draw(blobs))
    return Batch(made)


@given(batches(), st.sampled_from([64, 1 << 20]))
@settings(deadline=None, max_examples=50)
def test_what_is_written_comes_back(batch: Batch, block: int) -> None:
    data = written(batch)
    back = read(data, block=block)
    assert_same(Batch({name: back[name] for name in batch}), batch)
    assert len(back) == len(batch)
    assert_same(read(Trickle(data), block=block), back)


@given(batches())
@settings(deadline=None, max_examples=50)
def test_the_protobuf_package_reads_what_is_written(batch: Batch) -> None:
    for number, payload in enumerate(encode(batch)):
        message = oracle.parsed(bytes(payload))
        for name, column in batch.items():
            if name in ("uid", "metadata", "configuration"):
                assert getattr(message, name) == column[number]  # type: ignore[index]
                continue
            section, _, rest = name.partition(":")
            is_label = section == "label"
            inner = rest or ("values" if name in ("features", "label") else name)
            value = (message.label if is_label else message.features)[inner]
            if isinstance(column, Csr):
                row = column.rows(number, number + 1)
                tensor = oracle.numbers(value)
                assert list(tensor.keys) == row.indices.tolist()
                assert list(tensor.shape) == [column.columns]
                np.testing.assert_array_equal(np.array(tensor.values, column.dtype), row.data)
            elif column.dtype == object:
                assert value.bytes.value[0] in (column[number], str(column[number]).encode())
            else:
                found = np.array(oracle.numbers(value).values, column.dtype)
                np.testing.assert_array_equal(found, column[number].ravel())


@given(batches())
@settings(deadline=None, max_examples=50)
def test_what_the_protobuf_package_writes_is_read(batch: Batch) -> None:
    payloads = [oracle.parsed(bytes(payload)).SerializeToString() for payload in encode(batch)]
    sink = io.BytesIO()
    RecordWriter(sink).write_frames(payloads)
    back = read(sink.getvalue())
    assert_same(Batch({name: back[name] for name in batch}), batch)


@pytest.mark.parametrize(("dtype", "comes_back"), PROMOTED.items())
@pytest.mark.parametrize("shape", [(5,), (5, 3), (5, 2, 2), (5, 0)])
def test_numbers_are_written_without_loss(
    dtype: str, comes_back: str, shape: tuple[int, ...]
) -> None:
    limits = np.array([1, 0, 100, 7, 1], dtype)
    if np.dtype(dtype).kind == "i":
        limits[1], limits[2] = np.iinfo(dtype).min, np.iinfo(dtype).max
    column = np.resize(limits, shape)
    found = read(written(Batch({"x": column})))["x"]
    assert found.dtype == comes_back
    np.testing.assert_array_equal(found, column)


@pytest.mark.parametrize(
    "dtype", ["int64", "uint32", "uint64", "complex64", "datetime64[s]", "timedelta64[s]"]
)
def test_what_would_lose_is_refused_by_name_and_dtype(dtype: str) -> None:
    for column in (np.zeros(3, dtype), np.zeros((3, 2), dtype)):
        with pytest.raises(FormatError, match=f"'weight' is {dtype[:6]}.*astype"):
            encode(Batch({"weight": column}))


@pytest.mark.parametrize(
    ("columns", "what"),
    [
        ({"uid": np.zeros(2, np.int32)}, "'uid' is int32.*features:uid"),
        ({"age": strings(1, "x")}, "'age' holds objects of the type int and str"),
        ({"features": np.zeros(2, "f4"), "features:values": np.zeros(2, "f4")}, "rename one"),
    ],
)
def test_what_a_record_cannot_hold_is_refused(columns: dict[str, Any], what: str) -> None:
    with pytest.raises(FormatError, match=what):
        encode(Batch(columns))


@pytest.mark.parametrize("name", ["uid", "note"])
def test_half_of_a_surrogate_pair_is_refused_by_name(name: str) -> None:
    with pytest.raises(FormatError, match=f"the column '{name}' has text that is not UTF-8"):
        encode(Batch({name: strings("a", None, "\ud800")}))


def test_none_among_text_and_bytes_is_left_out() -> None:
    batch = Batch(
        {
            "features": np.ones((3, 1), "f4"),
            "uid": strings("a", None, ""),
            "image": strings(None, b"", b"x"),
        }
    )
    back = read(written(batch))
    assert_same(Batch({name: back[name] for name in batch}), batch)


def test_a_slice_of_a_sparse_batch_is_written_as_its_rows() -> None:
    whole = Csr(np.arange(6, dtype="f4"), np.arange(6), np.array([0, 1, 3, 6]), 9)
    back = read(written(Batch({"features": whole}).slice(1, 3)))["features"]
    assert isinstance(back, Csr)
    np.testing.assert_array_equal(back.to_dense(), whole.to_dense()[1:])


@pytest.mark.parametrize("layout", ["csr", "csc", "coo"])
def test_scipy_rows_are_written_as_they_are(layout: str) -> None:
    matrix = random_matrix(50, 1000, density=0.01, format=layout, dtype="f4", random_state=3)
    back = read(written(Batch({"features": matrix})))["features"]
    assert isinstance(back, Csr)
    assert (back.to_scipy() != matrix).nnz == 0


@given(batches(), st.data())
@settings(deadline=None, max_examples=100)
def test_a_damaged_record_is_read_or_refused_and_never_amiss(
    batch: Batch, data: st.DataObject
) -> None:
    payloads = [bytes(payload) for payload in encode(batch)]
    which = data.draw(st.integers(0, len(payloads) - 1))
    damaged = bytearray(payloads[which])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(0, len(damaged) - 1)))
        new = data.draw(st.one_of(st.binary(max_size=1), st.sampled_from([b"\xff", b"\x80", b""])))
        damaged[at : at + 1] = new
    payloads[which] = bytes(damaged)
    sink = io.BytesIO()
    RecordWriter(sink).write_frames(payloads)
    frames = list(read_frames(sink.getvalue(), "damaged"))
    kept = sum(found.rows for found in decode(frames, on_fault=OnFault.SKIP))
    try:
        found = sum(batch.rows for batch in decode(frames))
    except RecordError:
        assert kept < len(payloads)
    else:
        assert found == kept == len(payloads)
        for payload in payloads:  # what is read here, the protobuf package reads
            oracle.parsed(payload)


@given(st.lists(st.binary(max_size=60), max_size=8))
@settings(deadline=None, max_examples=150)
def test_any_bytes_are_records_or_a_fault(payloads: list[bytes]) -> None:
    sink = io.BytesIO()
    RecordWriter(sink).write_frames(payloads * 3)
    list(decode(read_frames(sink.getvalue(), "noise"), on_fault=OnFault.SKIP))


def test_lengths_that_are_not_there_allocate_nothing() -> None:
    huge = b"\xff\xff\xff\xff\x0f"
    message = oracle.record()
    message.features["values"].float32_tensor.shape.append((1 << 63) - 1)
    payloads = [b"\x0a" + huge, b"\x1a" + huge, message.SerializeToString()] * 100
    sink = io.BytesIO()
    RecordWriter(sink).write_frames(payloads)
    frames = list(read_frames(sink.getvalue(), "hostile"))
    tracemalloc.start()
    try:
        rows = sum(batch.rows for batch in decode(frames, on_fault=OnFault.SKIP))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert rows == 100
    assert peak < 4 << 20
