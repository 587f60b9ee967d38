"""Times at the beginning of lines."""

from __future__ import annotations

import pytest

from sm_container.harness.metrics.stamps import stamped


@pytest.mark.parametrize(
    ("line", "moment", "rest"),
    [
        (b"2023-11-14T22:13:20Z loss=1", 1_700_000_000.0, b"loss=1"),
        (b"2023-11-14T22:13:20.123Z loss=1", 1_700_000_000.123, b"loss=1"),
        (b"2023-11-14T22:13:20.123456789Z\tx", 1_700_000_000.123456, b"x"),
        (b"2023-11-14T23:13:20.5+01:00 algo-1 x", 1_700_000_000.5, b"algo-1 x"),
        (b"2023-11-14t22:13:20z  x", 1_700_000_000.0, b" x"),
    ],
)
def test_a_time_and_what_follows_it(line: bytes, moment: float, rest: bytes) -> None:
    assert stamped(line) == (pytest.approx(moment, abs=1e-6), rest)


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"loss=1", b"2023-11-14T22:13:20 no zone", b"2023-11-14T22:13:20Z"),
        *(b"2023-06-31T00:00:00Z x", b"2023-11-14 22:13:20Z x", b"0000-01-01T00:00:00Z x"),
        *(b"2023-11-14T22:13:20+99:00 x", b" 2023-11-14T22:13:20Z x"),
    ],
)
def test_what_is_no_time_is_part_of_the_line(line: bytes) -> None:
    assert stamped(line) == (None, line)
