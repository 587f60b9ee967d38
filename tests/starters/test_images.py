"""Each starter's image, built by its own Dockerfile in its own folder, and certified."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sm_container.cli.project.starter import Starter
from tests.examples.test_certified import certified
from tests.starters.conftest import name_of

pytestmark = [pytest.mark.container, pytest.mark.timeout(600)]

Project = Callable[[Starter], Path]

# So much that training has a middle, in which it can be stopped and interrupted.
TRAINED = {
    Starter("custom"): "epochs=60",
    Starter("custom", is_script=True): "epochs=1500",
    Starter("sklearn"): "epochs=40",
    Starter("sklearn", is_script=True): "epochs=300",
    Starter("torch"): "epochs=30",
    Starter("torch", is_script=True): "epochs=60",
    Starter("xgboost"): "num_round=400",
    Starter("xgboost", is_script=True): "num_round=1000",
}
# What depends most on how an image is made. The whole battery runs a job for each rule.
SMOKE = ("trains", "metrics", "ordinary-user", "network-isolation", "stop", "checkpoints-resume")
LONG = pytest.mark.long


def built(folder: Path, starter: Starter, base_image: str) -> str:
    """The image of a project, in the place of an earlier one of this starter."""
    image = f"localhost/sm-container-test-starter-{name_of(starter)}:latest"
    if starter.framework == "torch":  # the build for CPUs that this machine's pip would install
        _run(
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "torch==2.13.0"),
            folder=folder,
        )
    before = _id(image)
    _run(
        *("podman", "build", "--quiet", "--layers", "--network", "host", "--tag", image),
        *("--volume", "/etc/ssl/certs:/etc/ssl/certs:ro"),  # what pip has to trust here
        *("--build-arg", f"BASE_IMAGE={base_image}", "."),
        folder=folder,
    )
    if before not in ("", _id(image)):  # it has no name any more, and would stay for ever
        subprocess.run(["podman", "rmi", before], capture_output=True)
    return image


def _id(image: str) -> str:
    words = ["podman", "images", "--quiet", "--no-trunc", image]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def _run(*words: str, folder: Path) -> None:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, f"{words[0]}: {done.stdout}{done.stderr}"


def options_of(folder: Path, starter: Starter, place: Path) -> list[str | Path]:
    """What certify is told of a project; ``place`` is for its CreateAlgorithm document."""
    options: list[str | Path] = ["--request", folder / "request.yaml", "--s3-root", folder / "s3"]
    options += ["-p", TRAINED[starter], "-e", "OMP_NUM_THREADS=1"]
    if starter.is_script:
        return options
    words = [sys.executable, "train.py", "describe"]
    described = subprocess.run(words, cwd=folder, capture_output=True, check=True)
    document = place / "algorithm.json"
    document.write_bytes(described.stdout)
    return [*options, "--algorithm", document]


@pytest.mark.parametrize(
    "starter",
    [Starter("custom", is_script=True), Starter("sklearn"), Starter("xgboost")],
    ids=name_of,
)
def test_what_it_is_made_of_works(
    starter: Starter, project: Project, base_image: str, hostile_tmp_path: Path
) -> None:
    folder = project(starter)
    image = built(folder, starter, base_image)
    chosen = [word for name in SMOKE for word in ("--only", name)]

    outcomes = certified(
        image,
        hostile_tmp_path / "home",
        *options_of(folder, starter, hostile_tmp_path),
        *chosen,
    )

    assert outcomes == dict.fromkeys(SMOKE, "pass")


@pytest.mark.parametrize(
    "starter",
    [pytest.param(each, marks=[] if each == Starter("custom") else [LONG]) for each in TRAINED],
    ids=name_of,
)
def test_it_is_certified(
    starter: Starter, project: Project, base_image: str, hostile_tmp_path: Path
) -> None:
    if starter.framework == "torch" and not os.environ.get("CI"):
        pytest.importorskip("torch")
    folder = project(starter)
    image = built(folder, starter, base_image)

    outcomes = certified(
        image, hostile_tmp_path / "home", *options_of(folder, starter, hostile_tmp_path)
    )

    declares_modes = () if starter.is_script else ("channels-modes",)
    passed = (*SMOKE, "failure-reason", *declares_modes)
    assert {name: outcomes[name] for name in passed} == dict.fromkeys(passed, "pass")
