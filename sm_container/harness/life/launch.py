"""Starting a prepared job, in this process or in one of its own, and the exit code it ends with."""

from __future__ import annotations

import subprocess
import sys
import time

from sm_container.contract.platform import training_job_arn
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import JobStatus, Phase, SecondaryStatus
from sm_container.harness.life.observer import Observer
from sm_container.harness.life.prepare import Prepared
from sm_container.harness.life.stopping import catching_interrupts
from sm_container.harness.life.training import run_job
from sm_container.harness.store.folder import JobFolder
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
    with ownership, open(folder.owner_log, "wb") as log:
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "sm_container.harness.life.owner",
                str(prepared.home.path),
                folder.name,
                str(ownership.descriptor),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[ownership.descriptor],
            start_new_session=True,
        )
    return folder


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


def create_job(prepared: Prepared) -> tuple[JobFolder, Ownership]:
    now = time.time()
    request = prepared.request
    record = JobRecord(
        name=request.name,
        arn=training_job_arn(request.name, prepared.options.region, ACCOUNT),
        document=request.document,
        options=prepared.options,
        created=now,
        last_modified=now,
        not_simulated=prepared.not_simulated,
    )
    return JobStore(prepared.home).create(record.entered(Phase.STARTING, now))
