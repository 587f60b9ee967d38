"""Ticks: round, apart, around every value, whatever the values are."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sm_container.harness.report.scale import DRAWABLE, time_scale, value_scale

VALUES = st.floats(-DRAWABLE, DRAWABLE, allow_nan=False)


def texts(scale: object) -> list[str]:
    return [tick.text for tick in scale.ticks]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([0, 100], ["0", "20", "40", "60", "80", "100"]),
        ([0.3, 2.4], ["0", "0.5", "1", "1.5", "2", "2.5"]),
        ([-1, 1], ["-1", "-0.5", "0", "0.5", "1"]),
        ([1000.1, 1000.2], ["1000.1", "1000.12", "1000.14", "1000.16", "1000.18", "1000.2"]),
    ],
)
def test_round_values(values: list[float], said: list[str]) -> None:
    assert texts(value_scale(values)) == said


@pytest.mark.parametrize("value", [0.0, 5.0, -3e-9, 1e300, 5e-324])
def test_one_value_has_room_around_it(value: float) -> None:
    scale = value_scale([value, value])
    assert scale.low < value < scale.high


@given(st.lists(VALUES, min_size=1, max_size=5))
def test_any_values_stand_between_ticks_that_can_be_told_apart(values: list[float]) -> None:
    scale = value_scale(values)
    assert all(-1e-9 <= scale.share(value) <= 1 + 1e-9 for value in values)
    assert 2 <= len(scale.ticks) <= 10
    assert len(set(texts(scale))) == len(scale.ticks)
    assert all(math.isfinite(tick.at) for tick in scale.ticks)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0, 1, ["0 s", "0.2 s", "0.4 s", "0.6 s", "0.8 s", "1 s"]),
        (0, 100, ["0 s", "20 s", "40 s", "60 s", "80 s", "100 s"]),
        (0, 600, ["0 min", "2 min", "4 min", "6 min", "8 min", "10 min"]),
        (1800, 18_000, ["1 h", "2 h", "3 h", "4 h", "5 h"]),
        (0, 864_000, ["0 d", "2 d", "4 d", "6 d", "8 d", "10 d"]),
    ],
)
def test_times_are_round_in_their_unit(low: float, high: float, said: list[str]) -> None:
    assert texts(time_scale(low, high)) == said


@given(st.floats(-1e9, 1e9), st.floats(0, 1e9))
def test_any_times(low: float, length: float) -> None:
    scale = time_scale(low, low + length)
    assert scale.low < scale.high
    assert len(scale.ticks) <= 10
    assert all(-1e-6 <= scale.share(tick.at) <= 1 + 1e-6 for tick in scale.ticks)
