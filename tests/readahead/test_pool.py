"""The pool: never more than it may have, buffers used again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sm_container.readahead.pool import FIRST, Pool, cost_of

MIB = 1 << 20


def test_a_buffer_is_used_again() -> None:
    pool = Pool(4 * MIB)
    first = pool.take(MIB)
    pool.give(first)
    assert pool.take(MIB - 5) is first


def test_spare_buffers_give_way_to_other_sizes() -> None:
    pool = Pool(4 * MIB)
    small = [pool.take(MIB) for _ in range(4)]
    for buffer in small:
        pool.give(buffer)
    assert len(pool.take(4 * MIB)) == 4 * MIB
    assert pool.peak == 4 * MIB


def test_what_is_not_there_is_not_given() -> None:
    pool = Pool(4 * MIB)
    pool.take(3 * MIB)  # takes a buffer of 4 MiB
    with pytest.raises(MemoryError, match="0 available"):
        pool.take(1)


@given(st.integers(min_value=1, max_value=8 * MIB))
def test_a_buffer_is_large_enough_and_not_twice_too_large(size: int) -> None:
    assert size <= cost_of(size) < max(16 << 10, 2 * size) + 1


def test_the_first_request_fits_exactly() -> None:
    assert cost_of(FIRST) == FIRST


@given(st.lists(st.integers(min_value=1, max_value=2 * MIB), max_size=60))
def test_the_memory_is_never_exceeded(sizes: list[int]) -> None:
    pool = Pool(8 * MIB)
    taken = []
    for size in sizes:
        while cost_of(size) > pool.available:
            pool.give(taken.pop(0))
        taken.append(pool.take(size))
        assert sum(map(len, taken)) == pool.used <= pool.peak <= 8 * MIB
