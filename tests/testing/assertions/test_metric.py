"""What is said of a metric that is not as it was to be."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sm_container.contract.metrics import MetricDefinition
from sm_container.testing import assert_metric

FALLING = {"validation:rmse": [0.9, 0.5, 0.3]}
DEFINED = MetricDefinition("validation:rmse", r"rmse=(\S+)")


def seen(metrics: dict[str, list[float]], *definitions: MetricDefinition) -> Any:
    return SimpleNamespace(
        metrics=metrics, metric_definitions=definitions, where="its log: /jobs/a/log"
    )


@pytest.mark.parametrize(
    "holds",
    [
        {},
        {"below": 0.4, "above": 0.2, "approx": 0.3},
        {"approx": pytest.approx(0.31, abs=0.02)},
        {"decreasing": True, "count": 3},
    ],
)
def test_it_holds(holds: dict[str, Any]) -> None:
    assert assert_metric(FALLING, "validation:rmse", **holds) == [0.9, 0.5, 0.3]


def test_it_rises() -> None:
    assert_metric({"accuracy": [0.1, 0.1, 0.7]}, "accuracy", increasing=True)


@pytest.mark.parametrize(
    ("values", "wanted", "said"),
    [
        ([0.9, 0.4], {"below": 0.3}, "is 0.4 in the end, which is not below 0.3"),
        ([0.9, 0.4], {"above": 0.4}, "is 0.4 in the end, which is not above 0.4"),
        ([0.3000004], {"approx": 0.3}, "is 0.3000004 in the end, which is not near 0.3"),
        ([0.5], {"approx": pytest.approx(0.3, abs=0.1)}, "not near 0.3 ± 0.1"),
        ([0.9, 0.4, 0.5], {"decreasing": True}, "not decreasing: value 3 is 0.5 after 0.4"),
        ([0.4, 0.4], {"decreasing": True}, "not decreasing: all values are 0.4"),
        ([0.4], {"increasing": True}, "has 1 values, of which none can be increasing"),
        ([1, 2, 1], {"increasing": True}, "not increasing: value 3 is 1 after 2"),
        ([1, 2], {"count": 3}, "has 2 values, not 3"),
        ([float("nan")], {"below": 1}, "is nan in the end, which is not below 1"),
        ([1.0, float("nan")], {"decreasing": True}, "value 2 is nan after 1"),
        ([], {"count": 1, "below": 3}, "has no last value; and has 0 values, not 1"),
        ([2.0], {"below": 1, "count": 2}, "not below 1; and has 1 values, not 2"),
    ],
)
def test_it_does_not_hold(values: list[float], wanted: dict[str, Any], said: str) -> None:
    with pytest.raises(AssertionError) as raised:
        assert_metric(seen({"loss": values}, DEFINED), "loss", **wanted)

    message = str(raised.value)
    assert message.startswith("loss ")
    assert said in message
    assert message.endswith("its log: /jobs/a/log")


def test_many_values_are_shown_in_part() -> None:
    values = [float(number) for number in range(40)]

    with pytest.raises(AssertionError, match=r"0, 1, 2, 3, 4, 5, … 28 more …, 34, 35, 36, 37"):
        assert_metric({"loss": values}, "loss", below=0)


def test_no_values_are_wanted() -> None:
    assert assert_metric({}, "loss", count=0) == []


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        (seen({}, DEFINED), r"no line of the log is matched by its definition 'rmse=(\\S+)'"),
        (seen({"loss": [1.0, 2.0]}), "it has no definition, which sm.Metric declares"),
        (seen({"loss": [1.0, 2.0]}), "metrics that were found: loss (2)"),
        ({"validation:rmse": []}, "validation:rmse has no values"),
        ({"validation:rms": [1.0]}, "found: validation:rms (1), perhaps validation:rms is meant"),
    ],
)
def test_it_was_not_found(metrics: Any, said: str) -> None:
    with pytest.raises(AssertionError) as raised:
        assert_metric(metrics, "validation:rmse", below=1)

    assert said in str(raised.value)
