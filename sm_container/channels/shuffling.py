"""The order of a shuffled pass: files permuted, and rows within a window. The same for a seed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np

from sm_container.records.batch import Batch, rebatched

T = TypeVar("T")

WINDOW_BATCHES = 8
"""How many batches are in memory and mixed with one another."""
WINDOW_RECORDS = 1024
"""How many single records are, at most,"""
WINDOW_BYTES = 64 << 20
"""and how many bytes of objects in them, about."""

Shuffle = int | tuple[int, int]
"""A seed, for another order in each pass; or a seed and a number, for the order of that pass."""

_FILES, _ROWS = 0, 1


def order_of(shuffle: Shuffle, number: int) -> tuple[int, int]:
    """The seed and the number that make the order of the pass ``number`` of this process."""
    return shuffle if isinstance(shuffle, tuple) else (shuffle, number)


def require_shuffle(shuffle: object) -> None:
    """Raise ValueError for what is no Shuffle."""
    parts = shuffle if isinstance(shuffle, tuple) else (shuffle,)
    is_pair = not isinstance(shuffle, tuple) or len(shuffle) == 2
    if is_pair and all(type(part) is int and part >= 0 for part in parts):
        return
    raise ValueError(
        f"shuffle is {shuffle!r}; give a seed from 0 on, a pair of a seed and an epoch, or None"
    )


def permuted(files: Sequence[T], seed: int, number: int) -> list[T]:
    """The files in the order of pass ``number``, the same in each of a host's workers."""
    order = np.random.default_rng((seed, number, _FILES)).permutation(len(files))
    return [files[place] for place in order]


def shuffled_batches(
    batches: Iterable[Batch], rows: int, seed: int, number: int, worker: int
) -> Iterator[Batch]:
    """Batches of ``rows`` rows, each row from anywhere in a window of eight batches."""
    random = np.random.default_rng((seed, number, _ROWS, worker))
    for window in rebatched(batches, rows * WINDOW_BATCHES):
        order = random.permutation(window.rows)
        for start in range(0, window.rows, rows):
            yield window.take(order[start : start + rows])


def shuffled_records(records: Iterable[T], seed: int, number: int, worker: int) -> Iterator[T]:
    """The records, each from anywhere in a window of 1024, or of about 64 MiB of bytes."""
    random = np.random.default_rng((seed, number, _ROWS, worker))
    window: list[T] = []
    size = 0
    for record in records:
        window.append(record)
        size += _bytes_of(record)
        if len(window) == WINDOW_RECORDS or size >= WINDOW_BYTES:
            yield from _mixed(window, random)
            window, size = [], 0
    yield from _mixed(window, random)


def _mixed(window: Sequence[T], random: np.random.Generator) -> Iterator[T]:
    return (window[place] for place in random.permutation(len(window)))


def _bytes_of(record: object) -> int:
    if not isinstance(record, Mapping):
        return 0
    return sum(len(value) for value in record.values() if isinstance(value, bytes))
