"""Msgpack records are what the docs say, come back as they were, and faults are named."""

from __future__ import annotations

import io
import re
import tracemalloc
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sm_container.records.batch import Batch
from sm_container.records.csr import Csr
from sm_container.records.errors import FormatError, OnFault, RecordError
from sm_container.records.msgpack_records import MsgpackFormat, decode, encode
from sm_container.records.msgpack_records.schema import DTYPES
from sm_container.records.recordio import RecordWriter, read_frames
from tests.records.sources import Trickle, assert_same, concatenated

PAGE = Path(__file__).parents[3] / "docs" / "msgpack-records.md"


def read(*payloads: bytes, block: int = 1 << 20, **options: Any) -> Batch:
    sink = io.BytesIO()
    RecordWriter(sink).write_frames(list(payloads))
    return concatenated(list(decode(read_frames(sink.getvalue(), "m", block=block), **options)))


def strings(*values: Any) -> Any:
    column = np.empty(len(values), object)
    column[:] = values
    return column


def tensor(*values: float, **changes: Any) -> dict[str, Any]:
    held = {
        "dtype": "<f4",
        "shape": [len(values)],
        "values": np.array(values, "<f4").tobytes(),
        **changes,
    }
    return {key: value for key, value in held.items() if value is not None}


def record(value: Any, name: str = "values", **others: Any) -> bytes:
    packed: bytes = msgpack.packb({"features": {name: value}, **others})
    return packed


GOOD = record(tensor(1, 2, 3))


def test_the_examples_of_the_page_are_what_is_written_and_read() -> None:
    blocks = re.findall(r"```text\n(.*?)```", PAGE.read_text(), re.DOTALL)
    dense, sparse = (
        bytes.fromhex("".join(re.findall(r"(?<![\w\"<])[0-9a-f]{2}(?![\w\"])", _bytes_of(block))))
        for block in blocks
    )
    batches = [
        Batch(
            {
                "features": np.array([[1, 2, 3]], "f4"),
                "label": np.array([1.5]),
                "uid": strings("a"),
            }
        ),
        Batch({"features": Csr(np.ones(1, "f4"), np.array([3]), np.array([0, 1]), 4)}),
    ]
    for payload, batch in zip((dense, sparse), batches, strict=True):
        assert bytes(encode(batch)[0]) == payload
        assert_same(read(payload), batch)


def _bytes_of(block: str) -> str:
    """The bytes on the left, without what stands beside them."""
    return "\n".join(line[:50] for line in block.splitlines())


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    rows = draw(st.integers(1, 40))
    made: dict[str, Any] = {}
    for name in draw(st.sets(st.sampled_from(["features", "label", "age", "label:b", ""]))):
        dtype = DTYPES[draw(st.sampled_from(list(DTYPES)))]
        if draw(st.booleans()):
            width = draw(st.one_of(st.integers(1, 99), st.integers((1 << 32) - 1, 1 << 40)))
            counts = draw(st.lists(st.integers(0, 5), min_size=rows, max_size=rows))
            total = sum(counts)
            keys = draw(st.lists(st.integers(0, width - 1), min_size=total, max_size=total))
            indptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
            data = draw(hnp.arrays(dtype, total))
            made[name] = Csr(data, np.array(keys, np.int64), indptr, width)
        else:
            shape = draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
            made[name] = draw(hnp.arrays(dtype, (rows, *shape)))
    for name in draw(st.sets(st.sampled_from(["uid", "metadata", "configuration", "text"]))):
        length = draw(st.sampled_from([2, 5]))
        text = st.text(min_size=2, max_size=length)
        made[name] = strings(*draw(st.lists(text, min_size=rows, max_size=rows)))
    if not made or draw(st.booleans()):
        blobs = st.lists(st.binary(max_size=5), min_size=rows, max_size=rows)
        made["image"] = strings(*draw(blobs))
    return Batch(made)


