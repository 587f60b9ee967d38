"""Payloads of recordio-protobuf become columns, whatever their form, and faults are named."""

from __future__ import annotations

import io
import json
import logging
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sm_container.records.batch import Batch
from sm_container.records.csr import Csr
from sm_container.records.errors import OnFault, RecordError
from sm_container.records.protobuf import ProtobufFormat, decode
from sm_container.records.recordio import RecordWriter, read_frames
from tests.records.protobuf import oracle
from tests.records.sources import assert_same, concatenated

VECTORS = Path(__file__).parent.parent / "recordio" / "vectors"
DENSE = bytes.fromhex(
    "0a1a 0a06 76616c756573 1210 120e 0a0c 0000803f 00000040 00004040"
    "1216 0a06 76616c756573 120c 1a0a 0a08 000000000000f83f"
)
SPARSE = bytes.fromhex("0a18 0a06 76616c756573 120e 120c 0a04 0000803f 1201 03 1a01 04")
ALL_ZERO = bytes.fromhex("0a0f 0a06 76616c756573 1205 1203 1a01 04")


def read(*payloads: bytes, block: int = 1 << 20, **options: Any) -> list[Batch]:
    sink = io.BytesIO()
    RecordWriter(sink).write_frames(list(payloads))
    return list(decode(read_frames(sink.getvalue(), "train.pbr", block=block), **options))


def one(*payloads: bytes, **options: Any) -> Batch:
    return concatenated(read(*payloads, **options))


def entry(tensor: bytes, name: bytes = b"values", field: int = 1) -> bytes:
    """A features or label entry with this Value."""
    inner = b"\x0a" + bytes([len(name)]) + name + b"\x12" + bytes([len(tensor)]) + tensor
    return bytes([field << 3 | 2, len(inner)]) + inner


def floats(*values: float, kind: int = 2) -> bytes:
    """A Value with a dense tensor of float32 (or float64: kind 3)."""
    packed = struct.pack(f"<{len(values)}{'f' if kind == 2 else 'd'}", *values)
    message = b"\x0a" + bytes([len(packed)]) + packed
    return bytes([kind << 3 | 2, len(message)]) + message


LABEL = entry(floats(1.5, kind=3), field=2)


@pytest.mark.parametrize("count", [1, 2, 5, 100])
def test_dense_records_become_a_matrix_and_an_array(count: int) -> None:
    batch = one(*[DENSE] * count)
    assert list(batch) == ["features", "label"]
    np.testing.assert_array_equal(batch["features"], np.array([[1, 2, 3]] * count, "<f4"))
    np.testing.assert_array_equal(batch["label"], np.full(count, 1.5))
    assert batch["features"].dtype == np.float32
    assert batch["label"].dtype == np.float64


@pytest.mark.parametrize("count", [1, 3, 50])
def test_sparse_records_become_csr_and_those_that_are_all_zero_are_empty_rows(count: int) -> None:
    features = one(*[SPARSE, ALL_ZERO, SPARSE] * count)["features"]
    assert isinstance(features, Csr)
    assert features.shape == (3 * count, 4)
    row = [0, 0, 0, 1]
    np.testing.assert_array_equal(features.to_dense(), [row, [0] * 4, row] * count)


def test_rows_that_are_all_zero_alone_are_sparse() -> None:
    features = one(ALL_ZERO)["features"]
    assert isinstance(features, Csr)
    assert features.shape == (1, 4)


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in VECTORS.glob("*-*.rec") if path.stem != "every-field")
)
def test_what_the_sdk_wrote_is_read_and_written_byte_for_byte(name: str) -> None:
    data = (VECTORS / f"{name}.rec").read_bytes()
    said = json.loads((VECTORS / f"{name}.json").read_text())
    told = {column: what for column, what in said.items() if what}
    batches = list(ProtobufFormat().batches(data, name, rows=1000))
    batch = concatenated(batches)
    assert set(batch) == set(told)
    for column, said in told.items():
        found = batch[column]
        assert found.dtype == said["dtype"]
        dense = found.to_dense() if isinstance(found, Csr) else found
        np.testing.assert_array_equal(dense, said["values"])
        if isinstance(found, Csr):
            np.testing.assert_array_equal(found.indices, said["indices"])
            np.testing.assert_array_equal(found.indptr, said["indptr"])
    sink = io.BytesIO()
    assert ProtobufFormat().write(batches, sink) == batch.rows
    assert sink.getvalue() == data


