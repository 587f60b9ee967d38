"""Deleting a job: not while it runs, not before what it left running has ended, and whole."""

from __future__ import annotations

from sm_container.cli.ending import ask_to_stop, await_end, await_release, ended
from sm_container.cli.orphans import end_orphan
from sm_container.cli.stream import Stream
from sm_container.harness.engines.engine import EngineError
from sm_container.harness.life.removal import remove_ended
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.jobs import JobStore
from sm_container.harness.store.ownership import OwnedElsewhereError, is_owned


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
        remove_ended(store, folder, lambda line: err.line(line, fg="yellow"))
    except OwnedElsewhereError as fault:
        raise Refused(f"{fault}; try again") from fault
    except EngineError as fault:
        raise Refused(str(fault)) from fault
    except PermissionError as fault:
        raise Refused(
            f"job {folder.name}: {fault.filename}: {fault.strerror}; sudo rm -r {folder.path}"
        ) from fault