@given(batches(), st.sampled_from([64, 1 << 20]))
@settings(deadline=None, max_examples=50)
def test_what_is_written_comes_back(batch: Batch, block: int) -> None:
    sink = io.BytesIO()
    assert MsgpackFormat().write([batch], sink) == batch.rows
    for source in (sink.getvalue(), Trickle(sink.getvalue())):
        found = list(decode(read_frames(source, "m", block=block)))
        back = concatenated(found)
        assert set(back) == set(batch)
        assert_same(Batch({name: back[name] for name in batch}), batch)


@given(batches())
@settings(deadline=None, max_examples=50)
def test_each_payload_is_msgpack_that_the_library_would_write(batch: Batch) -> None:
    for payload in encode(batch):
        assert msgpack.packb(msgpack.unpackb(bytes(payload))) == bytes(payload)


def test_long_tensors_have_longer_headers() -> None:
    for count in (63, 64, 16383, 16384, 20000):
        batch = Batch({"features": np.arange(2 * count, dtype="f4").reshape(2, count)})
        payloads = [bytes(payload) for payload in encode(batch)]
        assert msgpack.packb(msgpack.unpackb(payloads[0])) == payloads[0]
        assert_same(read(*payloads), batch)


@pytest.mark.parametrize("count", [1, 30])
def test_keys_may_come_in_any_order_and_unknown_ones_are_skipped(count: int) -> None:
    swapped = dict(reversed(tensor(1, 2).items()))
    payload = msgpack.packb(
        {"later": [{"x": msgpack.Timestamp(1)}], "uid": "u", "features": {"values": swapped}}
    )
    batch = read(*[payload] * count)
    np.testing.assert_array_equal(batch["features"], [[1, 2]] * count)
    assert list(batch["uid"]) == ["u"] * count


def test_text_and_bytes_may_be_missing() -> None:
    batch = Batch(
        {"features": np.ones((3, 1)), "i": strings(None, b"", b"x"), "uid": strings("a", None, "")}
    )
    assert_same(read(*map(bytes, encode(batch))), batch)


def test_several_bytes_are_rows_of_them() -> None:
    column = np.array([[b"a", b"bc"], [b"", b"d"]], object)
    assert_same(read(*map(bytes, encode(Batch({"i": column})))), Batch({"i": column}))


def test_other_bytes_than_0_and_1_are_true() -> None:
    flags = tensor(dtype="|b1", shape=[3], values=b"\0\1\2")
    assert read(record(flags))["features"].tolist() == [[False, True, True]]  # type: ignore[union-attr]


def test_a_big_endian_column_is_written_as_the_same_numbers() -> None:
    back = read(*map(bytes, encode(Batch({"label": np.array([1, 256], ">i8")}))))
    assert back["label"].dtype == np.dtype("<i8")
    np.testing.assert_array_equal(back["label"], [1, 256])


@pytest.mark.parametrize("name", ["uid", "note"])
def test_half_of_a_surrogate_pair_is_refused_by_name(name: str) -> None:
    with pytest.raises(FormatError, match=f"the column '{name}' has text that is not UTF-8"):
        encode(Batch({name: np.array(["a", None, "\ud800"], object)}))


@pytest.mark.parametrize("dtype", ["complex64", "datetime64[s]"])
def test_what_is_no_number_is_refused_by_name_and_dtype(dtype: str) -> None:
    with pytest.raises(FormatError, match=f"'weight' is {dtype[:6]}"):
        encode(Batch({"weight": np.zeros(2, dtype)}))


