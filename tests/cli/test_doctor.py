"""``doctor``: what this machine has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import metadata
from typing import Any

import pytest

from sm_container.cli.diagnosis import credentials, engines, machine, software
from sm_container.cli.diagnosis.finding import Finding, State
from sm_container.harness.store.home import Home
from tests.cli.records import job, stored


@pytest.fixture(autouse=True)
def no_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)


def by_subject(findings: Iterator[Finding]) -> dict[str, Finding]:
    return {each.subject: each for each in findings}


def test_each_finding_has_its_line(invoke: Any) -> None:
    done = invoke("doctor")
    found = json.loads(invoke("doctor", "--json").stdout)

    assert done.exit_code == 0, done.stdout
    lines = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert [line.split()[0] for line in lines] == [each["State"] for each in found]
    assert {"python", "home", "docker", "podman", "process engine", "FUSE"} <= {
        each["Subject"] for each in found
    }
    for each in found:
        assert each["What"]
        assert bool(each["WhatToDo"]) is (each["State"] != "ok")


def test_a_missing_package_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    version = metadata.version

    def without_rich(name: str) -> str:
        if name == "rich":
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", without_rich)

    found = by_subject(software.findings())["rich"]
    assert found.state is State.PROBLEM
    assert "pip install" in found.what_to_do


def test_credentials_are_found_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert by_subject(credentials.findings())["credentials"].state is State.WARNING

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    found = by_subject(credentials.findings())["credentials"]

    assert found.state is State.OK
    assert "AKIA" not in found.what
    assert "wJal" not in found.what


def test_engines_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    found = by_subject(engines.findings())

    assert found["docker"].what == "not on PATH"
    assert found["podman"].what == "not on PATH"
    assert found["bwrap"].what == "not installed"
    assert found["process engine"].state is State.WARNING
    assert "nothing here runs images" in found["images"].what


def test_an_orphan_is_named(desk: Any) -> None:
    stored(desk.home, job("orphan", "InProgress"))

    found = by_subject(machine.findings(Home(desk.home)))["jobs"]

    assert found.state is State.WARNING
    assert found.what_to_do == "sm-container rm orphan"
