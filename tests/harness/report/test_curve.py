"""Curves: few points of many values, and no extreme lost."""

from __future__ import annotations

import math

from sm_container.harness.report.curve import Curve


def test_few_values_stay_as_they_are() -> None:
    curve = Curve("algo-1")
    for moment, value in [(1, 5.0), (3, 2.0), (2, 9.0)]:
        curve.add(moment, value)

    assert curve.points == [(1, 5.0), (2, 9.0), (3, 2.0)]
    assert (curve.count, curve.last, curve.least, curve.largest) == (3, 9.0, 2.0, 9.0)


def test_of_many_values_the_extremes_and_the_ends_stay() -> None:
    curve = Curve("algo-1")
    for moment in range(100_000):
        curve.add(moment, {70_001: 1e6, 3: -1e6}.get(moment, math.sin(moment / 9000)))

    assert curve.count == 100_000
    assert len(curve.points) < 1200
    assert (70_001, 1e6) in curve.points
    assert (3, -1e6) in curve.points
    assert curve.points[-1][0] > 99_000


def test_a_level_line_keeps_its_length() -> None:
    curve = Curve("algo-1")
    for moment in range(1200):
        curve.add(moment, 1.0)

    assert (curve.points[0][0], curve.points[-1][0]) == (0, 1199)


def test_what_cannot_be_drawn_is_counted() -> None:
    curve = Curve("algo-1")
    for value in (math.nan, math.inf, -math.inf, 1e308, 1.0):
        curve.add(0, value)

    assert (curve.count, curve.left_out, curve.points) == (5, 4, [(0, 1.0)])
