from __future__ import annotations

from pathlib import Path

import pytest

from sm_container.contract.errors import ContractError
from sm_container.contract.layout import Layout


def test_the_tree_is_opt_ml_unless_the_variable_says_otherwise(hostile_tmp_path: Path) -> None:
    assert Layout.from_environment({}).base == Path("/opt/ml")
    assert Layout.from_environment({"SAGEMAKER_BASE_DIR": ""}).base == Path("/opt/ml")
    named = Layout.from_environment({"SAGEMAKER_BASE_DIR": str(hostile_tmp_path)})
    assert named.base == hostile_tmp_path


def test_a_relative_base_does_not_move_with_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    layout = Layout.from_environment({"SAGEMAKER_BASE_DIR": "tree"})
    monkeypatch.chdir("/")
    assert layout.model == tmp_path / "tree" / "model"


def test_names_of_the_files() -> None:
    layout = Layout()
    assert {
        str(path)
        for path in (
            layout.hyperparameters,
            layout.input_data_config,
            layout.resource_config,
            layout.init_config,
            layout.metric_definition_regex,
            layout.checkpoint_config,
            layout.debug_hook_config,
            layout.profiler_config,
            layout.tensorboard_output_config,
            layout.training_job_config,
            layout.upstream_output_data_config,
        )
    } == {
        f"/opt/ml/input/config/{name}.json"
        for name in (
            "hyperparameters",
            "inputdataconfig",
            "resourceconfig",
            "init-config",
            "metric-definition-regex",
            "checkpointconfig",
            "debughookconfig",
            "profilerconfig",
            "tensorboardoutputconfig",
            "trainingjobconfig",
            "upstreamoutputdataconfig",
        )
    }
    assert str(layout.failure) == "/opt/ml/output/failure"
    assert str(layout.output_data) == "/opt/ml/output/data"
    assert str(layout.intermediate) == "/opt/ml/output/intermediate"
    assert str(layout.tensors) == "/opt/ml/output/tensors"
    assert str(layout.checkpoints) == "/opt/ml/checkpoints"
    assert str(layout.code) == "/opt/ml/code"


def test_names_of_a_channel() -> None:
    layout = Layout()
    assert str(layout.channel("train")) == "/opt/ml/input/data/train"
    assert str(layout.channel_manifest("train")) == "/opt/ml/input/data/train-manifest"
    assert str(layout.channel_fifo("train", 0)) == "/opt/ml/input/data/train_0"
    with pytest.raises(ValueError, match="counted from 0"):
        layout.channel_fifo("train", -1)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", "a b", "é", "a\n", "x" * 65, "-\0"])
def test_a_channel_cannot_leave_the_data_folder(name: str) -> None:
    layout = Layout()
    for place in (layout.channel, layout.channel_manifest):
        with pytest.raises(ContractError, match="cannot be the name of a channel"):
            place(name)
    with pytest.raises(ContractError, match="cannot be the name of a channel"):
        layout.channel_fifo(name, 0)


def test_create_makes_what_stands_before_the_container_starts(hostile_tmp_path: Path) -> None:
    layout = Layout(hostile_tmp_path / "deep" / "tree")
    layout.create()
    layout.create()
    folders = {
        str(path.relative_to(layout.base)): path.stat().st_mode & 0o777
        for path in layout.base.rglob("*")
    }
    expected = [
        "input",
        "input/config",
        "input/data",
        "model",
        "output",
        "output/data",
        "output/metrics",
        "output/metrics/sagemaker",
        "output/profiler",
        "output/tensorboard",
    ]
    assert folders == dict.fromkeys(expected, 0o755)
