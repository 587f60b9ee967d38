"""Sizes of data and of memory."""

from __future__ import annotations

import pytest

from sm_container.harness.sizes import memory, size


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_499, "999.5 kB"),
        (26_100_000, "26.1 MB"),
        (5 * 10**12, "5.0 TB"),
        (7 * 10**15, "7000.0 TB"),
    ],
)
def test_size(count: int, shown: str) -> None:
    assert size(count) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (64 << 20, "64 MiB"),
        (1 << 30, "1 GiB"),
        (31 * 2**29, "15.5 GiB"),
        (1152 << 30, "1152 GiB"),
    ],
)
def test_memory(count: int, shown: str) -> None:
    assert memory(count) == shown
