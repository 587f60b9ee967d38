"""Each example as an image, held against the contract as others would want it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.examples.building import built
from tests.examples.loading import EXAMPLES, module_of

pytestmark = [pytest.mark.container, pytest.mark.timeout(600)]

PROTOBUF = "application/x-recordio-protobuf"
TORCH = "torch==2.13.0"
"""As in the example's requirements.txt, in the build that this machine's pip would install: CI's is
for CPUs, 0.2 GB where that for GPUs is 3."""


def certified(image: str, home: Path, *options: object) -> dict[str, str]:
    """What came of each check, by its name; each is to pass or not to apply."""
    words = ["certify", image, "--engine", "podman", "--profile", "marketplace", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "sm_container", *words, "--grace", "20", *map(str, options)],
        env={**os.environ, "SM_CONTAINER_HOME": str(home)},
        capture_output=True,
        text=True,
    )
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    bad = [each for each in found["Checks"] if each["Outcome"] in ("fail", "error")]
    assert not bad, json.dumps(bad, indent=2)
    assert (done.returncode, found["IsGood"]) == (0, True)
    return {each["Name"]: each["Outcome"] for each in found["Checks"]}


def declared(example: str, folder: Path) -> Path:
    """The CreateAlgorithm document that an example's program prints."""
    program = EXAMPLES / example / "train.py"
    done = subprocess.run([sys.executable, program, "describe"], capture_output=True, check=True)
    document = folder / "algorithm.json"
    document.write_bytes(done.stdout)
    return document


def test_xgboost_algo(image: str, flights: Path, hostile_tmp_path: Path) -> None:
    outcomes = certified(
        image,
        hostile_tmp_path / "home",
        *("--algorithm", declared("xgboost_algo", hostile_tmp_path)),
        *("-c", f"train={flights / 'train'}/,content-type=text/csv"),
        *("-c", f"validation={flights / 'validation'}/,content-type=text/csv"),
        *("-p", "num_round=300", "-p", "max_depth=2"),
    )

    assert outcomes["channels-modes"] == outcomes["checkpoints-resume"] == "pass"


def test_sklearn_script(
    base_image: str, tmp_path_factory: pytest.TempPathFactory, hostile_tmp_path: Path
) -> None:
    module_of("sklearn_script", "prepare_data").prepare(
        hostile_tmp_path / "root" / "example-bucket" / "cancer"
    )
    image = built("sklearn_script", base_image, tmp_path_factory.mktemp("context"))

    outcomes = certified(
        image,
        hostile_tmp_path / "home",
        *("--request", EXAMPLES / "sklearn_script" / "request.yaml"),
        *("--s3-root", hostile_tmp_path / "root", "-p", "trees=30", "-p", "step=1"),
    )

    assert outcomes["stop"] == outcomes["metrics"] == outcomes["failure-reason"] == "pass"


def test_torch_digits(
    base_image: str, tmp_path_factory: pytest.TempPathFactory, hostile_tmp_path: Path
) -> None:
    if not os.environ.get("CI"):  # there it is installed, and its absence is a failure
        pytest.importorskip("torch")
    data = hostile_tmp_path / "digits"
    module_of("torch_digits", "prepare_data").prepare(data, every=8)
    image = built("torch_digits", base_image, tmp_path_factory.mktemp("context"), TORCH)

    outcomes = certified(
        image,
        hostile_tmp_path / "home",
        *("--algorithm", declared("torch_digits", hostile_tmp_path)),
        *("-c", f"train={data / 'train'}/,mode=Pipe,content-type={PROTOBUF}"),
        *("-c", f"validation={data / 'validation'}/,mode=Pipe,content-type={PROTOBUF}"),
        *("-p", "epochs=12", "-p", "channels=4", "-e", "OMP_NUM_THREADS=1"),
    )

    assert outcomes["channels-modes"] == outcomes["checkpoints-resume"] == "pass"
