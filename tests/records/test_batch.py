"""Batches and sparse rows: slices, joins, and batches of exactly so many rows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sm_container.records.batch import Batch, rebatched
from sm_container.records.csr import Csr, CsrRoom, stacked
from sm_container.records.errors import FormatError, RecordError
from tests.records.sources import assert_same_column, concatenated


def sparse(dense: np.ndarray) -> Csr:
    indices = [np.flatnonzero(row) for row in dense]
    return Csr(
        np.concatenate([row[at] for row, at in zip(dense, indices, strict=True)]),
        np.concatenate(indices).astype(np.int64),
        np.concatenate(([0], np.cumsum([len(at) for at in indices]))).astype(np.int64),
        dense.shape[1],
    )


@pytest.mark.parametrize("at_once", [0, 1 << 20])
@given(st.lists(st.integers(0, 7), max_size=12), st.integers(1, 9))
def test_rows_that_are_lent_are_copied(at_once: int, sizes: list[int], rows: int) -> None:
    """With room for all rows of a batch at once, and where that would be too much."""
    memory = np.empty((7, 2))

    def lent() -> Iterator[Batch]:
        start = 0
        for size in sizes:
            memory[:size] = np.arange(start, start + size)[:, None]
            start += size
            yield Batch({"features": memory[:size]})
            memory[:] = -1
        raise RecordError("damaged")

    found: list[Batch] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sm_container.records.batch._AT_ONCE", at_once)
        with pytest.raises(RecordError):
            found.extend(rebatched(lent(), rows, are_lent=True))
    assert [batch.rows for batch in found[:-1]] == [rows] * (len(found) - 1)
    values = [value for batch in found for value in np.asarray(batch["features"])[:, 1].tolist()]
    assert values == list(range(sum(sizes)))


@pytest.mark.parametrize("are_lent", [False, True])
@given(
    st.lists(st.integers(0, 7), max_size=30), st.integers(1, 9), st.lists(st.booleans(), min_size=1)
)
def test_batches_that_are_kept_stay_as_they_are(
    are_lent: bool, sizes: list[int], rows: int, keeps: list[bool]
) -> None:
    """Where those that are not kept give their memory to the ones after them."""
    starts = np.concatenate(([0], np.cumsum(sizes))).astype(int).tolist()
    parts = (
        Batch({"features": np.arange(start, start + size)[:, None].repeat(4, axis=1)})
        for start, size in zip(starts, sizes, strict=False)
    )
    kept: list[tuple[int, np.ndarray]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sm_container.records.pool._HUGE_PAGE", 4096)
        patch.setattr("sm_container.records.pool._SMALLEST", 0)
        for number, batch in enumerate(rebatched(parts, rows, are_lent=are_lent)):
            if keeps[number % len(keeps)]:
                kept.append((number * rows, np.asarray(batch["features"])[:, 1:]))
            del batch
    for start, values in kept:
        assert values.tolist() == [[row] * 3 for row in range(start, start + len(values))]


def test_the_memory_of_one_batch_is_that_of_the_next_but_one() -> None:
    parts = [Batch({"features": np.full((500, 300), number)}) for number in range(40)]
    places = set()
    for batch in rebatched(parts, 2000):
        places.add(np.asarray(batch["features"]).__array_interface__["data"][0])
        del batch
    assert len(places) <= 2


@given(st.lists(st.integers(0, 7), max_size=12), st.integers(1, 9))
def test_rebatched_keeps_every_row_in_order(sizes: list[int], rows: int) -> None:
    total = sum(sizes)
    starts = np.concatenate(([0], np.cumsum(sizes))).astype(int)
    given = [
        Batch({"label": np.arange(start, start + size)})
        for start, size in zip(starts, sizes, strict=False)
    ]
    batches = list(rebatched(given, rows))
    assert [batch.rows for batch in batches[:-1]] == [rows] * (len(batches) - 1)
    assert sum(batch.rows for batch in batches) == total
    assert [x for batch in batches for x in batch["label"]] == list(range(total))


@pytest.mark.parametrize("at_once", [0, 1 << 20])
@given(st.lists(st.lists(st.integers(0, 9), max_size=6), max_size=12), st.integers(1, 9))
def test_sparse_rows_are_put_together_in_order(
    at_once: int, parts: list[list[int]], rows: int
) -> None:
    """Where later rows have as many numbers as those before, or more than there is room for."""
    counts = np.array([count for part in parts for count in part], np.int64)
    indptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    numbers = np.arange(indptr[-1])
    whole = Csr(numbers.astype("f4"), numbers[::-1], indptr, 40)
    edges = np.cumsum([0, *map(len, parts)]).tolist()
    given = [
        Batch({"features": whole.rows(start, stop)})
        for start, stop in itertools.pairwise(edges)
        if start < stop
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sm_container.records.batch._AT_ONCE", at_once)
        found = list(rebatched(given, rows, are_lent=True))
    for number, batch in enumerate(found):
        assert_same_column(
            batch["features"], whole.rows(number * rows, min((number + 1) * rows, len(counts)))
        )
    assert sum(batch.rows for batch in found) == len(counts)


def test_sparse_rows_that_grow_longer_find_room() -> None:
    parts = [
        Csr(np.full(5 * n, n, "f4"), np.arange(5 * n) % n, np.arange(6) * n, 1 << n)
        for n in range(1, 20)
    ]
    room = CsrRoom(5 * len(parts), np.dtype("f4"), 0)
    for part in parts:
        room.add(part)
    assert_same_column(room.csr(), stacked(parts))


def test_sparse_rows_of_another_dtype_or_none_are_told_apart() -> None:
    ones, twos = sparse(np.eye(2)), sparse(2 * np.eye(2, dtype="f4"))
    joined = concatenated([Batch({"a": part}) for part in (ones, ones, twos, ones)])["a"]
    assert_same_column(joined, stacked([ones, ones, twos, ones]))
    rows = [Batch({"a": ones, "b": np.zeros(2)}), Batch({"a": ones, "b": np.zeros(2)})]
    with pytest.raises(FormatError, match="'a' is in some batches only"):
        concatenated([*rows, Batch({"b": np.zeros(2)})])


def test_sparse_rows_slice_take_and_stack() -> None:
    rng = np.random.default_rng(3)
    dense = rng.random((20, 7)) * (rng.random((20, 7)) < 0.3)
    dense[4] = 0
    csr = sparse(dense)
    np.testing.assert_array_equal(csr.to_dense(), dense)
    np.testing.assert_array_equal(csr.rows(3, 9).to_dense(), dense[3:9])
    order = rng.permutation(20)
    np.testing.assert_array_equal(csr.take(order).to_dense(), dense[order])
    np.testing.assert_array_equal(
        stacked([csr.rows(0, 5), csr.rows(5, 5), csr.rows(5, 20)]).to_dense(), dense
    )


def test_batches_of_other_columns_are_not_joined() -> None:
    with pytest.raises(FormatError, match="in some batches only"):
        concatenated([Batch({"a": np.zeros(1)}), Batch({"b": np.zeros(1)})])
    with pytest.raises(FormatError, match="sparse in some"):
        concatenated([Batch({"a": np.zeros((1, 2))}), Batch({"a": sparse(np.eye(2))})])


def test_text_that_some_batches_lack_is_none_there() -> None:
    text = np.array(["x", "y"], object)
    parts = [Batch({"a": np.zeros(2)}), Batch({"a": np.ones(2), "uid": text})]

    assert list(concatenated(parts)["uid"]) == [None, None, "x", "y"]
    assert list(concatenated(parts[::-1])["uid"]) == ["x", "y", None, None]


def test_lists_of_one_length_are_joined_with_lists_of_several() -> None:
    ragged = np.empty(2, object)
    ragged[:] = [np.array([1.0]), None]
    (joined,) = concatenated([Batch({"a": np.eye(2)}), Batch({"a": ragged})]).values()

    assert [None if row is None else row.tolist() for row in joined] == [[1, 0], [0, 1], [1], None]
    with pytest.raises(FormatError, match="rows of the shapes"):
        concatenated([Batch({"a": np.eye(2)}), Batch({"a": np.eye(3)})])


def test_columns_of_two_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        Batch({"a": np.zeros(1), "b": np.zeros(2)})


def test_a_missing_column_names_those_there_are() -> None:
    with pytest.raises(KeyError, match="its columns: a"):
        Batch({"a": np.zeros(1)})["label"]
