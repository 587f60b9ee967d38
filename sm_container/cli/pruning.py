"""Freeing disk space: jobs that ended long ago, copied objects, what killed commands left."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from sm_container.cli.orphans import orphans, sweep
from sm_container.cli.removal import Refused, remove
from sm_container.cli.stream import Stream
from sm_container.harness.inputs.file.cache import ObjectCache
from sm_container.harness.sizes import size
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.jobs import JobStore

_OVER = ("Completed", "Failed", "Stopped")


def prune(
    store: JobStore, out: Stream, err: Stream, *, older_than: float, cache: bool, dry_run: bool
) -> None:
    """Delete, or with ``dry_run`` only say what would be; the freed bytes are said at the end."""
    summaries = store.summaries()
    before = time.time() - older_than
    old = [
        JobFolder(store.home.jobs / each.name)
        for each in summaries
        if each.status in _OVER and each.modified < before
    ]
    freed = 0
    for folder in old:
        taken = disk_use(folder.path)
        if not dry_run:
            try:
                remove(store, folder, err, force=False)
            except Refused as refusal:
                err.line(str(refusal), fg="yellow")
                continue
        freed += taken
        out.line(f"job {folder.name}  {size(taken)}")
    if cache:
        freed += _prune_cache(store, out, dry_run=dry_run)
    if not dry_run:
        sweep(store, err)
    out.line(f"{'would free' if dry_run else 'freed'} {size(freed)}")
    for orphan in orphans(store, summaries):
        err.line(
            f"{orphan.name}: its process is gone; sm-container rm {orphan.name} ends what it left",
            fg="yellow",
        )


def _prune_cache(store: JobStore, out: Stream, *, dry_run: bool) -> int:
    taken = disk_use(store.home.cache / "objects")
    if not dry_run:
        taken = ObjectCache(store.home.cache).prune(0).size
    out.line(f"cache  {size(taken)}")
    return taken


def disk_use(folder: Path) -> int:
    """Bytes on disk below a folder; a file with several names is counted once, and what another
    folder has a name for not at all, since deleting it frees nothing."""
    names: dict[tuple[int, int], int] = {}
    total = 0
    for status in _statuses(folder):
        if status.st_nlink > 1:
            inode = (status.st_dev, status.st_ino)
            names[inode] = names.get(inode, 0) + 1
            if names[inode] < status.st_nlink:
                continue
        total += status.st_blocks * 512
    return total


def _statuses(folder: Path) -> Iterator[os.stat_result]:
    for top, _, files in os.walk(folder):
        for name in files:
            yield os.lstat(os.path.join(top, name))
