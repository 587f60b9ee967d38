"""Deleting a job that has ended: what is mounted in it, what others wrote in it, and its folder."""

from __future__ import annotations

from sm_container.harness.engines.detect import engine_named
from sm_container.harness.engines.engine import EngineError, ImageTarget, Notes, ProgramTarget
from sm_container.harness.engines.reclaim import foreign
from sm_container.harness.job.record import JobRecord
from sm_container.harness.life.recovery import end_mounts
from sm_container.harness.store.deletion import make_deletable
from sm_container.harness.store.folder import DamagedJobError, JobFolder
from sm_container.harness.store.jobs import JobStore
from sm_container.harness.store.ownership import Ownership


def remove_ended(store: JobStore, folder: JobFolder, notes: Notes) -> None:
    """Delete a job that nobody runs. ``notes`` hears what could not be done on the way.

    Raises:
        OwnedElsewhereError: where another process owns it.
        EngineError: where a mount in it cannot be taken away.
        PermissionError: where something in it belongs to another user.
    """
    with Ownership.take(folder):
        end_mounts(folder)
        _make_deletable(store, folder, notes)
        store.remove(folder)


def _record_of(folder: JobFolder) -> JobRecord | None:
    try:
        return folder.read()
    except DamagedJobError:
        return None


def _make_deletable(store: JobStore, folder: JobFolder, notes: Notes) -> None:
    """What a container wrote as another user, or without rights for its owner, can be deleted."""
    record = _record_of(folder)
    mounted = [path for path in folder.path.glob("hosts/*/*") if path.is_dir()]
    trees = [path for path in mounted if next(foreign(path), None)]
    if trees and record is not None and record.engine is not None:
        named = record.options.target
        target = ProgramTarget(folder.path) if named.startswith("/") else ImageTarget(named)
        try:
            engine = engine_named(record.engine, store.home, notes)
            for tree in trees:
                engine.reclaim(tree, target)
        except EngineError as fault:
            notes(f"Warning: {fault}")
    make_deletable(folder.path)
