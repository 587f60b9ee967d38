"""Processes are found and ended by what they are, never by their number alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest

from sm_container.harness.engines.leftovers import (
    MARKER,
    ProcessIdentity,
    end_marked,
    eventually,
    marked,
)


@pytest.fixture
def marker() -> str:
    return f"{uuid.uuid4().hex}/job/container"


@pytest.fixture
def sleeper(marker: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "60"], env={**os.environ, MARKER: marker})
    yield process
    process.kill()
    process.wait()


def test_process_is_known_by_its_start(sleeper: subprocess.Popen[bytes]) -> None:
    identity = ProcessIdentity.of(sleeper.pid)
    assert identity is not None
    assert identity.is_alive()
    for other in (
        replace(identity, started=identity.started + 1),
        replace(identity, boot="another"),
    ):
        assert not other.is_alive()
        other.signal(signal.SIGKILL)
    assert sleeper.poll() is None
    identity.signal(signal.SIGKILL)
    assert eventually(lambda: not identity.is_alive(), 10)  # a zombie now
    sleeper.wait()
    identity.signal(signal.SIGKILL)
    assert not identity.is_alive()


def test_no_process_has_no_identity(sleeper: subprocess.Popen[bytes]) -> None:
    sleeper.kill()
    sleeper.wait()
    assert ProcessIdentity.of(sleeper.pid) is None


def test_name_of_a_process_may_hold_anything() -> None:
    script = "import time; open('/proc/self/comm', 'w').write(') R 1 (x'); print(flush=True); "
    with subprocess.Popen(
        [sys.executable, "-c", script + "time.sleep(60)"], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        identity = ProcessIdentity.of(process.pid)
        assert identity is not None
        assert identity.is_alive()
        identity.signal(signal.SIGKILL)


def test_marked_processes_are_found_and_ended(
    sleeper: subprocess.Popen[bytes], marker: str
) -> None:
    prefix = marker.rpartition("/")[0] + "/"
    assert [(found.pid, text) for found, text in marked(prefix)] == [(sleeper.pid, marker)]
    assert end_marked(prefix + "other") == []
    assert sleeper.poll() is None
    assert end_marked(prefix) == [marker]
    assert sleeper.wait(10) == -signal.SIGKILL
    assert end_marked(prefix) == []


def test_process_that_forks_all_the_time_is_ended(marker: str) -> None:
    script = "import os, time\nwhile True:\n    time.sleep(0.005)\n    if os.fork(): os._exit(0)"
    subprocess.run([sys.executable, "-c", script], env={**os.environ, MARKER: marker}, check=True)
    end_marked(marker)
    assert not eventually(lambda: bool(list(marked(marker))), 0.3)
