"""The example by the command of its README: request.yaml, a folder for S3, each kind of engine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.examples.conftest import EXAMPLE

SETTINGS = ["-p", "num_round=40", "-p", "max_depth=3", "-p", "eta=0.2"]


@pytest.fixture
def s3_root(flights: Path, hostile_tmp_path: Path) -> Path:
    bucket = hostile_tmp_path / "s3" / "example-bucket"
    for channel in ("train", "validation"):
        shutil.copytree(flights / channel, bucket / "flights" / channel)
    return bucket.parent


def run(s3_root: Path, engine: str, target: str, *options: str) -> tuple[int, dict[str, Any], str]:
    """The exit code, the description that --json prints, and what was said beside it."""
    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("sm-container"), "run", target),
            *("--request", EXAMPLE / "request.yaml", "--s3-root", s3_root),
            *("--engine", engine, "--json", *SETTINGS, *options),
        ],
        env={**os.environ, "SM_CONTAINER_HOME": str(s3_root.parent / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


def target_of(engine: str, request: pytest.FixtureRequest) -> str:
    return str(EXAMPLE) if engine == "process" else str(request.getfixturevalue("image"))


ENGINES = ["process", pytest.param("podman", marks=pytest.mark.container)]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("engine", ENGINES)
def test_it_trains(
    engine: str, s3_root: Path, flights: Path, request: pytest.FixtureRequest
) -> None:
    summary = json.loads((flights / "flights.json").read_text())

    code, job, said = run(s3_root, engine, target_of(engine, request))

    assert code == 0, said
    assert job["TrainingJobStatus"] == "Completed"
    metrics = {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]}
    assert metrics.keys() == {"train:rmse", "validation:rmse"}
    assert metrics["validation:rmse"] < summary["rmse_of_the_departure_delay"]
    artifacts = s3_root / "example-bucket" / "jobs" / job["TrainingJobName"] / "output"
    assert names(artifacts / "model.tar.gz") == ["model.json"]
    assert names(artifacts / "output.tar.gz") == ["evaluation.json"]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("engine", ENGINES)
def test_its_failure_says_what_to_change(
    engine: str, s3_root: Path, request: pytest.FixtureRequest
) -> None:
    code, job, said = run(s3_root, engine, target_of(engine, request), "-p", "subsample=2")

    assert code == 1
    assert job["TrainingJobStatus"] == "Failed"
    expected = "subsample = '2' must be a number from 0.1 to 1"
    assert expected in job["FailureReason"]
    assert "Traceback" not in said


def names(archive: Path) -> list[str]:
    with tarfile.open(archive) as tar:
        return sorted(member.name for member in tar if member.isfile())
