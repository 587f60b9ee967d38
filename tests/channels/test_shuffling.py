from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sm_container.channels.shuffling import (
    WINDOW_BATCHES,
    permuted,
    shuffled_batches,
    shuffled_records,
)
from sm_container.records.batch import Batch
from tests.records.sources import concatenated

seeds = st.integers(0, 2**63)


def batches(rows: int, size: int) -> list[Batch]:
    whole = Batch({"x": np.arange(rows)})
    return [whole.slice(at, min(rows, at + size)) for at in range(0, rows, size)]


@given(st.integers(0, 50), seeds, st.integers(0, 1000))
def test_files_are_all_there_and_in_one_order(count: int, seed: int, number: int) -> None:
    files = [str(n) for n in range(count)]
    order = permuted(files, seed, number)
    assert sorted(order) == sorted(files)
    assert order == permuted(files, seed, number)


@given(st.integers(0, 300), st.integers(1, 20), st.integers(1, 50), seeds)
def test_rows_depend_on_the_data_and_not_on_how_it_came(
    count: int, rows: int, size: int, seed: int
) -> None:
    found = list(shuffled_batches(batches(count, size), rows, seed, 3, 0))
    again = list(shuffled_batches(batches(count, 7), rows, seed, 3, 0))
    assert [batch["x"].tolist() for batch in found] == [batch["x"].tolist() for batch in again]  # type: ignore[union-attr]
    assert all(batch.rows == rows for batch in found[:-1])
    if found:
        order = concatenated(found)["x"].tolist()  # type: ignore[union-attr]
        assert sorted(order) == list(range(count))
        window = rows * WINDOW_BATCHES
        assert [at // window for at in order] == [at // window for at in range(count)]


def test_each_pass_seed_and_worker_has_its_own_order() -> None:
    def order(seed: int, number: int, worker: int) -> tuple[int, ...]:
        return tuple(shuffled_records(range(100), seed, number, worker))

    orders = {order(*each) for each in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]}
    assert len(orders) == 4
    assert permuted(range(100), 0, 0) != permuted(range(100), 0, 1)


def test_big_records_make_a_small_window() -> None:
    """The window is in memory: of a thousand images it would be gigabytes."""
    taken = 0

    def images() -> object:
        nonlocal taken
        for _ in range(100):
            taken += 1
            yield {"data": bytes(16 << 20)}

    shuffled = shuffled_records(images(), 0, 0, 0)  # type: ignore[arg-type]
    assert len(next(iter(shuffled))["data"]) == 16 << 20  # type: ignore[index]
    assert taken < 8
