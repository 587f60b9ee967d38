"""Jobs that are given to a process which stands by."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sm_container.harness.job.status import JobStatus
from sm_container.harness.life.launch import create_job
from sm_container.harness.life.standby import Standby
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.ownership import is_owned

_SECONDS = 30


@pytest.fixture
def standby(desk: Any) -> Iterator[Standby]:
    made = Standby(desk.home)
    yield made
    made.close()


def given(desk: Any, standby: Standby, name: str, script: str) -> tuple[JobFolder, Any]:
    folder, ownership = create_job(desk.prepared(script, desk.document(name)))
    return folder, standby.give(folder, ownership)


def ready(standby: Standby) -> subprocess.Popen[bytes]:
    """The process that stands by now."""
    return standby._ready[1]


def test_each_job_has_a_process_of_its_own_and_its_exit_code(desk: Any, standby: Standby) -> None:
    first, one = given(desk, standby, "first", "echo one; exit 3")
    assert one.wait(_SECONDS) == 3
    second, other = given(desk, standby, "second", "echo two")
    assert other.wait(_SECONDS) == 0

    assert one.pid != other.pid != ready(standby).pid
    assert first.read().status is JobStatus.FAILED
    assert second.read().status is JobStatus.COMPLETED
    assert first.log("algo-1").read_bytes() == b"one\n"


def test_the_job_is_the_processs_own_from_the_first_moment_on(desk: Any, standby: Standby) -> None:
    folder, process = given(desk, standby, "job", "read line < /dev/null; sleep 60")
    assert is_owned(folder)

    os.kill(process.pid, signal.SIGKILL)
    process.wait(_SECONDS)

    assert not is_owned(folder)


def test_what_goes_wrong_with_it_stands_in_the_owners_log(desk: Any, standby: Standby) -> None:
    folder, ownership = create_job(desk.prepared("true", desk.document("job")))
    folder.record.write_text("{}")

    process = standby.give(folder, ownership)

    assert process.wait(_SECONDS) == 1
    assert "DamagedJobError" in folder.owner_log.read_text()


def test_one_that_was_killed_is_done_without(desk: Any, standby: Standby) -> None:
    killed = ready(standby)
    killed.kill()
    killed.wait(_SECONDS)

    folder, process = given(desk, standby, "job", "true")

    assert process.wait(_SECONDS) == 0
    assert folder.read().status is JobStatus.COMPLETED


def test_it_ends_with_who_would_give_it_a_job(desk: Any) -> None:
    program = (
        "import sys, pathlib\n"
        "from sm_container.harness.life.standby import Standby\n"
        "from sm_container.harness.store.home import Home\n"
        "print(Standby(Home(pathlib.Path(sys.argv[1])))._ready[1].pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, desk.home.path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        waiting = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    try:
        signal_of_end(waiting)
    finally:
        os.close(waiting)


def signal_of_end(process: int) -> None:
    """Wait for the end of a process by its pidfd."""
    readable, _, _ = select.select([process], [], [], _SECONDS)
    assert readable == [process]


def test_closing_ends_the_one_that_waits(desk: Any) -> None:
    standby = Standby(desk.home)
    process = ready(standby)
    standby.close()
    assert process.returncode == 0


def test_its_output_is_not_the_services(desk: Any, standby: Standby) -> None:
    """What a job's owner prints goes to the job's folder alone."""
    folder, process = given(desk, standby, "job", "true")
    assert process.wait(_SECONDS) == 0
    assert folder.owner_log.read_bytes() == b""
    assert Path(f"/proc/{ready(standby).pid}/fd/1").resolve() == Path("/dev/null")
