"""Jobs whose owner died, and folders that a killed command left: ended and said, or only said.

Commands that only say it (``ps``) do not import what ends it.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable

from sm_container.cli.stream import Stream
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.index import Summary
from sm_container.harness.store.jobs import JobStore
from sm_container.harness.store.ownership import is_orphan

# A folder is made an instant before its lock: only one that has stood for a while is left over.
_LEFT_OVER_SECONDS = 60.0


def end_orphans(store: JobStore, out: Stream) -> None:
    """End what jobs of dead owners left running and record it; one that cannot be is named."""
    for orphan in orphans(store, store.summaries()):
        end_orphan(store, orphan, out)
    sweep(store, out)


def end_orphan(store: JobStore, folder: JobFolder, out: Stream) -> bool:
    """End one; False where its engine cannot be asked."""
    from sm_container.harness.engines.engine import EngineError
    from sm_container.harness.life.recovery import recover_job

    try:
        recovered = recover_job(store, folder)
    except EngineError as fault:
        out.line(f"Warning: {fault}", fg="yellow")
        return False
    if recovered is not None:
        ended = f", ended {', '.join(recovered.containers)}" if recovered.containers else ""
        out.line(f"{recovered.job}: its process had died{ended}; recorded as Failed", dim=True)
    return True


def orphans(store: JobStore, summaries: Iterable[Summary]) -> list[JobFolder]:
    """The jobs among these that count as running and have no owner."""
    folders = ((JobFolder(store.home.jobs / each.name), each.status) for each in summaries)
    return [folder for folder, status in folders if is_orphan(folder, status)]


def sweep(store: JobStore, out: Stream) -> None:
    """Delete what a killed ``run`` or ``rm`` had half made, half copied or half deleted, and end
    what it left mounted; what cannot be ended is named."""
    from sm_container.harness.inputs.file.cache import ObjectCache
    from sm_container.harness.life.recovery import end_mounts_of_the_dead

    ObjectCache(store.home.cache).remove_left_over()
    for fault in end_mounts_of_the_dead(store):
        out.line(f"Warning: {fault}", fg="yellow")
    for folder in store.leftovers():
        try:
            age = time.time() - folder.stat().st_mtime
        except FileNotFoundError:  # whoever was deleting it has finished
            continue
        if age > _LEFT_OVER_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
