"""Jobs whose owner died: found, ended, and recorded, by the next process that may change things.

Reading commands only report them. Source of the outcome: FailureReason, InternalServerError.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from sm_container.harness.engines.detect import engine_named
from sm_container.harness.engines.engine import EngineError
from sm_container.harness.job.status import JobStatus, Phase
from sm_container.harness.life.faults import INTERNAL_ERROR
from sm_container.harness.life.ledger import Ledger
from sm_container.harness.life.observer import Silent
from sm_container.harness.store.folder import DamagedJobError, JobFolder
from sm_container.harness.store.jobs import JobStore
from sm_container.harness.store.ownership import OwnedElsewhereError, Ownership, is_owned

OWNER_DIED = "the process that ran this job died; what it had started was ended afterwards"


@dataclass(frozen=True)
class Recovered:
    """A job that was found without an owner, and the containers that were ended for it."""

    job: str
    containers: tuple[str, ...]


def is_orphan(folder: JobFolder, status: str) -> bool:
    """Whether a job still counts as running and nobody runs it."""
    return status in _RUNNING and not is_owned(folder)


_RUNNING = {status.value for status in JobStatus if not status.is_terminal}


def recover(store: JobStore) -> list[Recovered]:
    """End and record every job of a dead owner. Jobs that others own are left alone."""
    return [
        recovered
        for summary in store.summaries()
        if summary.status in _RUNNING
        for recovered in recover_job(store, JobFolder(store.home.jobs / summary.name))
    ]


def recover_job(store: JobStore, folder: JobFolder) -> list[Recovered]:
    """End and record one job if its owner is dead; a list of one, or empty."""
    try:
        with Ownership.take(folder):
            ledger = Ledger(folder, Silent())
            if ledger.record.status.is_terminal:
                return []
            ended = end_containers(store, folder.name, ledger.record.engine)
            now = time.time()
            ledger.enter(
                Phase.FAILED,
                failure_reason=INTERNAL_ERROR,
                fault=OWNER_DIED,
                training_ended=None if ledger.record.training_started is None else now,
            )
            ledger.note(OWNER_DIED)
    except (OwnedElsewhereError, DamagedJobError):
        return []
    return [Recovered(folder.name, tuple(ended))]


def end_containers(store: JobStore, job: str, engine: str | None) -> list[str]:
    """End whatever an engine still runs for a job; nothing was started before one was chosen.

    Raises:
        EngineError: where the engine that ran it cannot be asked.
    """
    if engine is None:
        return []
    try:
        return engine_named(engine, store.home).remove_orphans(job)
    except EngineError as fault:
        raise EngineError(f"job {job} was left running by {engine}: {fault}") from fault
