from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from engine_fixtures import executable

from sm_container.harness.engines.client import Client, CommandError, Dialect, last_line
from sm_container.harness.engines.engine import EngineError


def test_answer_is_read(tmp_path: Path) -> None:
    program = executable(tmp_path / "docker", 'for a; do echo "<$a>"; done; echo "$MORE"; pwd')
    client = Client(Dialect.DOCKER, str(program), {"MORE": "set"}, tmp_path)
    assert client.run("a b", "$(x)").splitlines() == ["<a b>", "<$(x)>", "set", str(tmp_path)]


def test_refusal_is_one_line_with_its_code(tmp_path: Path) -> None:
    program = executable(tmp_path / "docker", "echo 'Error: no such thing' >&2; exit 125")
    with pytest.raises(CommandError, match=r"^docker create: no such thing$") as fault:
        Client(Dialect.DOCKER, str(program)).run("create", "x")
    assert fault.value.code == 125


def test_command_that_is_gone_and_one_that_hangs(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="cannot be run: No such file"):
        Client(Dialect.PODMAN, str(tmp_path / "podman")).run("ps")
    program = executable(tmp_path / "docker", "exec sleep 60")
    with pytest.raises(EngineError, match="docker ps did not answer within 0 s"):
        Client(Dialect.DOCKER, str(program)).run("ps", seconds=0.2)


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (b"", "it ended without a word"),
        (b"Error: no such image\n", "no such image"),
        (b"docker: Error response from daemon: bad\n\nRun 'docker run --help' for more\n", "bad"),
        (b'Error: statfs /x\ntime="now" level=warning msg=x\n', "statfs /x"),
        (
            b"Error response from daemon: no train\nError: failed to start containers: x\n",
            "no train",
        ),
        (b"\xff odd\n", "\ufffd odd"),
    ],
)
def test_line_that_says_it(said: bytes, line: str) -> None:
    assert last_line(said) == line


def test_paths_of_the_environment_hold_in_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONTAINERS_CONF", "build/containers.conf")
    known = Client(Dialect.PODMAN, "podman").environment({"A": "1"})
    assert known["CONTAINERS_CONF"] == str(tmp_path / "build" / "containers.conf")
    assert known["A"] == "1"


def test_endpoints(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "CONTAINER_HOST", "CONTAINER_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert Client(Dialect.PODMAN, "podman").endpoint == "local"
    assert Client(Dialect.PODMAN, "podman", {"CONTAINER_HOST": "ssh://x"}).endpoint == "ssh://x"
    assert Client(Dialect.DOCKER, "docker").endpoint == "context default"
    (tmp_path / "config.json").write_text('{"currentContext": "desktop"}')
    assert Client(Dialect.DOCKER, "docker").endpoint == "context desktop"
    assert Client(Dialect.DOCKER, "docker", {"DOCKER_HOST": "tcp://y"}).endpoint == "tcp://y"


def test_this_process_is_not_changed() -> None:
    before = dict(os.environ)
    Client(Dialect.DOCKER, sys.executable, {"X": "1"}).environment()
    assert dict(os.environ) == before
