"""Whether a job has trained as the sound one did."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sm_container.testing.certify.likeness import departure

SOUND = {"loss": [3.0, 1.0], "seconds": [0.5, 0.25]}
NAN = float("nan")


def bench(again: dict[str, list[float]] | None) -> Any:
    """None where the job need not be run again."""
    found = SimpleNamespace(sound=SimpleNamespace(metrics=SOUND))
    if again is not None:
        found.again = SimpleNamespace(metrics=again)
    return found


def of(metrics: dict[str, list[float]]) -> Any:
    return SimpleNamespace(metrics=metrics)


def test_the_same_metrics_ask_for_no_other_run() -> None:
    assert departure(bench(None), of({**SOUND, "loss": [3.0, 1.0001]})) is None


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"loss": [3.0, 2.0]}, "loss ends with 2, not with 1"),
        ({"loss": [2.0, 1.0]}, "loss begins with 2, not with 3"),
        ({"loss": [3.0, NAN]}, "loss ends with nan, not with 1"),
        ({"loss": [3.0, 2.0, 1.0]}, "loss has 3 values, not 2"),
        ({}, "there is no loss in its log"),
    ],
)
def test_a_metric_that_is_always_the_same_and_is_not(
    found: dict[str, list[float]], said: str
) -> None:
    assert departure(bench(SOUND), of({"seconds": [0.5, 0.25], **found})) == said


def test_a_metric_that_never_is_the_same_says_nothing() -> None:
    again = {"loss": [3.0, 1.0], "seconds": [0.75, 0.5]}
    assert departure(bench(again), of({"loss": [3.0, 1.0], "seconds": [9.0, 9.0]})) is None
