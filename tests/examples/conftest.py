"""The example as modules of its own, and a small share of the flights that it trains on."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "xgboost_algo"
SHARE = 25  # one flight in so many
ROOT = EXAMPLE.parents[1]
IMAGE = "localhost/sm-container-test-example:latest"


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
    spec = importlib.util.spec_from_file_location(
        "example_prepare_data", EXAMPLE / "prepare_data.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def flights(prepare_data: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with train/, validation/ and flights.json: one flight in 25."""
    folder = tmp_path_factory.mktemp("flights") / "data"
    prepare_data.prepare(folder, every=SHARE)
    return folder


@pytest.fixture(scope="session")
def image(base_image: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image that the example's Dockerfile makes, with this checkout's library."""
    context = tmp_path_factory.mktemp("context")
    for name in ("Dockerfile", "requirements.txt", "train.py"):
        shutil.copy(EXAMPLE / name, context)
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "build", "--quiet", "--wheel", "--out-dir", context, ROOT], check=True)
    built = subprocess.run(
        [
            *("podman", "build", "--quiet", "--layers", "--network", "host", "--tag", IMAGE),
            *("--volume", "/etc/ssl/certs:/etc/ssl/certs:ro"),  # what pip has to trust here
            *("--build-arg", f"BASE_IMAGE={base_image}", str(context)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return IMAGE
