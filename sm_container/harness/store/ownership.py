"""Who owns a job: the process that holds the lock on its folder, for as long as it lives."""

from __future__ import annotations

import fcntl
import os
import time
from dataclasses import dataclass
from types import TracebackType

from sm_container.harness.job.status import JobStatus
from sm_container.harness.store.folder import JobFolder


class OwnedElsewhereError(Exception):
    """Another living process owns the job."""


# ``is_owned`` holds the lock for an instant: that is not ownership, so ``take`` outlasts it.
_GLANCE_SECONDS = 0.2
_RUNNING = frozenset(status.value for status in JobStatus if not status.is_terminal)


@dataclass(frozen=True)
class Ownership:
    """A held lock. The kernel lets go of it however the process ends.

    The lock belongs to the open file, so a child that inherits ``descriptor`` holds it too: that is
    how a detached owner takes a job over without a moment in which nobody owns it.
    """

    descriptor: int

    @classmethod
    def take(cls, folder: JobFolder) -> Ownership:
        """Own a job.

        Raises:
            OwnedElsewhereError: where another process owns it.
        """
        descriptor = os.open(folder.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        deadline = time.monotonic() + _GLANCE_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() < deadline:
                    time.sleep(0.01)
                    continue
                os.close(descriptor)
                raise OwnedElsewhereError(f"job {folder.name} is run by another process") from None
            return cls(descriptor)

    def release(self) -> None:
        os.close(self.descriptor)

    def __enter__(self) -> Ownership:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def is_owned(folder: JobFolder) -> bool:
    """Whether a living process owns the job; looking changes nothing."""
    try:
        descriptor = os.open(folder.lock, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def is_orphan(folder: JobFolder, status: str) -> bool:
    """Whether a job still counts as running, by its TrainingJobStatus, and nobody runs it."""
    return status in _RUNNING and not is_owned(folder)