def test_every_field_that_the_sdk_wrote_is_read() -> None:
    data = (VECTORS / "every-field.rec").read_bytes()
    told = json.loads((VECTORS / "every-field.json").read_text())
    batch = concatenated(list(ProtobufFormat().batches(data, "every-field", rows=1000)))
    for column in ("features", "label"):
        np.testing.assert_array_equal(batch[column], told[column]["values"])
    assert [image.decode() for image in batch["image"]] == told["image"]
    assert list(batch["uid"]) == told["uid"]
    assert list(batch["metadata"]) == told["metadata"]


def test_arrays_own_their_memory() -> None:
    data = bytearray()
    sink = io.BytesIO()
    RecordWriter(sink).write_frames([DENSE] * 100 + [SPARSE] * 0)
    data += sink.getvalue()
    (batch,) = decode(read_frames(data, "train"))
    data[:] = bytes(len(data))
    assert (np.asarray(batch["features"]) == [1, 2, 3]).all()
    assert (np.asarray(batch["label"]) == 1.5).all()
    assert np.asarray(batch["features"]).flags.writeable


def test_a_batch_has_at_most_so_many_rows() -> None:
    assert [batch.rows for batch in read(*[DENSE] * 10, rows=4)] == [4, 4, 2]


@pytest.mark.parametrize("block", [64, 300, 4096])
def test_columns_are_the_same_whatever_the_blocks(block: int) -> None:
    payloads = []
    for number in range(200):
        message = oracle.record()
        message.uid = "x" * (number % 7)
        tensor = message.features["values"].float32_tensor
        keys = range(number % 30)
        tensor.values.extend(keys)
        tensor.keys.extend(key * 900 for key in keys)
        tensor.shape.append(30_000)
        message.label["values"].int32_tensor.values.append(number - 100)
        payloads.append(message.SerializeToString(deterministic=True))
    whole, parts = one(*payloads), one(*payloads, block=block)
    for batch in (whole, parts):
        features = batch["features"]
        assert isinstance(features, Csr)
        assert features.columns == 30_000
        np.testing.assert_array_equal(np.diff(features.indptr), np.arange(200) % 30)
        expected = np.concatenate([np.arange(number % 30) for number in range(200)])
        np.testing.assert_array_equal(features.data, expected)
        np.testing.assert_array_equal(features.indices, expected * 900)
        np.testing.assert_array_equal(batch["label"], np.arange(200) - 100)
        assert list(batch["uid"]) == ["x" * (number % 7) for number in range(200)]


@pytest.mark.parametrize("block", [1 << 14, 1 << 20])
def test_sparse_rows_of_all_lengths_are_read_among_each_other(block: int) -> None:
    """Rows of nothing to thousands of numbers, so that lengths have one byte, two and three; and
    keys of one byte to nine."""
    chance = np.random.default_rng(5)
    counts = chance.choice([0, 1, 2, 30, 31, 32, 33, 300, 5000], 300, p=[0.12] * 8 + [0.04])
    indptr = np.concatenate(([0], np.cumsum(counts)))
    bits = chance.integers(0, 62, indptr[-1])
    rows = Csr(chance.random(indptr[-1]), np.left_shift(1, bits), indptr, 1 << 62)
    label = chance.integers(-9, 9, 300).astype("i4")
    sink = io.BytesIO()
    ProtobufFormat().write([Batch({"features": rows, "label": label})], sink)
    found = concatenated(list(decode(read_frames(sink.getvalue(), "all lengths", block=block))))
    assert_same(found, Batch({"features": rows, "label": label}))


@pytest.mark.parametrize("extra", range(5))
@pytest.mark.parametrize("count", [1, 40])
def test_lengths_may_have_more_bytes_than_they_need(count: int, extra: int) -> None:
    """As many as five; a template reads up to four."""

    def delimited(tag: int, content: bytes) -> bytes:
        length = [len(content) | 0x80, *[0x80] * (extra - 1), 0] if extra else [len(content)]
        return bytes([tag, *length]) + content

    counts = [number % 5 + 1 for number in range(count)]
    payloads = []
    for filled in counts:
        values = delimited(0x0A, bytes(4 * filled))
        keys = delimited(0x12, bytes(range(filled)))
        tensor = delimited(0x12, values + keys + b"\x1a\x01\x09")
        payloads.append(delimited(0x0A, b"\x0a\x06values" + delimited(0x12, tensor)))
    features = one(*payloads)["features"]
    assert isinstance(features, Csr)
    assert np.diff(features.indptr).tolist() == counts
    assert features.indices.tolist() == [key for filled in counts for key in range(filled)]


