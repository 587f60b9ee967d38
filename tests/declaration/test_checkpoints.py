from __future__ import annotations

from typing import Any

import pytest

import sm_container as sm
from sm_container.declaration.errors import DeclarationError


def test_a_policy_knows_what_is_best() -> None:
    policy = sm.CheckpointPolicy(newest=2, best=1, metric="auc")
    for goal, maximizes in (("Maximize", True), ("Minimize", False)):
        algorithm = sm.Algorithm("a", metrics=[sm.Metric("auc", goal=goal)], checkpoints=policy)
        assert algorithm.declaration.checkpoints == policy
        assert algorithm.declaration.maximizes_best is maximizes


def test_three_are_kept_where_nothing_is_said() -> None:
    assert sm.Algorithm("a").declaration.checkpoints == sm.CheckpointPolicy(newest=3)
    assert not sm.Algorithm("a").declaration.maximizes_best


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"newest": 0}, "newest is at least 1, not 0"),
        ({"best": -1}, "best is 0 or more, not -1"),
        ({"best": 1}, "give both or neither"),
        ({"metric": "loss"}, "give both or neither"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        sm.CheckpointPolicy(**options)


def test_the_metric_has_to_be_declared() -> None:
    with pytest.raises(DeclarationError, match="there is no metric 'auc' among the declared"):
        sm.Algorithm("a", checkpoints=sm.CheckpointPolicy(best=1, metric="auc"))


def test_the_metric_has_to_have_a_goal() -> None:
    with pytest.raises(DeclarationError, match="which values of auc are the best"):
        sm.Algorithm(
            "a",
            metrics=[sm.Metric("auc")],
            checkpoints=sm.CheckpointPolicy(best=1, metric="auc"),
        )