@pytest.mark.parametrize(
    ("payload", "what"),
    [
        (b"", "no msgpack"),
        (b"\xc1", "no msgpack"),
        (GOOD + b"\x00", "no msgpack"),
        (GOOD[:-1], "no msgpack"),
        (b"\xdf\xff\xff\xff\xff", "no msgpack"),
        (b"\xdd\xff\xff\xff\xff", "no msgpack"),
        (b"\x91" * 5000, "no msgpack"),
        (b"\x01", "an integer, and should be a map"),
        (b"\x80", "empty"),
        (b"\x81\xa3uid\x01", "'uid' is an integer, and should be text"),
        (b"\x81\xa3uid\xa1\xff", "no msgpack"),
        (b"\x81\xa5label\xc0", "'label' is nil"),
        (b"\x81\xa5label\x81\xc4\x01x\xc4\x01x", "no text"),
        (record(1), "'features' is an integer"),
        (record([1]), "'features' is an array"),
        (record(tensor(1, dtype=">f4")), "dtype '>f4'; known are"),
        (record(tensor(1, dtype=["x"])), "dtype"),
        (record(tensor(1, shape=None)), "no array of integers"),
        (record(tensor(1, shape=[1.0])), "no array of integers"),
        (record(tensor(1, shape=[True])), "no array of integers"),
        (record(tensor(1, dtype="f" * 10_000)), r"dtype 'f{5,39}\.\.\."),
        (record(tensor(1, shape=["f" * 10_000])), r"shape \['f{5,39}\.\.\."),
        (record(tensor(1, shape=[[[1] * 99] * 99] * 99)), r"shape .{40}\.\.\., and no array"),
        (record(tensor(1, shape=[-1])), "no tensor has the shape"),
        (record(tensor(shape=[0, 1 << 62])), "no tensor has the shape"),
        (record(tensor(1, shape=[1] * 40)), "40 dimensions"),
        (record(tensor(1, values=[1.0])), "not bin"),
        (record(tensor(1, values=b"abc")), "no whole float32s"),
        (record(tensor(1, shape=[2])), "1 values, and its shape"),
        (record(tensor(1, shape=[9], keys=b"abc")), "3 bytes of keys, which have 4 each"),
        (record(tensor(1, 2)), r"shape \[2\], and \[3\]"),
        (record(tensor(1, shape=[3], keys=bytes(4))), "sparse, and dense"),
        (record(tensor(1, 2, 3), label={"values": tensor(1)}), "'label', which the records before"),
    ],
)
@pytest.mark.parametrize("before", [1, 100])
def test_a_fault_names_its_record(payload: bytes, what: str, before: int) -> None:
    with pytest.raises(RecordError, match=what) as caught:
        read(*[GOOD] * before, payload, GOOD)
    assert caught.value.index == before
    assert read(*[GOOD] * before, payload, GOOD, on_fault=OnFault.SKIP).rows == before + 1
    assert read(*[GOOD] * before, payload, GOOD, on_fault=OnFault.STOP).rows == before


def test_a_key_beyond_the_shape_is_a_fault() -> None:
    good = record(tensor(1, shape=[4], keys=b"\3\0\0\0"))
    with pytest.raises(RecordError, match=r"record 1, .*key 4, and its width is 4"):
        read(good, record(tensor(1, shape=[4], keys=b"\4\0\0\0")), good)


@given(batches(), st.data())
@settings(deadline=None, max_examples=100)
def test_a_damaged_record_is_read_or_left_out(batch: Batch, data: st.DataObject) -> None:
    payloads = [bytes(payload) for payload in encode(batch)]
    which = data.draw(st.integers(0, len(payloads) - 1))
    damaged = bytearray(payloads[which])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(0, len(damaged) - 1)))
        new = data.draw(st.one_of(st.binary(max_size=1), st.sampled_from([b"\xdf", b"\xc6", b""])))
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


@given(st.lists(st.binary(max_size=60), max_size=8))
@settings(deadline=None, max_examples=150)
def test_any_bytes_are_records_or_a_fault(payloads: list[bytes]) -> None:
    sink = io.BytesIO()
    RecordWriter(sink).write_frames(payloads * 20)
    list(decode(read_frames(sink.getvalue(), "noise"), on_fault=OnFault.SKIP))


def test_lengths_that_are_not_there_allocate_nothing() -> None:
    heads = (b"\xdf", b"\xdd", b"\xdb", b"\xc6", b"\xc9")
    payloads = [b"\x81\xa1x" + head + b"\x7f\xff\xff\xff" + bytes(20) for head in heads]
    sink = io.BytesIO()
    RecordWriter(sink).write_frames(payloads * 20)
    frames = list(read_frames(sink.getvalue(), "hostile"))
    tracemalloc.start()
    try:
        assert list(decode(frames, on_fault=OnFault.SKIP)) == []
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20
