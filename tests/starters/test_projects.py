"""A project's own tests pass as they are, and its job trains by its README's command."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sm_container.cli.project.starter import Starter
from tests.starters.conftest import EVERY, name_of

# A starter of each stack is enough for every run: what their processes need to start takes minutes.
SLOW = {Starter(name, is_script=True) for name in ("torch", "sklearn", "xgboost")}


def _require(starter: Starter) -> None:
    if starter.framework == "torch" and not os.environ.get("CI"):
        pytest.importorskip("torch")


def _run(project: Path, *words: str | Path, home: Path) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        words,
        cwd=project,
        env={**kept, "SM_CONTAINER_HOME": str(home), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "starter",
    [pytest.param(each, marks=[pytest.mark.long] if each in SLOW else []) for each in EVERY],
    ids=name_of,
)
def test_its_own_tests_pass(
    starter: Starter, project: Callable[[Starter], Path], tmp_path: Path
) -> None:
    _require(starter)
    done = _run(
        project(starter),
        *(sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider"),
        f"--basetemp={tmp_path / 'own'}",
        home=tmp_path / "home",
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\b[5-9] passed", done.stdout), done.stdout
    assert "skipped" not in done.stdout


@pytest.mark.parametrize(
    "starter", [Starter("custom"), Starter("custom", is_script=True)], ids=name_of
)
def test_its_request_trains(
    starter: Starter, project: Callable[[Starter], Path], tmp_path: Path
) -> None:
    folder = project(starter)
    command = Path(sys.executable).with_name("sm-container")
    done = _run(
        folder,
        *(command, "run", "train.py", "--request", "request.yaml", "--s3-root", "s3"),
        *("--name", "a-job", "-p", "epochs=3"),
        home=tmp_path / "home",
    )

    assert done.returncode == 0, done.stderr
    artifact = folder / "s3" / "example-bucket" / "jobs" / "a-job" / "output" / "model.tar.gz"
    with tarfile.open(artifact) as model:
        assert [member.name for member in model if member.isfile()] == ["weights.npy"]
