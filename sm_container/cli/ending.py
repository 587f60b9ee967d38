"""Waiting for a job that another process runs, and asking for its end."""

from __future__ import annotations

import time

from sm_container.cli.errors import EXIT_HARNESS, Complaint
from sm_container.harness.job.record import JobRecord
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.ownership import is_owned

_PAUSE = 0.1


def ended(folder: JobFolder) -> JobRecord | None:
    """The record of a job that has ended, None while it runs.

    Raises:
        Complaint: where the process that ran it is gone.
        DamagedJobError: where it has no readable record.
    """
    # In this order: an owner records the end before it lets go.
    owned = is_owned(folder)
    record = folder.read()
    if record.status.is_terminal:
        return record
    if not owned:
        raise Complaint(
            [
                f"job {folder.name} is still {record.status.value}, and the process that ran it is "
                f"gone; end what it left with: sm-container rm {folder.name}"
            ],
            EXIT_HARNESS,
        )
    return None


def await_end(folder: JobFolder, timeout: float | None = None) -> JobRecord | None:
    """Wait for a job's end, or for so many seconds; None where it still runs then."""
    deadline = None if timeout is None else time.monotonic() + timeout
    while (record := ended(folder)) is None:
        if deadline is not None and time.monotonic() >= deadline:
            return None
        time.sleep(_PAUSE)
    return record


def await_release(folder: JobFolder) -> None:
    """Wait until the owner of a job that has ended has let go of it."""
    while is_owned(folder):
        time.sleep(_PAUSE)


def ask_to_stop(folder: JobFolder) -> None:
    """Ask the job's owner to stop it; the owner looks several times a second."""
    folder.stop_request.touch()
