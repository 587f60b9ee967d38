"""Jobs whose owner was killed: found, ended and recorded by whoever comes next."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sm_container.harness.inputs.fastfile import device
from sm_container.harness.inputs.fastfile.device import may_mount, unmount_below
from sm_container.harness.inputs.fastfile.mounts import mounts_below
from sm_container.harness.job.status import JobStatus, Phase
from sm_container.harness.life.faults import INTERNAL_ERROR
from sm_container.harness.life.launch import create_job, run_detached
from sm_container.harness.life.recovery import (
    OWNER_DIED,
    Recovered,
    end_mounts_of_the_dead,
    recover_job,
)
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.ownership import is_orphan, is_owned
from sm_container.harness.store.series import points

DEADLINE = 20.0


def wait_for(what: str, happened: Any) -> Any:
    end = time.monotonic() + DEADLINE
    while not (found := happened()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.02)
    return found


def started(folder: JobFolder, line: str) -> bool:
    log = folder.log("algo-1")
    return log.exists() and line in log.read_text()


def processes(*words: str) -> list[int]:
    """The processes whose command line ends in these words."""
    wanted = [word.encode() for word in words]
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().split(b"\0")[:-1]
            except OSError:
                continue
            if command[-len(wanted) :] == wanted:
                found.append(int(entry.name))
    return found


def kill_owner(desk: Any, folder: JobFolder) -> None:
    """Kill -9 for the process that runs a detached job."""
    home, name = str(desk.home.path), folder.name
    [owner] = [
        process
        for number in range(256)
        for process in processes("sm_container.harness.life.owner", home, name, str(number))
    ]
    os.kill(owner, signal.SIGKILL)
    wait_for("the owner's end", lambda: not is_owned(folder))


LEFT = "(setsid sleep 4242 &) ; sleep 4242 & echo ready; wait"


@pytest.fixture
def marker() -> str:
    """A time to sleep that no other test sleeps for."""
    return f"4242.{os.getpid()}{time.monotonic_ns() % 10**9}"


def test_a_killed_owners_job_is_ended_and_recorded(desk: Any, marker: str) -> None:
    folder = run_detached(desk.prepared(LEFT.replace("4242", marker), desk.document()))
    wait_for("the program", lambda: started(folder, "ready"))
    assert is_owned(folder)
    assert recover_job(desk.store, folder) is None  # what is owned is left alone
    assert len(processes("sleep", marker)) == 2

    kill_owner(desk, folder)
    assert is_orphan(folder, desk.store.summaries()[0].status)

    recovered = recover_job(desk.store, folder)

    assert recovered is not None
    assert recovered.job == "job"
    record = folder.read()
    assert record.status is JobStatus.FAILED
    assert record.failure_reason == INTERNAL_ERROR
    assert OWNER_DIED in record.notes
    wait_for("the end of what was left", lambda: not processes("sleep", marker))
    assert recover_job(desk.store, folder) is None
    desk.store.remove(folder)
    assert desk.store.summaries() == []


def test_an_owner_killed_before_the_program_started(desk: Any) -> None:
    folder, ownership = create_job(desk.prepared("true", desk.document()))
    ownership.release()  # as the kernel does when a process dies
    assert recover_job(desk.store, folder) == Recovered("job", ())
    assert folder.read().phase is Phase.FAILED


def test_a_detached_job_outlives_its_starter_and_ends_by_itself(desk: Any) -> None:
    program = (
        "import sys, json\n"
        "from pathlib import Path\n"
        "from sm_container.harness.job.options import RunOptions\n"
        "from sm_container.harness.life.launch import run_detached\n"
        "from sm_container.harness.life.prepare import prepare\n"
        "from sm_container.harness.request.parse import parse_request\n"
        "from sm_container.harness.store.home import Home\n"
        "home = Home(Path(sys.argv[1]))\n"
        "request = parse_request(json.loads(sys.argv[2]), cache=home.cache)\n"
        "run_detached(prepare(home, request, RunOptions(request.image)))\n"
    )
    import json

    document = desk.document()
    script = desk.program("echo hello; echo weights > /opt/ml/model/weights")
    document["AlgorithmSpecification"]["TrainingImage"] = str(script)
    subprocess.run(
        [sys.executable, "-c", program, str(desk.home.path), json.dumps(document)], check=True
    )
    folder = desk.job()
    wait_for("the job's end", lambda: folder.read().status.is_terminal)
    assert folder.read().status is JobStatus.COMPLETED
    assert folder.owner_log.read_text() == ""
    assert folder.log("algo-1").read_text() == "hello\n"


def test_two_recoveries_at_once_do_not_meet(desk: Any, marker: str) -> None:
    folder = run_detached(desk.prepared(LEFT.replace("4242", marker), desk.document()))
    wait_for("the program", lambda: started(folder, "ready"))
    kill_owner(desk, folder)
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from sm_container.harness.life.recovery import recover_job\n"
        "from sm_container.harness.store.folder import JobFolder\n"
        "from sm_container.harness.store.home import Home\n"
        "from sm_container.harness.store.jobs import JobStore\n"
        "home = Home(Path(sys.argv[1]))\n"
        "found = recover_job(JobStore(home), JobFolder(home.jobs / 'job'))\n"
        "print(int(found is not None))\n"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(desk.home.path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    counts = [int(run.communicate()[0]) for run in runs]
    assert sum(counts) == 1
    assert [run.returncode for run in runs] == [0, 0, 0]


def test_metrics_are_found_again_in_the_log(desk: Any) -> None:
    document = desk.document()
    document["AlgorithmSpecification"]["MetricDefinitions"] = [
        {"Name": "loss", "Regex": r"loss=(\S+)"}
    ]
    folder = run_detached(desk.prepared("echo loss=2; echo ready; exec sleep 4242", document))
    wait_for("the program", lambda: started(folder, "ready"))
    wait_for("its metric", lambda: folder.read().final_metrics)
    kill_owner(desk, folder)
    with folder.log("algo-1").open("a") as log:  # what was captured last, and never parsed
        log.write("loss=1\nloss=0.5")
    with folder.metrics("algo-1").open("ab") as series:
        series.write(b'{"Timestamp":1.0,"Metr')

    assert recover_job(desk.store, folder) is not None
    [metric] = folder.read().final_metrics
    assert metric.value == 0.5
    assert [each["Value"] for each in points(folder.metrics("algo-1"))] == [2.0, 1.0, 0.5]


@pytest.fixture
def mounted(desk: Any) -> Iterator[Callable[[JobFolder], Path]]:
    """Mounts a disk over a folder of a job, as a harness that was killed may have left it."""
    if not may_mount():
        pytest.skip("only root may mount")

    def mount(folder: JobFolder) -> Path:
        place = folder.tree("algo-1") / "checkpoints"
        place.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", place], check=True)
        return place

    yield mount
    unmount_below(desk.home.jobs)


@pytest.mark.root
def test_whatever_is_mounted_in_an_orphan_is_taken_away(desk: Any, mounted: Any) -> None:
    folder, ownership = create_job(desk.prepared("true", desk.document()))
    mounted(folder)
    ownership.release()
    assert recover_job(desk.store, folder) is not None
    assert mounts_below(folder.path) == []


@pytest.mark.root
def test_mounts_are_taken_from_those_alone_that_nobody_owns(desk: Any, mounted: Any) -> None:
    places = {}
    for name in ("over", "owned"):
        folder, ownership = create_job(desk.prepared("true", desk.document(name)))
        places[name] = mounted(folder)
        if name == "over":
            ownership.release()
            assert recover_job(desk.store, folder) is not None  # whatever its record says then
            mounted(folder)
    assert end_mounts_of_the_dead(desk.store) == []
    assert [mount.path for mount in mounts_below(desk.home.jobs)] == [places["owned"]]
    ownership.release()


@pytest.mark.root
def test_a_mount_that_cannot_be_taken_away_is_told(
    desk: Any, mounted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, ownership = create_job(desk.prepared("true", desk.document()))
    mounted(folder)
    ownership.release()
    with monkeypatch.context() as patched:  # as for a user who may not
        patched.setattr(device, "may_mount", lambda: False)
        patched.setenv("PATH", "/nowhere")
        [fault] = end_mounts_of_the_dead(desk.store)
    assert "job job has left a mount: " in str(fault)
    assert "there is no fusermount3" in str(fault)
