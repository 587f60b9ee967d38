"""The jobs on disk: made whole or not at all, found, listed, removed, by several processes."""

from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from sm_container.harness.job.options import RunOptions
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import Phase
from sm_container.harness.store.folder import DamagedJobError, JobFolder
from sm_container.harness.store.home import Home
from sm_container.harness.store.index import DAMAGED
from sm_container.harness.store.jobs import JobExistsError, JobStore, UnknownJobError
from sm_container.harness.store.ownership import OwnedElsewhereError, Ownership, is_owned


@pytest.fixture
def store(hostile_tmp_path: Path) -> JobStore:
    return JobStore(Home.from_environment({"SM_CONTAINER_HOME": str(hostile_tmp_path / "home")}))


def new_record(name: str, created: float = 1.0) -> JobRecord:
    record = JobRecord(
        name=name,
        arn=f"arn:aws:sagemaker:us-east-1:000000000000:training-job/{name}",
        document={"TrainingJobName": name},
        options=RunOptions(target="image"),
        created=created,
        last_modified=created,
    )
    return record.entered(Phase.STARTING, created)


def test_a_job_is_owned_from_its_first_moment(store: JobStore) -> None:
    folder, ownership = store.create(new_record("one"))
    assert is_owned(folder)
    ownership.release()
    assert not is_owned(folder)
    assert store.find("one").read().name == "one"


def test_a_name_is_taken_once(store: JobStore) -> None:
    store.create(new_record("one"))[1].release()
    with pytest.raises(JobExistsError, match="must be unique within an AWS account and region"):
        store.create(new_record("one"))
    assert store.leftovers() == []


def _race(home: Path, barrier: multiprocessing.synchronize.Barrier, won: object) -> None:
    barrier.wait()
    try:
        JobStore(Home(home)).create(new_record("wanted"))
    except JobExistsError:
        return
    won.put(os.getpid())  # type: ignore[attr-defined]


def test_of_many_makers_of_one_name_one_wins(store: JobStore) -> None:
    context = multiprocessing.get_context("fork")
    barrier, won = context.Barrier(6), context.SimpleQueue()
    makers = [context.Process(target=_race, args=(store.home.path, barrier, won)) for _ in range(6)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    won.get()
    assert won.empty()
    assert [maker.exitcode for maker in makers] == [0] * 6


@pytest.mark.parametrize("name", ["../x", "/etc", ".", "..", "", "-x", "a/b", "a\0b", "a" * 64])
def test_a_hostile_name_is_no_job(store: JobStore, name: str) -> None:
    with pytest.raises(UnknownJobError):
        store.find(name)


def test_the_list_is_newest_first_and_follows_the_folders(store: JobStore) -> None:
    for number in range(100):
        store.create(new_record(f"job-{number}", float(number)))[1].release()
    assert [job.name for job in store.summaries()] == [f"job-{n}" for n in range(99, -1, -1)]

    shutil.rmtree(store.find("job-50").path)  # by hand
    changed = store.find("job-7")
    changed.write(changed.read().entered(Phase.FAILED, 200.0))
    listed = {job.name: job.status for job in store.summaries()}
    assert "job-50" not in listed
    assert listed["job-7"] == "Failed"
    assert len(listed) == 99


def test_a_damaged_index_is_made_again(store: JobStore) -> None:
    store.create(new_record("one"))[1].release()
    store.summaries()
    store.home.index.write_bytes(b"this is no database" * 1000)
    assert [job.name for job in store.summaries()] == ["one"]
    with sqlite3.connect(store.home.index) as connection:
        assert connection.execute("SELECT count(*) FROM jobs").fetchone() == (1,)


def test_a_full_disk_keeps_nobody_from_the_list(store: JobStore) -> None:
    for number in range(3):
        store.create(new_record(f"job-{number}", float(number)))[1].release()
    program = (
        "import sys; from sm_container.harness.store.home import Home;"
        "from sm_container.harness.store.jobs import JobStore;"
        "home = Home.from_environment({'SM_CONTAINER_HOME': sys.argv[1]});"
        "print([job.name for job in JobStore(home).summaries()])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, store.home.path],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("['job-2', 'job-1', 'job-0']\n", "")
    assert store.home.index.read_bytes() == b""


def test_a_damaged_job_is_listed_as_such_and_can_be_removed(store: JobStore) -> None:
    folder, ownership = store.create(new_record("one"))
    ownership.release()
    folder.record.write_text('{"name": "one"')
    assert [job.status for job in store.summaries()] == [DAMAGED]
    with pytest.raises(DamagedJobError, match="sm-container rm one"):
        folder.read()
    store.remove(store.find("one"))
    assert store.summaries() == []


def test_a_record_is_replaced_whole(store: JobStore) -> None:
    folder, ownership = store.create(new_record("one"))
    with ownership:
        folder.write(folder.read().entered(Phase.PREPARING, 2.0))
    assert folder.read().phase is Phase.PREPARING
    assert sorted(entry.name for entry in folder.path.iterdir()) == ["job.json", "owner.lock"]


def test_another_process_cannot_own_what_is_owned(store: JobStore) -> None:
    folder, ownership = store.create(new_record("one"))
    with pytest.raises(OwnedElsewhereError):
        Ownership.take(folder)
    ownership.release()
    Ownership.take(folder).release()


HOLD = """
import sys, time
print("held", flush=True)
time.sleep(60)
"""


def test_ownership_passes_to_a_child_and_ends_with_its_death(store: JobStore) -> None:
    folder, ownership = store.create(new_record("one"))
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        pass_fds=[ownership.descriptor],
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"held\n"
    ownership.release()
    assert is_owned(folder)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert not is_owned(folder)


CREATE_AND_DIE = """
import os, signal, sys
from pathlib import Path
import sm_container.harness.store.jobs as jobs
from tests_record import record
os.rename = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
jobs.JobStore(jobs.Home(Path(sys.argv[1]))).create(record)
"""


def test_a_maker_killed_before_the_end_leaves_no_job(store: JobStore, tmp_path: Path) -> None:
    (tmp_path / "tests_record.py").write_text(
        "from sm_container.harness.job.record import JobRecord\n"
        "from sm_container.harness.job.options import RunOptions\n"
        "record = JobRecord(name='one', arn='', document={}, options=RunOptions(target='i'),"
        " created=1.0, last_modified=1.0)\n"
    )
    died = subprocess.run(
        [sys.executable, "-c", CREATE_AND_DIE, str(store.home.path)],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert died.returncode == -signal.SIGKILL
    assert store.summaries() == []
    assert [entry.name.startswith(".creating-") for entry in store.leftovers()] == [True]
    store.create(new_record("one"))[1].release()


def test_a_folder_that_is_being_made_is_no_leftover(store: JobStore) -> None:
    making = JobFolder(store.home.jobs / ".creating-now")
    making.path.mkdir()
    with Ownership.take(making):
        assert store.leftovers() == []
    assert store.leftovers() == [making.path]


def test_a_home_keeps_its_identity(hostile_tmp_path: Path) -> None:
    named = {"SM_CONTAINER_HOME": str(hostile_tmp_path / "deep" / "home")}
    first, second = Home.from_environment(named).identity, Home.from_environment(named).identity
    other = Home.from_environment({"SM_CONTAINER_HOME": str(hostile_tmp_path / "other")}).identity
    assert first == second != other