def test_dense_records_of_changing_length_are_one_matrix() -> None:
    payloads = [DENSE + b"\x1a" + bytes([len(str(n))]) + str(n).encode() for n in range(1200)]
    batch = one(*payloads)
    assert list(batch["uid"]) == [str(number) for number in range(1200)]
    np.testing.assert_array_equal(batch["features"], [[1, 2, 3]] * 1200)


def test_text_need_not_be_in_all_records() -> None:
    batch = one(DENSE, DENSE + b"\x1a\x02\xc3\xa9", DENSE + b"\x22\x00")
    assert list(batch["uid"]) == [None, "é", None]
    assert list(batch["metadata"]) == [None, None, ""]
    assert "uid" not in one(DENSE)


def test_features_of_other_names_are_columns_of_their_own() -> None:
    batch = one(
        *[
            entry(floats(1.0), b"age")
            + entry(floats(2.0), b"label")
            + entry(floats(3.0), field=2)
            + entry(floats(4.0, 5.0), b"b", field=2)
        ]
        * 3
    )
    assert list(batch) == ["age", "features:label", "label", "label:b"]
    assert [column.shape for column in batch.values()] == [(3,), (3,), (3,), (3, 2)]


@pytest.mark.parametrize("times", [1, 9])
def test_bytes_are_objects_and_several_are_rows_of_them(times: int) -> None:
    one_value = b"\x4a\x04\x0a\x02ab"
    two_values = b"\x4a\x06\x0a\x01x\x0a\x01y"
    text = b"\x4a\x1e\x0a\x01z\x12\x19text/plain; charset=utf-8"
    batch = one(*[entry(one_value, b"i") + entry(two_values, b"j") + entry(text, b"k")] * times)
    assert list(batch["i"]) == [b"ab"] * times
    assert np.asarray(batch["j"]).tolist() == [[b"x", b"y"]] * times
    assert list(batch["k"]) == ["z"] * times


def test_a_tensor_keeps_its_shape() -> None:
    message = oracle.record()
    message.features["values"].int32_tensor.values.extend([1, -1, 300, 4, 5, 6])
    message.features["values"].int32_tensor.shape.extend([2, 3])
    batch = one(*[message.SerializeToString()] * 5)
    np.testing.assert_array_equal(batch["features"], [[[1, -1, 300], [4, 5, 6]]] * 5)


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        (b"\x12\x0a\x0d\x00\x00\x80\x3f\x0d\x00\x00\x00\x40", [1, 2]),  # unpacked
        (b"\x12\x0b\x0d\x00\x00\x80\x3f\x0a\x04\x00\x00\x00\x40", [1, 2]),  # both
        (b"\x12\x09\x0a\x00\x0a\x04\x00\x00\x80\x3f\x0a", None),  # cut off
        (b"\x3a\x04\x08\x01\x08\x02", [1, 2]),
        (b"\x3a\x07\x0a\x05\xff\xff\xff\xff\x0f", [-1]),  # negative, in five bytes
        (b"\x3a\x0c\x0a\x0a\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", [-2]),  # and in ten
        (b"\x3a\x03\x0a\x01\x05\x12\x06\x0a\x04\x00\x00\x80\x3f", [1]),  # the last of oneof
        (b"\x12\x06\x0a\x04\x00\x00\x80\x3f\x12\x06\x0a\x04\x00\x00\x00\x40", [1, 2]),  # joined
        (b"\x12\x0a\x70\x05\x7b\x7c\x0a\x04\x00\x00\x80\x3f", [1]),  # unknown varint and group
        (b"\x12\x0b\x7d\x01\x02\x03\x04\x0a\x04\x00\x00\x80\x3f", [1]),  # unknown 4 bytes
    ],
)
@pytest.mark.parametrize("count", [1, 40])
def test_fields_may_lie_as_they_like(
    features: bytes, expected: list[float] | None, count: int
) -> None:
    payload = entry(features)
    if expected is None:
        with pytest.raises(RecordError):
            one(*[payload] * count)
        return
    tensor = oracle.numbers(oracle.parsed(payload).features["values"])
    assert list(tensor.values) == expected
    np.testing.assert_array_equal(one(*[payload] * count)["features"], [expected] * count)


def test_the_last_of_a_name_counts_and_its_value_may_come_first() -> None:
    swapped = b"\x0a\x12\x12\x08\x12\x06\x0a\x04\x00\x00\x00\x40\x0a\x06values"
    batch = one(entry(floats(1.0)) + swapped)
    np.testing.assert_array_equal(batch["features"], [[2]])
    np.testing.assert_array_equal(one(swapped, swapped)["features"], [[2], [2]])


