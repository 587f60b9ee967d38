"""The command as a person runs it: a process of its own, in a home of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sm_container.cli.group import sm_container
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.ownership import is_owned

_SECONDS = 60


@dataclass
class Desk:
    """A home and a working folder in a folder with a hostile name, and the command to use there."""

    folder: Path
    home: Path
    variables: dict[str, str] = field(default_factory=dict)
    _started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        own = {"SM_CONTAINER_HOME": str(self.home), "COLUMNS": "100"}
        return {**os.environ, **own, **self.variables}

    def run(
        self, *words: str, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the command to its end, with these variables added to its environment."""
        return subprocess.run(
            [sys.executable, "-m", "sm_container", *words],
            cwd=self.folder,
            env={**self.environment, **(variables or {})},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start the command, in a session of its own as under a terminal."""
        process = subprocess.Popen(
            [sys.executable, "-m", "sm_container", *words],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._started.append(process)
        return process

    def program(self, name: str, script: str) -> str:
        """An executable shell script in the working folder; returns the path to name it by."""
        file = self.folder / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        return f"./{name}"

    def close(self) -> None:
        for process in self._started:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.communicate()
        for folder in (self.home / "jobs").glob("[!.]*"):
            job = JobFolder(folder)
            if is_owned(job) or not job.read().status.is_terminal:
                self.run("rm", "--force", job.name)


@pytest.fixture
def desk(hostile_tmp_path: Path) -> Iterator[Desk]:
    folder = hostile_tmp_path / "work"
    folder.mkdir()
    desk = Desk(folder, hostile_tmp_path / "home")
    yield desk
    desk.close()


@pytest.fixture
def invoke(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the command in this process, in the desk's home and folder: for what starts nothing."""
    monkeypatch.chdir(desk.folder)

    def run(*words: str, **options: Any) -> Result:
        return CliRunner().invoke(sm_container, words, env=desk.environment, **options)

    return run


def eventually(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds; a test that waits for what never comes says for what."""
    deadline = time.monotonic() + _SECONDS
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"never came: {what}")
        time.sleep(0.02)


@pytest.fixture(name="eventually")
def _eventually() -> Callable[[Callable[[], bool], str], None]:
    return eventually
