"""Algorithms of this process that are to run as programs, whatever made their modules be found."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sm_container as sm
from sm_container.testing.jobs.subject import Subject, TargetError
from sm_container.testing.jobs.training_job import TrainingJob

PACKAGE = """
import sm_container as sm
from .helping import WORD

algorithm = sm.Algorithm("packaged")


@algorithm.train
def train(job):
    print(WORD, __name__, flush=True)
    job.stop.wait(0.3)
    print("done")
"""


@pytest.fixture
def packaged(hostile_tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An algorithm in a package, which is found by sys.path, and imports from beside it."""
    folder = hostile_tmp_path / "packaged_algorithm"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "helping.py").write_text("WORD = 'hello from'\n")
    (folder / "training.py").write_text(PACKAGE)
    monkeypatch.syspath_prepend(str(hostile_tmp_path))
    yield importlib.import_module("packaged_algorithm.training").algorithm
    for name in [name for name in sys.modules if name.startswith("packaged_algorithm")]:
        del sys.modules[name]


def test_an_algorithm_of_a_package(
    training_job: Callable[..., TrainingJob], packaged: sm.Algorithm[Any]
) -> None:
    result = training_job(packaged).kill_after("hello").run()

    assert result.status == "Completed"
    assert result.log.count("hello from packaged_algorithm.training\n") == 2
    assert result.log.count("done\n") == 1


def test_a_module_that_only_pytest_can_import_by_its_name(
    training_job: Callable[..., TrainingJob], hostile_tmp_path: Path
) -> None:
    """By its file it can be found all the same."""
    file = hostile_tmp_path / "my test.py"
    file.write_text(PACKAGE.replace("from .helping import WORD", "WORD = 'alone as'"))
    spec = importlib.util.spec_from_file_location("no.such.package", file)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["no.such.package"] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        result = training_job(module.algorithm, own_process=True).run()
    finally:
        del sys.modules["no.such.package"]

    assert result.status == "Completed"
    assert "alone as my test\n" in result.log


def test_an_algorithm_that_is_no_global_variable(tmp_path: Path) -> None:
    local = sm.Algorithm("local")
    local.train(lambda job: None)

    with pytest.raises(TargetError, match=r"local has to run as a process of its own.*top of"):
        Subject.of(local).as_program(tmp_path / "program")


def test_a_target_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="there is no such program or folder"):
        Subject.of(tmp_path / "train.py")


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("algo", "algo"),
        ("registry.example:5000/team/algo:1.2", "algo"),
        ("team/algo@sha256:" + "0" * 64, "algo"),
    ],
)
def test_names_of_images(image: str, name: str) -> None:
    subject = Subject.of(image)

    assert (subject.name, subject.is_image, subject.target) == (name, True, image)
