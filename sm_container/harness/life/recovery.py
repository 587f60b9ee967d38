"""Jobs whose owner died: found, ended, and recorded, by the next process that may change things.

Reading commands only report them. Source of the outcome: FailureReason, InternalServerError.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sm_container.harness.credentials.choice import CredentialsKind
from sm_container.harness.engines.engine import EngineError
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import Phase
from sm_container.harness.life.faults import INTERNAL_ERROR
from sm_container.harness.life.ledger import Ledger
from sm_container.harness.life.observer import Silent
from sm_container.harness.store.folder import DamagedJobError, JobFolder
from sm_container.harness.store.jobs import JobStore
from sm_container.harness.store.ownership import OwnedElsewhereError, Ownership, is_owned

if TYPE_CHECKING:
    from sm_container.harness.metrics.watch import Findings

OWNER_DIED = "the process that ran this job died; what it had started was ended afterwards"


@dataclass(frozen=True)
class Recovered:
    """A job that was found without an owner, and the containers that were ended for it."""

    job: str
    containers: tuple[str, ...]


def recover_job(store: JobStore, folder: JobFolder) -> Recovered | None:
    """End and record one job if its owner is dead; None where there is nothing to recover.

    Raises:
        EngineError: where what it left running cannot be ended.
    """
    try:
        with Ownership.take(folder):
            ledger = Ledger(folder, Silent())
            if ledger.record.status.is_terminal:
                return None
            ended = end_containers(store, folder.name, ledger.record)
            end_mounts(folder)
            found = _metrics_of(folder, ledger.record)
            now = time.time()
            ledger.enter(
                Phase.FAILED,
                failure_reason=INTERNAL_ERROR,
                fault=OWNER_DIED,
                final_metrics=found.values,
                training_ended=None if ledger.record.training_started is None else now,
            )
            ledger.note(OWNER_DIED, *found.notes)
    except (OwnedElsewhereError, DamagedJobError):
        return None
    return Recovered(folder.name, tuple(ended))


def _metrics_of(folder: JobFolder, record: JobRecord) -> Findings:
    """What the hosts' logs hold: whoever watched them died with the owner."""
    from sm_container.harness.metrics.watch import find_again

    return find_again(folder, record.document.get("AlgorithmSpecification", {}))


def end_mounts(folder: JobFolder) -> None:
    """Take away whatever is mounted below a job's folder: a killed process left it.

    Raises:
        EngineError: where that is refused.
    """
    from sm_container.harness.inputs.fastfile.device import unmount_below
    from sm_container.harness.inputs.fastfile.errors import MountError

    try:
        unmount_below(folder.path)
    except MountError as fault:
        raise EngineError(f"job {folder.name} has left a mount: {fault}") from fault


def end_mounts_of_the_dead(store: JobStore) -> list[EngineError]:
    """Take away what is mounted below the folders of jobs that nobody owns, whatever their record
    says; returns what could not be."""
    from sm_container.harness.inputs.fastfile.mounts import mounts_below

    faults = []
    jobs = store.home.jobs.resolve()
    for name in sorted({mount.path.relative_to(jobs).parts[0] for mount in mounts_below(jobs)}):
        folder = JobFolder(jobs / name)
        if is_owned(folder):
            continue
        try:
            with Ownership.take(folder):
                end_mounts(folder)
        except (OwnedElsewhereError, FileNotFoundError):
            continue  # another process has come first
        except EngineError as fault:
            faults.append(fault)
    return faults


def end_containers(store: JobStore, job: str, record: JobRecord) -> list[str]:
    """End whatever an engine still runs for a job; nothing was started before one was chosen.

    The network on which its containers had credentials goes too, unless another job is on it.

    Raises:
        EngineError: where the engine that ran it cannot be asked.
    """
    if record.engine is None:
        return []
    from sm_container.harness.engines.container import ContainerEngine
    from sm_container.harness.engines.detect import engine_named

    try:
        engine = engine_named(record.engine, store.home)
        ended = engine.remove_orphans(job)
    except EngineError as fault:
        raise EngineError(f"job {job} was left running by {record.engine}: {fault}") from fault
    if record.options.credentials != CredentialsKind.NONE.value and isinstance(
        engine, ContainerEngine
    ):
        from sm_container.harness.credentials.network import remove_unused

        remove_unused(engine.client)
    return ended
