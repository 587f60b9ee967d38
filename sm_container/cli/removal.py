"""Deleting a job: not while it runs, not before what it left running has ended, and whole."""

from __future__ import annotations

from sm_container.cli.ending import ask_to_stop, await_end, await_release, ended
from sm_container.cli.orphans import end_orphan
from sm_container.cli.stream import Stream
from sm_container.harness.engines.detect import engine_named
from sm_container.harness.engines.engine import EngineError, ImageTarget, ProgramTarget
from sm_container.harness.engines.reclaim import foreign
from sm_container.harness.job.record import JobRecord
from sm_container.harness.life.recovery import end_mounts
from sm_container.harness.store.deletion import make_deletable
from sm_container.harness.store.folder import DamagedJobError, JobFolder
from sm_container.harness.store.jobs import JobStore
from sm_container.harness.store.ownership import OwnedElsewhereError, Ownership, is_owned


class Refused(Exception):
    """A job that stays, and why."""


def finished(store: JobStore) -> list[JobFolder]:
    """The jobs that have ended, the newest first."""
    over = ("Completed", "Failed", "Stopped")
    return [
        JobFolder(store.home.jobs / each.name) for each in store.summaries() if each.status in over
    ]


def remove(store: JobStore, folder: JobFolder, err: Stream, *, force: bool) -> None:
    """Delete a job.

    Raises:
        Refused: where it runs, or what it left cannot be ended.
    """
    if is_owned(folder) and ended(folder) is None:
        if not force:
            raise Refused(
                f"job {folder.name} is running; stop it first (sm-container stop --wait "
                f"{folder.name}), or give --force"
            )
        err.line(f"stopping {folder.name}", dim=True)
        ask_to_stop(folder)
        await_end(folder)
    await_release(folder)
    if not end_orphan(store, folder, err) and not force:
        raise Refused(f"job {folder.name} stays: what it left running could not be ended; --force")
    try:
        with Ownership.take(folder):
            end_mounts(folder)
            _make_deletable(store, folder, err)
            store.remove(folder)
    except OwnedElsewhereError as fault:
        raise Refused(f"{fault}; try again") from fault
    except EngineError as fault:
        raise Refused(str(fault)) from fault
    except PermissionError as fault:
        raise Refused(
            f"job {folder.name}: {fault.filename}: {fault.strerror}; sudo rm -r {folder.path}"
        ) from fault


def _record_of(folder: JobFolder) -> JobRecord | None:
    try:
        return folder.read()
    except DamagedJobError:
        return None


def _make_deletable(store: JobStore, folder: JobFolder, err: Stream) -> None:
    """What a container wrote as another user, or without rights for its owner, can be deleted."""
    record = _record_of(folder)
    mounted = [path for path in folder.path.glob("hosts/*/*") if path.is_dir()]
    trees = [path for path in mounted if next(foreign(path), None)]
    if trees and record is not None and record.engine is not None:
        named = record.options.target
        target = ProgramTarget(folder.path) if named.startswith("/") else ImageTarget(named)
        try:
            engine = engine_named(record.engine, store.home, err.line)
            for tree in trees:
                engine.reclaim(tree, target)
        except EngineError as fault:
            err.line(f"Warning: {fault}", fg="yellow")
    make_deletable(folder.path)
