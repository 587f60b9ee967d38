"""The example interrupted, with a warning and without one: the same model as undisturbed."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.examples.conftest import EXAMPLE

# Rounds enough that training goes on when its instances are taken away.
GIVEN = {"num_round": "3000", "max_depth": "2", "margin_column": "0", "checkpoint_every": "100"}
INTERRUPTED = ("--spot", "--interrupt-after", "3", "--kill-after", "3")


def trained(
    engine: str, target: str, flights: Path, home: Path, *options: str
) -> tuple[str, dict[str, Any]]:
    """The hash of the model, and the job's description."""
    channels = [f"--channel=train={flights / 'train'}/,content-type=text/csv"]
    given = [f"--hp={name}={value}" for name, value in GIVEN.items()]
    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("sm-container"), "run", target, "--engine", engine),
            *(*channels, *given, *options, "--name", "flights", "--output", home / "output"),
            *("--checkpoint", str(home / "checkpoints"), "--json"),
        ],
        env={**os.environ, "SM_CONTAINER_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with tarfile.open(home / "output" / "flights" / "output" / "model.tar.gz") as archive:
        model = archive.extractfile("model.json")
        assert model is not None
        return hashlib.sha256(model.read()).hexdigest(), json.loads(done.stdout)["SmContainer"]


@pytest.fixture(scope="module")
def undisturbed(flights: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The model of a job that nothing interrupts."""
    return trained("process", str(EXAMPLE), flights, tmp_path_factory.mktemp("home"))[0]


@pytest.mark.parametrize("engine", ["process", pytest.param("podman", marks=pytest.mark.container)])
def test_interruptions_leave_no_trace_in_the_model(
    engine: str,
    flights: Path,
    undisturbed: str,
    hostile_tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    target = str(EXAMPLE) if engine == "process" else request.getfixturevalue("image")

    model, own = trained(engine, target, flights, hostile_tmp_path, *INTERRUPTED)

    assert [each["Signal"] for each in own["Interruptions"]] == ["SIGTERM", "SIGKILL"]
    assert sum(each["FilesRestored"] for each in own["Checkpoints"]) > 0
    assert model == undisturbed