@pytest.mark.parametrize(
    ("payload", "what"),
    [
        (b"\x0a\x05\x0a\x06val", "5 bytes, and|has 6 bytes"),
        (b"\x08\x01", "is a varint, and should be a length"),
        (b"\x00\x01", "begins no field"),
        (b"\x0e\x01", "begins no field"),
        (b"\x0c", "a group ends"),
        (b"\x7b\x08\x01", "cut off"),
        (b"\x7b\x84\x01", "never began"),
        (b"\x1a\x02\xff\xff", "UTF-8"),
        (b"\x70\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "more than ten bytes"),
        (b"\x70\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "more than 64 bits"),
        (b"\x0a\x08\x0a\x06values", "no tensor"),
        (entry(b"\x12\x05\x0a\x03\x00\x00\x00"), "no whole float32s"),
        (entry(b"\x3a\x03\x0a\x01\x80"), "cut off"),
        (entry(b"\x12\x07\x0d\x00\x00\x80\x3f\x08\x01"), "should be 4 bytes"),
        (entry(b"\x12\x09\x0a\x04\x00\x00\x80\x3f\x12\x01\x80"), "cut off"),
        (entry(b"\x12\x0c\x0a\x04\x00\x00\x80\x3f\x12\x01\x04\x1a\x01\x04"), "the key 4"),
        (entry(b"\x12\x0d\x0a\x04\x00\x00\x80\x3f\x12\x02\x01\x02\x1a\x01\x04"), "1 values and 2"),
        (entry(b"\x12\x09\x0a\x04\x00\x00\x80\x3f\x1a\x01\x02"), r"shape is \[2\]"),
        (b"", "empty"),
        (entry(floats(1.0, 2.0)) + LABEL, r"shape \[2\], and \[3\]"),
        (entry(floats(1.0, 2.0, 3.0, kind=3)) + LABEL, "float64, and float32"),
        (SPARSE + LABEL, "sparse, and dense"),
        (DENSE[:28], "it has no 'label'"),
        (DENSE + entry(floats(1.0), b"more"), "'more', which the records before it do not"),
        (entry(b"\x4a\x02\x0a\x00") + LABEL, "bytes, and float32"),
    ],
)
@pytest.mark.parametrize("before", [1, 3, 200])
def test_a_fault_names_its_record(payload: bytes, what: str, before: int) -> None:
    good = [DENSE] * before
    if "key" in what or "values and" in what or "is \\[2\\]" in what:
        good = [SPARSE] * before
    with pytest.raises(RecordError, match=what) as caught:
        read(*good, payload, *good)
    assert caught.value.source == "train.pbr"
    assert caught.value.index == before
    assert caught.value.offset == before * ((len(good[0]) + 11) // 4 * 4)


def test_the_records_before_a_fault_come_first() -> None:
    sink = io.BytesIO()
    RecordWriter(sink).write_frames([DENSE] * 5 + [b"\x0a"] + [DENSE] * 2)
    batches = ProtobufFormat().batches(sink.getvalue(), "train", rows=100)
    assert next(batches).rows == 5
    with pytest.raises(RecordError):
        next(batches)


@pytest.mark.parametrize(
    ("on_fault", "rows", "says"),
    [(OnFault.SKIP, 7, ["left out"] * 2), (OnFault.STOP, 3, ["reading ends before it"])],
)
def test_faults_are_left_out_or_end_the_pass(
    on_fault: OnFault, rows: int, says: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    payloads = [DENSE] * 3 + [b"\x08\x01"] + [DENSE] * 2 + [SPARSE] + [DENSE] * 2
    with caplog.at_level(logging.WARNING):
        batch = one(*payloads, on_fault=on_fault)
    assert batch.rows == rows
    assert len(caplog.messages) == len(says)
    for message, end in zip(caplog.messages, says, strict=True):
        assert message.startswith("train.pbr, record ")
        assert message.endswith(end)


def test_a_sparse_row_that_says_no_width_is_as_wide_as_the_others() -> None:
    bare = entry(b"\x12\x09\x0a\x04\x00\x00\x80\x3f\x12\x01\x02")
    features = one(SPARSE, bare, SPARSE)["features"]
    assert features.shape == (3, 4)
    assert one(bare, bare)["features"].shape == (2, 3)
    with pytest.raises(RecordError, match="width"):
        one(SPARSE, ALL_ZERO[:-1] + b"\x05")


def test_records_come_one_by_one() -> None:
    sink = io.BytesIO()
    RecordWriter(sink).write_frames([DENSE] * 3)
    records = list(ProtobufFormat().records(sink.getvalue(), "train"))
    assert len(records) == 3
    assert records[0]["label"] == 1.5
    np.testing.assert_array_equal(records[2]["features"], [1, 2, 3])
