"""Tallies: part by part they say what all values say at once."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from sm_container.harness.metrics.tally import Tally

values = st.lists(st.tuples(st.floats(), st.none() | st.floats(0, 1e9)), max_size=8)


def tally(pairs: list[tuple[float, float | None]]) -> Tally:
    moments = [moment for _, moment in pairs]
    return Tally.of(list(enumerate(value for value, _ in pairs)), moments.__getitem__)


def test_values_with_nan_and_inf_among_them() -> None:
    assert tally([(math.nan, 1.0), (3.0, 2.0), (1.0, 3.0), (2.0, 4.0), (math.inf, 5.0)]) == Tally(
        count=3, not_finite=2, last=2.0, minimum=1.0, maximum=3.0, first_at=2.0, last_at=4.0
    )


@settings(deadline=None)
@given(values, values)
def test_a_log_in_parts(
    one: list[tuple[float, float | None]], other: list[tuple[float, float | None]]
) -> None:
    whole, joined = tally(one + other), tally(one).followed_by(tally(other))
    assert joined.to_row()[:2] == whole.to_row()[:2]
    assert not whole.count or joined == whole
    assert Tally.from_row(joined.to_row()).to_row()[3:] == joined.to_row()[3:]


def test_of_two_hosts_the_later_value_is_the_last() -> None:
    early, late = tally([(1.0, 10.0), (2.0, 20.0)]), tally([(3.0, 5.0), (4.0, 30.0)])
    for both in (early.beside(late), late.beside(early)):
        assert (both.count, both.last, both.last_at, both.first_at) == (4, 4.0, 30.0, 5.0)
    assert early.beside(Tally()) == Tally().beside(early) == early


def test_at_one_time_the_second_host_has_the_last_word() -> None:
    one, other = tally([(1.0, 10.0)]), tally([(2.0, 10.0)])
    assert one.beside(other).last == 2.0
    assert tally([(1.0, None)]).beside(tally([(2.0, None)])).last == 2.0
