"""Where a job's checkpoints are, and by which policy: from its tree and its declaration."""

from __future__ import annotations

from pathlib import Path

import pytest

import sm_container as sm
from sm_container.contract.configs import CheckpointConfig
from sm_container.contract.errors import ContractError
from sm_container.contract.layout import Layout
from sm_container.contract.resources import ResourceConfig
from sm_container.runtime.checkpoints.checkpoints import Checkpoints
from sm_container.runtime.checkpoints.opening import open_checkpoints
from tests.runtime.checkpoints.saving import steps, text


@pytest.fixture
def layout(hostile_tmp_path: Path) -> Layout:
    layout = Layout(hostile_tmp_path / "ml")
    layout.create()
    return layout


def of_job(layout: Layout, policy: sm.CheckpointPolicy | None = None) -> Checkpoints:
    metrics = [sm.Metric("auc", goal="Maximize")]
    algorithm = (
        sm.Algorithm("a", metrics=metrics)
        if policy is None
        else sm.Algorithm("a", metrics=metrics, checkpoints=policy)
    )
    resources = ResourceConfig("algo-2", ("algo-1", "algo-2"))
    return open_checkpoints(algorithm.declaration, layout, resources)


@pytest.mark.parametrize(
    ("local_path", "place"),
    [
        ("/opt/ml/checkpoints", "ml/checkpoints"),
        ("/opt/ml/checkpoints/", "ml/checkpoints"),
        ("/opt/ml/of/mine", "ml/of/mine"),
        ("/opt/ml/../../state", "/state"),
        ("/state", "/state"),
    ],
)
def test_they_are_in_the_requests_local_path(layout: Layout, local_path: str, place: str) -> None:
    CheckpointConfig(local_path).write(layout.checkpoint_config)
    assert of_job(layout).path == layout.base.parent / place


def test_without_a_checkpoint_config_they_are_in_the_tree(
    layout: Layout, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoints = of_job(layout, sm.CheckpointPolicy(saved_by=sm.SavedBy.EACH_HOST))
    assert checkpoints.path == layout.checkpoints
    assert checkpoints.latest() is None
    assert not layout.checkpoints.exists(), "nothing is made before there is something to save"
    checkpoints.save(1, text("one"))
    assert [path.name for path in layout.checkpoints.iterdir()] == [
        "sm-checkpoint-000000000001.algo-2"
    ]
    assert "nothing copies" in caplog.text


def test_the_declared_policy_holds(layout: Layout) -> None:
    each = sm.SavedBy.EACH_HOST
    policy = sm.CheckpointPolicy(newest=1, best=1, metric="auc", saved_by=each)
    checkpoints = of_job(layout, policy)
    for step, auc in enumerate([0.5, 0.9, 0.7, 0.6]):
        checkpoints.save(step, text("x"), metrics={"auc": auc})
    assert steps(checkpoints) == [1, 3]


def test_the_second_host_saves_nothing_by_default(layout: Layout) -> None:
    assert of_job(layout).save(1, pytest.fail) is None


@pytest.mark.parametrize("document", ["{}", '{"LocalPath":5}', '{"LocalPath":"state"}', "["])
def test_a_config_that_is_not_the_services_is_refused(layout: Layout, document: str) -> None:
    layout.checkpoint_config.write_text(document)
    with pytest.raises(ContractError, match=r"checkpointconfig.json: "):
        of_job(layout)
