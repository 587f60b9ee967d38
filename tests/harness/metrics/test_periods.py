"""Values in periods, as CloudWatch's statistics have them."""

from __future__ import annotations

import math
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from sm_container.harness.metrics.periods import Period, Value, periods, values
from sm_container.harness.store.folder import JobFolder


def value(timestamp: float, number: float) -> Value:
    return Value("algo-1", "loss", timestamp, number)


def test_periods_begin_at_multiples_of_their_length() -> None:
    found = periods([value(59.9, 1), value(60.0, 2), value(119.0, 4), value(0.5, 8)], 60)
    assert found == [Period(0, 2, 9.0, 1.0, 8.0), Period(60, 2, 6.0, 2.0, 4.0)]
    assert [each.average for each in found] == [4.5, 3.0]


def test_what_is_not_finite_is_in_no_period() -> None:
    assert periods([value(1, math.nan), value(1, math.inf), value(2, 3)]) == [
        Period(2, 1, 3.0, 3.0, 3.0)
    ]
    assert periods([]) == []


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(-1000, 1000))), st.sampled_from([1, 60])
)
def test_nothing_is_lost_between_periods(pairs: list[tuple[int, int]], seconds: int) -> None:
    found = periods([value(moment / 1000, number) for moment, number in pairs], seconds)
    assert sum(each.sample_count for each in found) == len(pairs)
    assert sum(each.sum for each in found) == sum(number for _, number in pairs)
    assert [each.start for each in found] == sorted({each.start for each in found})
    assert all(each.start % seconds == 0 for each in found)
    assert all(each.minimum <= each.average <= each.maximum for each in found)


def test_a_series_whose_writer_is_within_a_line(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path)
    folder.metrics("algo-1").parent.mkdir()
    folder.metrics("algo-1").write_bytes(
        b'{"Timestamp":1.0,"MetricName":"loss","Value":"NaN"}\n{"Timestamp":2.0,"MetricName":"lo'
    )
    [only] = values(folder)
    assert math.isnan(only.value)
    assert list(values(folder, host="algo-7")) == []
    assert list(values(JobFolder(tmp_path / "none"))) == []
