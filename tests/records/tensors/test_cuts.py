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
    st.integers(0, 2000),
    st.sampled_from(["u1", "<f4", "<f8"]),
    st.integers(0, 9),
)
def test_cuts_are_the_bytes_one_after_another(
    gaps_and_sizes: list[tuple[int, int]],
    is_backward: bool,
    scale: int,
    longest: int,
    kind: str,
    rest: int,
) -> None:
    """Of much the same size, and with one that is much longer; up to the last byte and before."""
    dtype = np.dtype(kind)
    starts, sizes, at = [], [], 0
    for gap, size in [*gaps_and_sizes, (0, longest // scale), (1, 1)]:
        starts.append(at + gap)
        sizes.append(size * scale * dtype.itemsize)
        at += gap + sizes[-1]
    data = np.random.default_rng(1).integers(0, 256, at + rest).astype(np.uint8)
    step = -1 if is_backward else 1
    places = np.array(starts, np.int64)[::step], np.array(sizes, np.int64)[::step]
    found = cut(data, *places, dtype)
    expected = b"".join(
        data[start : start + size].tobytes() for start, size in zip(*places, strict=True)
    )
    assert found.items.tobytes() == expected
    assert found.items.dtype == dtype
    assert found.sizes.tolist() == places[1].tolist()
    assert found.items.flags.writeable
    assert found.items.flags.aligned
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
    found = Cut(encoded, np.array(of_rows, np.int64))
    lengths = list(map(len, rows))
    for likely in (None, lengths, lengths[::-1], [0] * len(rows), [len(flat)] * len(rows)):
        guess = None if likely is None else np.array(likely, np.int64)
        numbers, counts = decode_varints(found, guess)
        assert numbers.tolist() == flat.tolist()
        assert counts.tolist() == lengths


def test_many_varints_of_all_lengths_come_back() -> None:
    flat = np.array([1 << shift for shift in range(64)] * 1000, np.uint64)
    encoded, _ = encode_varints(flat)
    numbers, counts = decode_varints(Cut(encoded, np.array([len(encoded)])))
    np.testing.assert_array_equal(numbers, flat)
    assert counts.tolist() == [len(flat)]


@pytest.mark.parametrize("length", range(1, 11))
@pytest.mark.parametrize("other", range(1, 11))
def test_varints_of_two_lengths_stand_side_by_side(length: int, other: int) -> None:
    pairs = [_largest(length), _largest(other), 0, _largest(other), _largest(length)]
    flat = np.array(pairs, np.uint64)
    encoded, sizes = encode_varints(flat)
    assert sizes.tolist() == [length, other, 1, other, length]
    numbers, counts = decode_varints(
        Cut(encoded, np.array([0, length + other, 0, len(encoded) - length - other]))
    )
    assert numbers.tolist() == flat.tolist()
    assert counts.tolist() == [0, 2, 0, 3]


def _largest(length: int) -> int:
    """The largest number whose varint has so many bytes."""
    return (1 << min(64, 7 * length)) - 1


@pytest.mark.parametrize("length", range(2, 11))
def test_a_varint_may_be_longer_than_it_need_be(length: int) -> None:
    data = (b"\x85" + b"\x80" * (length - 2) + b"\x00" + b"\xac\x02") * 3
    numbers, counts = decode_varints(Cut(np.frombuffer(data, np.uint8), np.array([len(data)])))
    assert numbers.tolist() == [5, 300] * 3
    assert counts.tolist() == [6]


def test_a_number_of_too_many_bits_is_found_wherever_it_stands() -> None:
    flat = np.full(70_000, 1 << 30, np.uint64)
    encoded, _ = encode_varints(flat)
    for number in (0, 35_000, 69_999):
        for bad in (b"\xff" * 9 + b"\x02", b"\x80" * 10 + b"\x00"):
            at = number * 5
            data = encoded.tobytes()[:at] + bad + encoded.tobytes()[at:]
            with pytest.raises(RecordError, match="64 bits"):
                decode_varints(Cut(np.frombuffer(data, np.uint8), np.array([len(data)])))


@pytest.mark.parametrize(
    ("data", "sizes"),
    [
        (b"\x80", [1]),
        (b"\x01\x80\x01", [2, 1]),
        (b"\x80\x80\x80\x80\x01\x80", [5, 1]),
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
