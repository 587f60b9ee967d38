"""A job with checkpoints: real programs that are killed in the middle, and how their jobs end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import sm_container as sm
from sm_container.contract import hyperparameters
from sm_container.contract.configs import CheckpointConfig
from sm_container.contract.inputs import InputDataConfig
from sm_container.contract.layout import Layout
from sm_container.contract.resources import ResourceConfig

PROGRAM = """
import os, signal, sys
import sm_container as sm

algorithm = sm.Algorithm(
    "sums",
    metrics=[sm.Metric("sum", goal="Maximize")],
    checkpoints=sm.CheckpointPolicy(newest=2, best=1, metric="sum"),
)

@algorithm.train
def train(job):
    start = job.checkpoints.latest()
    total = int((start.path / "total").read_text()) if start else 0
    first = start.step + 1 if start else 0
    print("from", first, flush=True)
    for step in range(first, 10):
        if str(step) in sys.argv and not start:
            os.kill(os.getpid(), signal.SIGKILL)
        total += step
        job.checkpoints.save(
            step, lambda folder: (folder / "total").write_text(str(total)), metrics={"sum": total}
        )
    job.save_model(lambda folder: (folder / "total").write_text(str(total)))

if __name__ == "__main__":
    algorithm.main(["train"])
"""

FAILS_IN_THE_BACKGROUND = """
import sm_container as sm

algorithm = sm.Algorithm("fails")

@algorithm.train
def train(job):
    job.checkpoints.save_async(1, lambda: lambda folder: None)

algorithm.main(["train"])
"""


@pytest.fixture
def layout(hostile_tmp_path: Path) -> Layout:
    layout = Layout(hostile_tmp_path / "ml")
    layout.create()
    hyperparameters.write(layout.hyperparameters, {})
    InputDataConfig({}).write(layout.input_data_config)
    ResourceConfig("algo-1", ("algo-1",)).write(layout.resource_config)
    CheckpointConfig("/opt/ml/checkpoints").write(layout.checkpoint_config)
    return layout


def run(layout: Layout, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = layout.base.parent / "train.py"
    path.write_text(program)
    return subprocess.run(
        [sys.executable, path, *arguments],
        env={**os.environ, "SAGEMAKER_BASE_DIR": str(layout.base)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_killed_job_goes_on(layout: Layout) -> None:
    killed = run(layout, PROGRAM, "6")
    assert (killed.returncode, killed.stdout) == (-signal.SIGKILL, "from 0\n")
    resumed = run(layout, PROGRAM)
    assert (resumed.returncode, resumed.stdout, resumed.stderr) == (0, "from 6\n", "")
    assert (layout.model / "total").read_text() == "45"
    assert sorted(path.name for path in layout.checkpoints.iterdir()) == [
        "sm-checkpoint-000000000005",  # which was restored
        "sm-checkpoint-000000000006",  # which is to get to S3 next
        "sm-checkpoint-000000000008",
        "sm-checkpoint-000000000009",
    ]


def test_a_save_that_failed_in_the_background_fails_the_job(layout: Layout) -> None:
    done = run(layout, FAILS_IN_THE_BACKGROUND)
    assert done.returncode == 1
    assert layout.failure.read_text().startswith("CheckpointError: ")
    assert "the function wrote no file" in layout.failure.read_text()


def test_run_waits_for_what_is_saved_in_the_background(layout: Layout) -> None:
    algorithm = sm.Algorithm("a")

    @algorithm.train
    def train(job: sm.Job[dict[str, str]]) -> None:
        job.checkpoints.save_async(1, {"state": b"one"})

    algorithm.run(layout)
    assert (layout.checkpoints / "sm-checkpoint-000000000001" / "state").read_bytes() == b"one"


def test_a_broken_config_is_told_before_training(layout: Layout) -> None:
    layout.checkpoint_config.write_text("{}")
    done = run(layout, PROGRAM)
    assert done.returncode == 1
    assert "LocalPath must be a string" in layout.failure.read_text()
