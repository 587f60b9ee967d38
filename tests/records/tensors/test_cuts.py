"""Parts of many records are cut out right however they lie, and into memory of their own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sm_container.records.errors import RecordError
from sm_container.records.protobuf.varints import decode_varints, encode_varints, varint
from sm_container.records.tensors.cuts import Cut, cut, evenly, texts


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40)), min_size=1, max_size=30),
    st.booleans(),
    st.integers(1, 40),
)
def test_cuts_are_the_bytes_one_after_another(
    gaps_and_sizes: list[tuple[int, int]], is_backward: bool, scale: int
) -> None:
    starts, sizes, at = [], [], 0
    for gap, size in gaps_and_sizes:
        starts.append(at + gap)
        sizes.append(size * scale)
        at += gap + size * scale
    data = np.random.default_rng(1).integers(0, 256, at + 1).astype(np.uint8)
    step = -1 if is_backward else 1
    places = np.array(starts, np.int64)[::step], np.array(sizes, np.int64)[::step]
    found = cut(data, *places)
    expected = b"".join(
        data[start : start + size].tobytes() for start, size in zip(*places, strict=True)
    )
    assert found.items.tobytes() == expected
    assert not np.shares_memory(found.items, data)


def test_even_cuts_are_columns() -> None:
    data = np.arange(60, dtype=np.uint8)
    found = evenly(data, 3, 10, 5, 4, np.dtype("<u4"))
    assert found.tobytes() == data.reshape(6, 10)[:5, 3:7].tobytes()
    assert found.dtype == np.uint32
    assert np.shares_memory(found, data)
    whole = Cut(evenly(data, 0, 4, 15, 4), np.full(15, 4)).flat
    assert whole.tobytes() == data.tobytes()
    assert not np.shares_memory(whole, data)


@given(st.lists(st.lists(st.integers(0, (1 << 64) - 1), max_size=6), min_size=1, max_size=9))
def test_varints_come_back(rows: list[list[int]]) -> None:
    flat = np.array([number for row in rows for number in row], np.uint64)
    encoded, sizes = encode_varints(flat)
    assert encoded.tobytes() == b"".join(map(varint, flat.tolist()))
    assert sizes.sum() == len(encoded)
    of_rows = [sum(len(varint(number)) for number in row) for row in rows]
    numbers, counts = decode_varints(Cut(encoded, np.array(of_rows, np.int64)))
    assert numbers.tolist() == flat.tolist()
    assert counts.tolist() == list(map(len, rows))


def test_many_varints_of_all_lengths_come_back() -> None:
    flat = np.array([1 << shift for shift in range(64)] * 1000, np.uint64)
    encoded, _ = encode_varints(flat)
    numbers, counts = decode_varints(Cut(encoded, np.array([len(encoded)])))
    np.testing.assert_array_equal(numbers, flat)
    assert counts.tolist() == [len(flat)]


@pytest.mark.parametrize(
    ("data", "sizes"),
    [
        (b"\x80", [1]),
        (b"\x01\x80\x01", [2, 1]),
        (b"\xff" * 10 + b"\x01", [11]),
        (b"\xff" * 9 + b"\x02", [10]),
    ],
)
def test_what_is_no_varint_is_a_fault(data: bytes, sizes: list[int]) -> None:
    with pytest.raises(RecordError):
        decode_varints(Cut(np.frombuffer(data, np.uint8), np.array(sizes)))


def test_texts_of_all_alphabets_are_cut_at_their_bytes() -> None:
    data = np.frombuffer("aé✓".encode(), np.uint8)
    assert texts(Cut(data, np.array([1, 0, 2, 3]))).tolist() == ["a", "", "é", "✓"]
    with pytest.raises(RecordError, match="UTF-8"):
        texts(Cut(data, np.array([2, 4])))
