"""Starting a prepared job, in this process or in one of its own, and the exit code it ends with."""

from __future__ import annotations

import subprocess
import sys
import time

from sm_container.contract.platform import training_job_arn
from sm_container.harness.job.options import RunOptions
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import JobStatus, Phase, SecondaryStatus
from sm_container.harness.life.observer import Observer
from sm_container.harness.life.prepare import Prepared
from sm_container.harness.life.stopping import catching_interrupts
from sm_container.harness.life.training import run_job
from sm_container.harness.request.training_request import TrainingRequest
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.home import Home
from sm_container.harness.store.jobs import JobStore
from sm_container.harness.store.ownership import Ownership

# An account that nobody has: the ARNs made here must not be taken for real ones.
ACCOUNT = "000000000000"

EXIT_STOPPED = 130
EXIT_TIME_LIMIT = 124
EXIT_HARNESS = 125

_EXCEEDED = (SecondaryStatus.MAX_RUNTIME_EXCEEDED, SecondaryStatus.MAX_WAIT_TIME_EXCEEDED)


def run_attached(prepared: Prepared, observer: Observer) -> JobRecord:
    """Run a job in this process to its end; Ctrl-C stops it as the service would, twice kills.

    Must be called in the main thread.

    Raises:
        JobExistsError: where the job's name is taken.
    """
    folder, ownership = create_job(prepared)
    with ownership, catching_interrupts() as interrupts:
        observer.record(folder.read())
        return run_job(prepared, folder, observer, interrupts)


def run_detached(prepared: Prepared) -> JobFolder:
    """Start a process that owns the job, in a session of its own, and return at once.

    Raises:
        JobExistsError: where the job's name is taken.
    """
    folder, ownership = create_job(prepared)
    start_owner(prepared.home, folder, ownership)
    return folder


def start_owner(home: Home, folder: JobFolder, ownership: Ownership) -> subprocess.Popen[bytes]:
    """Give a job that was made, and has not begun, to a process in a session of its own, which runs
    it to its end; ``ownership`` is its from then on."""
    with ownership, open(folder.owner_log, "wb") as log:
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                "sm_container.harness.life.owner",
                str(home.path),
                folder.name,
                str(ownership.descriptor),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[ownership.descriptor],
            start_new_session=True,
        )


def exit_code(record: JobRecord) -> int:
    """What a command that waited for a job exits with.

    0 completed, the algorithm's own where it failed, 124 at a time limit, 125 where the harness
    or an upload failed, 130 stopped.
    """
    if record.status is JobStatus.STOPPED:
        return EXIT_TIME_LIMIT if record.secondary_status in _EXCEEDED else EXIT_STOPPED
    if record.status is JobStatus.COMPLETED:
        return 0
    if record.fault is not None or not record.exit_code:
        return EXIT_HARNESS
    return record.exit_code


def create_job(prepared: Prepared, phase: Phase = Phase.STARTING) -> tuple[JobFolder, Ownership]:
    """Make a job, which this process owns, in its first phase.

    Raises:
        JobExistsError: where the job's name is taken.
    """
    return make_job(
        prepared.home, prepared.request, prepared.options, prepared.not_simulated, phase
    )


def make_job(
    home: Home,
    request: TrainingRequest,
    options: RunOptions,
    not_simulated: tuple[str, ...],
    phase: Phase = Phase.STARTING,
) -> tuple[JobFolder, Ownership]:
    """Make a job that may not be ready to run: its owner prepares it, and records why not.

    Raises:
        JobExistsError: where the job's name is taken.
    """
    now = time.time()
    record = JobRecord(
        name=request.name,
        arn=training_job_arn(request.name, options.region, ACCOUNT),
        document=request.document,
        options=options,
        created=now,
        last_modified=now,
        not_simulated=not_simulated,
    )
    return JobStore(home).create(record.entered(phase, now))
