"""The example as modules of its own, and a small share of the flights that it trains on."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

from tests.examples.building import built
from tests.examples.loading import EXAMPLES, module_of

EXAMPLE = EXAMPLES / "xgboost_algo"
SHARE = 25  # one flight in so many


def trained(engine: str, target: str, home: Path, *options: str) -> tuple[str, str]:
    """Train the example as the job ``flights``: the hash of its model, and what was printed."""
    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("sm-container"), "run", target, "--engine", engine),
            *(*options, "--name", "flights", "--output", home / "output"),
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
        return hashlib.sha256(model.read()).hexdigest(), done.stdout


@pytest.fixture(scope="session")
def prepare_data() -> ModuleType:
    """examples/xgboost_algo/prepare_data.py, imported under a name of its own."""
    return module_of("xgboost_algo", "prepare_data")


@pytest.fixture(scope="session")
def flights(prepare_data: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with train/, validation/ and flights.json: one flight in 25."""
    folder = tmp_path_factory.mktemp("flights") / "data"
    prepare_data.prepare(folder, every=SHARE)
    return folder


@pytest.fixture(scope="session")
def image(base_image: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image that the example's Dockerfile makes, with this checkout's library."""
    return built("xgboost_algo", base_image, tmp_path_factory.mktemp("context"))
