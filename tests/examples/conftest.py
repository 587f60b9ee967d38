"""The example as modules of its own, and a small share of the flights that it trains on."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "xgboost_algo"
SHARE = 25  # one flight in so many
ROOT = EXAMPLE.parents[1]
IMAGE = "localhost/sm-container-test-example:latest"


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
