"""The choice of an engine, with commands and daemons that are there, dead or missing."""

from __future__ import annotations

import hashlib
import json
import socket
from pathlib import Path

import pytest
from engine_fixtures import executable

from sm_container.harness.engines.client import Dialect
from sm_container.harness.engines.detect import (
    choose,
    engine_named,
    find_client,
    target_path,
    why_no_daemon,
)
from sm_container.harness.engines.engine import EngineError, ImageTarget, ProgramTarget
from sm_container.harness.store.home import Home


@pytest.fixture
def daemon(tmp_path: Path) -> str:
    """A socket at which something answers."""
    path = tmp_path / "docker.sock"
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()
    executable.kept = server  # type: ignore[attr-defined]
    return f"unix://{path}"


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A machine with both commands and a docker daemon that is not running."""
    for name in ("docker", "podman"):
        executable(tmp_path / "bin" / name, "exit 1")
    variables = {
        "PATH": str(tmp_path / "bin"),
        "DOCKER_HOST": f"unix://{tmp_path}/dead.sock",
        "DOCKER_CONFIG": str(tmp_path / "config"),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


def test_docker_comes_first_where_its_daemon_answers(environ: dict[str, str], daemon: str) -> None:
    assert find_client("auto", {**environ, "DOCKER_HOST": daemon}).dialect is Dialect.DOCKER


def test_docker_without_a_daemon_is_passed_over(environ: dict[str, str]) -> None:
    assert find_client("auto", environ).dialect is Dialect.PODMAN


def test_docker_by_name_needs_its_daemon(environ: dict[str, str]) -> None:
    with pytest.raises(EngineError, match=r"docker: no daemon answers at .*dead\.sock") as fault:
        find_client("docker", environ)
    assert "podman:" not in str(fault.value)


def test_all_that_was_tried_is_told(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "bin" / "podman").unlink()
    with pytest.raises(EngineError, match=r"docker: no daemon .*; podman: not on PATH") as fault:
        find_client("auto", environ)
    assert "apt-get install podman" in str(fault.value)
    assert "\n" not in str(fault.value)


def test_daemon_of_a_context(environ: dict[str, str], tmp_path: Path, daemon: str) -> None:
    del environ["DOCKER_HOST"]
    config = tmp_path / "config"
    meta = config / "contexts" / "meta" / hashlib.sha256(b"desk").hexdigest()
    meta.mkdir(parents=True)
    (config / "config.json").write_text('{"currentContext": "desk"}')
    host = {"Endpoints": {"docker": {"Host": daemon}}}
    (meta / "meta.json").write_text(json.dumps(host))
    assert why_no_daemon(environ) is None
    host["Endpoints"]["docker"]["Host"] = "unix:///no/such.sock"
    (meta / "meta.json").write_text(json.dumps(host))
    assert "no daemon answers at /no/such.sock" in (why_no_daemon(environ) or "")
    environ["DOCKER_CONTEXT"] = "other"
    assert why_no_daemon(environ) is None  # docker itself says that there is no such context


@pytest.mark.parametrize("text", ["", "[]", "{", '{"currentContext": 1}'])
def test_broken_configuration_is_dockers_to_tell(
    environ: dict[str, str], tmp_path: Path, text: str
) -> None:
    del environ["DOCKER_HOST"]
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.json").write_text(text)
    assert "/var/run/docker.sock" in (why_no_daemon(environ) or "/var/run/docker.sock")


def test_daemon_on_another_machine_is_not_asked(environ: dict[str, str]) -> None:
    assert why_no_daemon({**environ, "DOCKER_HOST": "ssh://there"}) is None


def test_target_decides(environ: dict[str, str], home: Home) -> None:
    image, program = ImageTarget("i"), ProgramTarget(Path("/bin/true"))
    assert choose("auto", program, home).name == "process"
    assert choose("process", program, home).name == "process"
    assert choose("auto", image, home).name == "podman"
    assert choose("podman", image, home).name == "podman"
    for name, target, message in (
        ("process", image, "an image needs docker or podman"),
        ("podman", program, "a program is run by the process engine"),
        ("ray", image, "choose from auto, docker, podman, process"),
    ):
        with pytest.raises(EngineError, match=message):
            choose(name, target, home)


def test_engine_of_an_earlier_job(environ: dict[str, str], home: Home) -> None:
    assert engine_named("process", home).name == "process"
    assert engine_named("podman", home).name == "podman"
    with pytest.raises(EngineError, match="no daemon answers"):
        engine_named("docker", home)
    with pytest.raises(EngineError, match="there is no engine 'auto'"):
        engine_named("auto", home)


@pytest.mark.parametrize("text", [".", "./x", "../x", "/x", "~/x", "train.py", "here"])
def test_paths(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path)
    assert target_path(text) == Path(text).expanduser()


@pytest.mark.parametrize(
    "text", ["image", "image:1", "a/b:c", "123.dkr.ecr.eu-west-1.amazonaws.com/x@sha256:00"]
)
def test_references(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert target_path(text) is None
