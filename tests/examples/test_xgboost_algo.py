"""The example trains under sm-train as in its image, on a share of the real flights."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from sm_container.contract import hyperparameters
from sm_container.contract.inputs import ChannelConfig, InputDataConfig, InputMode
from sm_container.contract.layout import Layout
from sm_container.contract.metrics import definition_for
from sm_container.contract.resources import ResourceConfig
from tests.examples.conftest import EXAMPLE

ROUNDS = 40
SMALL = {"num_round": str(ROUNDS), "max_depth": "3", "eta": "0.2", "margin_column": "0"}


def tree(base: Path, given: Mapping[str, str], channels: Mapping[str, Path]) -> Layout:
    """The tree of a job, as the platform makes it."""
    layout = Layout(base)
    layout.create()
    hyperparameters.write(layout.hyperparameters, given)
    config = ChannelConfig(InputMode.FILE, content_type="text/csv")
    InputDataConfig(dict.fromkeys(channels, config)).write(layout.input_data_config)
    ResourceConfig("algo-1", ("algo-1",)).write(layout.resource_config)
    for name, source in channels.items():
        shutil.copytree(source, layout.channel(name))
    return layout


def run(layout: Layout) -> subprocess.CompletedProcess[str]:
    """Train as the image does: sm-train, and SM_CONTAINER_PROGRAM for what to start."""
    return subprocess.run(
        [sys.executable, "-m", "sm_container.runtime.supervisor", "train"],
        cwd=EXAMPLE,
        env={
            **os.environ,
            "SAGEMAKER_BASE_DIR": str(layout.base),
            "SM_CONTAINER_PROGRAM": "train:algorithm",
            "TRAINING_JOB_NAME": "flights",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture(scope="module")
def trained(
    flights: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Layout, subprocess.CompletedProcess[str]]:
    base = tmp_path_factory.mktemp("job") / "a tree; 'quoted' ünï"
    layout = tree(base, SMALL, {name: flights / name for name in ("train", "validation")})
    return layout, run(layout)


def values(log: str, metric: str) -> list[float]:
    """What the service reads from a log by the metric's own definition."""
    pattern = re.compile(definition_for(metric).regex)
    return [float(found[1]) for line in log.splitlines() if (found := pattern.search(line))]


def table(folder: Path) -> np.ndarray:
    files = sorted(folder.iterdir())
    return np.concatenate([np.loadtxt(file, delimiter=",", ndmin=2) for file in files])


def test_the_job_succeeds(trained: tuple[Layout, subprocess.CompletedProcess[str]]) -> None:
    layout, done = trained

    assert done.returncode == 0, done.stderr
    assert not layout.failure.exists()


def test_each_round_reports_both_metrics(
    trained: tuple[Layout, subprocess.CompletedProcess[str]],
) -> None:
    _, done = trained
    train, validation = (values(done.stdout, f"{name}:rmse") for name in ("train", "validation"))

    assert len(train) == len(validation) == ROUNDS
    assert train == sorted(train, reverse=True)


def test_the_model_beats_the_departure_delay(
    trained: tuple[Layout, subprocess.CompletedProcess[str]], flights: Path
) -> None:
    _, done = trained
    summary = json.loads((flights / "flights.json").read_text())

    last = values(done.stdout, "validation:rmse")[-1]

    assert last < summary["rmse_of_the_departure_delay"] < summary["rmse_of_the_mean"]


def test_the_saved_model_predicts_what_it_reported(
    trained: tuple[Layout, subprocess.CompletedProcess[str]], flights: Path
) -> None:
    import xgboost as xgb

    layout, done = trained
    booster = xgb.Booster(model_file=layout.model / "model.json")
    rows = table(flights / "validation")
    label, features = rows[:, 0], rows[:, 1:]
    margin = features[:, int(booster.attr("margin_column") or "")]

    predicted = booster.predict(xgb.DMatrix(features, base_margin=margin))

    rmse = float(np.sqrt(np.mean((predicted - label) ** 2)))
    assert rmse == pytest.approx(values(done.stdout, "validation:rmse")[-1], rel=1e-4)


def test_the_evaluation_is_with_the_other_results(
    trained: tuple[Layout, subprocess.CompletedProcess[str]],
) -> None:
    layout, done = trained
    evaluation = json.loads((layout.output_data / "evaluation.json").read_text())

    assert evaluation["rounds"] == ROUNDS
    assert evaluation["rmse"]["validation"] == values(done.stdout, "validation:rmse")[-1]
    assert evaluation["rows"]["train"] > evaluation["rows"]["validation"] > 0


def test_validation_may_be_left_out(flights: Path, tmp_path: Path) -> None:
    layout = tree(tmp_path, {"num_round": "2"}, {"train": flights / "train"})

    done = run(layout)

    assert done.returncode == 0, done.stderr
    assert len(values(done.stdout, "train:rmse")) == 2
    assert values(done.stdout, "validation:rmse") == []


def failure_of(layout: Layout) -> str:
    done = run(layout)
    assert done.returncode == 1
    assert not any(layout.model.iterdir())
    return layout.failure.read_text()


def test_every_bad_hyperparameter_is_named_at_once(flights: Path, tmp_path: Path) -> None:
    given = {"num_round": "0", "eta": "fast", "max_dept": "6"}

    failure = failure_of(tree(tmp_path, given, {"train": flights / "train"}))

    assert "num_round = '0' must be an integer from 1 to 10000" in failure
    assert "eta = 'fast' must be a number" in failure
    assert "did you mean max_depth?" in failure
    assert "Traceback" not in failure


def test_a_missing_channel_is_named(flights: Path, tmp_path: Path) -> None:
    failure = failure_of(tree(tmp_path, SMALL, {"validation": flights / "validation"}))

    assert "channel train is required" in failure


def test_a_channel_without_rows_is_named(flights: Path, tmp_path: Path) -> None:
    layout = tree(tmp_path, SMALL, {"train": flights / "train", "validation": flights / "train"})
    for file in layout.channel("validation").iterdir():
        file.write_bytes(b"")

    failure = failure_of(layout)

    assert failure.startswith("ValueError: channel validation has no rows; check its S3Uri")


def test_a_bad_row_is_named_with_its_file(flights: Path, tmp_path: Path) -> None:
    layout = tree(tmp_path, SMALL, {"train": flights / "train"})
    part = layout.channel("train") / "flights-2013-02.csv"
    part.write_text("1,2,3\n4,late,6\n")

    failure = failure_of(layout)

    assert "train/flights-2013-02.csv, record 1, byte 6: field 1 is 'late'" in failure


def test_a_margin_column_that_is_none_is_explained(flights: Path, tmp_path: Path) -> None:
    failure = failure_of(tree(tmp_path, {"margin_column": "9"}, {"train": flights / "train"}))

    assert "margin_column = 9" in failure
    assert "columns 0 to 8" in failure
