"""The example as modules of its own, and a small share of the flights that it trains on."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "xgboost_algo"
SHARE = 25  # one flight in so many


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
