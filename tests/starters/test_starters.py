"""The starters hold together: one image for both modes, requests that suit, commands that exist."""

from __future__ import annotations

import fnmatch
import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from sm_container.algorithm.algorithm import Algorithm
from sm_container.cli.project.starter import PLACEHOLDER, STARTERS, Starter
from sm_container.contract.metrics import MetricDefinition
from sm_container.declaration.document import create_algorithm_document
from sm_container.declaration.specification import Specification, check
from sm_container.harness.request.build import Flags, build_document
from sm_container.harness.request.document import load_document
from sm_container.harness.request.parse import parse_request
from sm_container.testing.opt_ml.metrics import metrics_of_text
from tests.docs.blocks import ROOT, blocks_of
from tests.docs.test_shell import check_arguments, commands
from tests.starters.conftest import NAME, every_starter

Project = Callable[[Starter], Path]
FOREIGN = {"pip", "pytest", "docker"}


def loaded(program: Path, monkeypatch: pytest.MonkeyPatch) -> Algorithm[Any]:
    """The algorithm that a program declares, imported under a name of its own."""
    spec = importlib.util.spec_from_file_location("starter_train", program)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # annotations are looked up there
    spec.loader.exec_module(module)
    found = module.algorithm
    assert isinstance(found, Algorithm)
    return found


@every_starter
def test_nothing_is_called_as_in_the_starter(starter: Starter, project: Project) -> None:
    texts = {path: path.read_bytes() for path in project(starter).rglob("*") if path.is_file()}

    assert not [path for path, text in texts.items() if PLACEHOLDER.encode() in text]
    assert NAME.encode() in texts[project(starter) / "request.yaml"]


@every_starter
def test_the_request_is_accepted(starter: Starter, project: Project) -> None:
    folder = project(starter)
    written = load_document(folder / "request.yaml")
    request = parse_request(
        build_document(Flags(target=str(folder)), written, default_output="unused")
    )

    assert [channel.name for channel in request.channels] == ["train", "validation"]
    for channel in request.channels:
        data = folder / "s3" / channel.source.uri.removeprefix("s3://")
        assert any(data.iterdir())


@pytest.mark.parametrize("framework", ["custom", "sklearn", "torch", "xgboost"])
def test_the_request_suits_the_declaration(
    framework: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    if framework == "torch":
        pytest.importorskip("torch")
    folder = project(Starter(framework))
    declared = create_algorithm_document(loaded(folder / "train.py", monkeypatch).declaration)

    assert declared["AlgorithmName"] == NAME
    specification = Specification.from_document(declared, folder / "train.py")
    assert check(specification, load_document(folder / "request.yaml")) == []


def test_the_metrics_of_scripts_are_found_in_what_they_print() -> None:
    request = yaml.safe_load((STARTERS / "common" / "script" / "request.yaml").read_text())
    definitions = [
        MetricDefinition(each["Name"], each["Regex"])
        for each in request["AlgorithmSpecification"]["MetricDefinitions"]
    ]

    found = metrics_of_text("epoch=3 train:rmse=1.250000 validation:rmse=0.5\n", definitions)

    assert found == {"train:rmse": [1.25], "validation:rmse": [0.5]}


def test_scripts_do_not_know_the_library() -> None:
    scripts = list(STARTERS.glob("*/script/train.py"))

    assert len(scripts) == 4
    assert not [script for script in scripts if "sm_container" in script.read_text()]


def test_the_images_of_both_modes_differ_in_their_program_alone() -> None:
    declared, script = (
        (STARTERS / "common" / mode / "Dockerfile").read_text().splitlines()
        for mode in ("declared", "script")
    )

    assert set(declared) - set(script) == {"ENV SM_CONTAINER_PROGRAM=train:algorithm"}
    assert set(script) - set(declared) == {"ENV SM_CONTAINER_PROGRAM=train:main"}


@pytest.mark.parametrize("mode", ["declared", "script"])
def test_every_build_argument_is_documented(mode: str) -> None:
    text = (STARTERS / "common" / mode / "Dockerfile").read_text()
    page = (ROOT / "docs" / "init.md").read_text()
    arguments = re.findall(r"^ARG ([A-Z_]+)=", text, re.MULTILINE)

    assert re.findall(r"^#   ([A-Z_]+)  ", text, re.MULTILINE) == arguments
    assert re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE) == arguments


@every_starter
def test_the_build_sees_what_it_copies(starter: Starter, project: Project) -> None:
    folder = project(starter)
    seen = [
        line.removeprefix("!")
        for line in (folder / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]
    copied = [
        word
        for line in re.findall(r"^COPY (.*) \S+$", (folder / "Dockerfile").read_text(), re.M)
        for word in line.split()
    ]

    assert sorted(copied) == sorted(seen)
    for pattern in copied:
        found = [path.relative_to(folder).as_posix() for path in folder.rglob("*")]
        assert fnmatch.filter(found, pattern), pattern


@every_starter
def test_its_commands_exist(starter: Starter, project: Project) -> None:
    folder = project(starter)
    seen = []
    for block in blocks_of(folder / "README.md"):
        assert block.language == "sh"
        for program, *arguments in commands(block):
            seen.append(program)
            _check(program, arguments, folder)

    assert seen[:3] == ["pip", "pytest", "sm-container"]


@every_starter
def test_ci_runs_commands_that_exist(starter: Starter, project: Project) -> None:
    folder = project(starter)
    written = yaml.safe_load((folder / ".github" / "workflows" / "ci.yaml").read_text())
    steps = [
        step["run"] for job in written["jobs"].values() for step in job["steps"] if "run" in step
    ]

    assert [step.split()[0] for step in steps] == ["pip", "pytest", "docker", "sm-container"]
    for step in steps:
        program, *arguments = step.split()
        _check(program, arguments, folder)


def _check(program: str, arguments: list[str], folder: Path) -> None:
    if program == "sm-container":
        check_arguments(arguments)
    elif program == "python":
        assert (folder / arguments[0]).exists()
    else:
        assert program in FOREIGN
    for word in arguments:
        if word.endswith((".txt", ".yaml")):
            assert (folder / word).exists(), word


@every_starter
def test_every_link_leads_somewhere(starter: Starter, project: Project) -> None:
    text = (project(starter) / "README.md").read_text()

    for path in re.findall(r"`((?:requirements|s3|tests|\.github)/[^`<*]*)`", text):
        assert (project(starter) / path).exists(), path


def test_versions_control_keeps_all_but_what_is_made(project: Project) -> None:
    """git takes the wheel and the sample along, and leaves what jobs and certify write."""
    folder = project(Starter("custom"))
    made = ["algorithm.json", "certificate.xml", "s3/example-bucket/jobs/a-job/model.tar.gz"]
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    listed = subprocess.run(
        ["git", "-C", folder, "check-ignore", *made, *_kept(folder)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert sorted(listed.stdout.split()) == sorted(made)


def _kept(folder: Path) -> list[str]:
    return list(Starter("custom").files(NAME)) + [path.name for path in folder.glob("*.whl")]
