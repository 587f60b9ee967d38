"""The kit under every pytest that it is for, each in an environment of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

SUITE = """
import numpy as np
import pytest
import sm_container as sm
from sm_container.testing import assert_metric, assert_resumes, content_types, input_modes

algorithm = sm.Algorithm(
    "sample",
    channels=[sm.Channel("train", ["text/csv"], modes=["File", "Pipe", "FastFile"])],
    metrics=[sm.Metric("rows")],
)
DATA = np.arange(12.0).reshape(-1, 2)


@algorithm.train
def train(job):
    start = job.checkpoints.latest()
    rows = sum(batch.rows for batch in job.channels["train"].batches(label_size=0))
    for step in range(start.step + 1 if start else 0, 3):
        job.metrics.log(rows=rows)
        job.checkpoints.save(step, {"rows": np.array([rows])})
        print("step", step, flush=True)
        job.stop.wait(0.2)
        if job.stop.requested:
            return
    if job.hyperparameters.get("fail"):
        raise ValueError("as it was asked to")
    job.save_model(lambda folder: (folder / "rows").write_text(str(rows)))


@input_modes(algorithm)
@content_types(algorithm)
def test_job(training_job, input_mode, content_type):
    result = training_job(algorithm, channels={"train": DATA}, input_mode=input_mode).run()
    assert result.status == "Completed"
    assert_metric(result, "rows", approx=6, count=3)


@pytest.mark.sm_container(engine="docker")
def test_program(training_job):
    job = training_job(algorithm, channels={"train": DATA}, own_process=True)
    assert assert_resumes(job, at="step 1").step == 1


def test_tree(opt_ml, pipe_channel):
    tree = opt_ml(channels={"train": DATA})
    pipe_channel(DATA, "other", into=tree)
    with tree.recorded():
        print("written")
    assert tree.log == "written\\n"
    assert sum(batch.rows for batch in tree.channel("other").batches(label_size=0)) == 6


def test_failing(training_job):
    job = training_job(algorithm, channels={"train": DATA}, hyperparameters={"fail": 1})
    assert job.run().status == "Completed"
"""


@pytest.fixture(scope="module", params=["7", "8", "9"])
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with the library and one major version of pytest."""
    uv = Path(sys.executable).with_name("uv")
    place = tmp_path_factory.mktemp("environment")
    python = place / "bin" / "python"
    wanted = [f"{ROOT}[local]", f"pytest=={request.param}.*", "pytest-xdist"]
    subprocess.run(
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, place], check=True
    )
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *wanted], check=True)
    return python


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_suite(python: Path, hostile_tmp_path: Path, workers: str) -> None:
    (hostile_tmp_path / "test_sample.py").write_text(SUITE)
    outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    done = subprocess.run(
        [python, "-m", "pytest", "-n", workers, "-W", "error", hostile_tmp_path],
        cwd=hostile_tmp_path,
        env=outside,
        capture_output=True,
        text=True,
        check=False,
    )

    assert re.search(r"\n=+ .*1 failed, 5 passed in .*=\n$", done.stdout), done.stdout + done.stderr
    assert "E       assert 'Failed' == 'Completed'" in done.stdout
    assert re.search(r"\n-+ sm-container job sample-\w{8} -+\n", done.stdout)
    assert "reason: AlgorithmError: ValueError: as it was asked to" in done.stdout
