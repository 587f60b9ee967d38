"""Which checkpoints stay."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from sm_container.contract.checkpoint_manifest import CheckpointFile, CheckpointManifest
from sm_container.contract.checkpoints import CheckpointName
from sm_container.runtime.checkpoints.checkpoint import Checkpoint
from sm_container.runtime.checkpoints.retention import Retention


def made(values: dict[int, float | None]) -> list[Checkpoint]:
    """Checkpoints with a value of the metric ``m`` each, or none."""
    return [
        Checkpoint(
            Path(str(CheckpointName(step))),
            CheckpointName(step),
            CheckpointManifest(
                step,
                "algo-1",
                "",
                (CheckpointFile("a", 0, ()),),
                {} if value is None else {"m": value},
            ),
        )
        for step, value in values.items()
    ]


@pytest.mark.parametrize(
    ("retention", "kept"),
    [
        (Retention(1), [6]),
        (Retention(3), [4, 5, 6]),
        (Retention(99), [1, 2, 3, 4, 5, 6]),
        (Retention(1, 1, "m"), [2, 6]),
        (Retention(1, 2, "m"), [2, 4, 6]),
        (Retention(1, 1, "m", maximize=True), [3, 6]),
        (Retention(1, 3, "m", maximize=True), [1, 3, 5, 6]),
        (Retention(1, 99, "m"), [1, 2, 3, 4, 5, 6]),
        (Retention(1, 5, "other"), [6]),
    ],
    ids=str,
)
def test_the_newest_and_the_best(retention: Retention, kept: list[int]) -> None:
    whole = made({1: 5.0, 2: -1.0, 3: math.inf, 4: 2.0, 5: 5.0, 6: 4.0})
    assert [each.step for each in retention.kept(whole)] == kept


def test_what_has_no_value_is_not_the_best() -> None:
    whole = made({1: None, 2: math.nan, 3: 7.0, 4: None})
    for maximize in (False, True):
        retention = Retention(1, 3, "m", maximize)
        assert [each.step for each in retention.ranked(whole)] == [3]
    assert Retention(1).ranked(whole) == []


def test_of_equal_ones_the_earliest() -> None:
    ranked = Retention(1, 2, "m").ranked(made({1: 2.0, 2: 1.0, 3: 1.0}))
    assert [each.step for each in ranked] == [2, 3, 1]
