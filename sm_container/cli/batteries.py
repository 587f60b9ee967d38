"""The home of a battery with the jobs that it has run: deleted, or kept where that is asked for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

from sm_container.cli.orphans import end_orphans
from sm_container.cli.removal import Refused, remove
from sm_container.cli.stream import Stream
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.home import Home
from sm_container.harness.store.jobs import JobStore
from sm_container.testing.certify.bench import Bench
from sm_container.testing.certify.check import Verdict
from sm_container.testing.deleting import deleted_after


@contextmanager
def kept(own: Home, err: Stream) -> Iterator[None]:
    """Say in the end where all is kept."""
    try:
        yield
    finally:
        err.line(
            f"kept: SM_CONTAINER_HOME={own.path} sm-container ps --all lists the jobs", dim=True
        )


@contextmanager
def deleted(own: Home, err: Stream) -> Iterator[None]:
    """Delete a battery's home when its block is left, and raise, as ``deleted_after`` does."""
    tell = partial(err.line, dim=True)
    with deleted_after(partial(delete, own, err), tell, makers="checks", command="certify"):
        yield


def delete(own: Home, err: Stream) -> None:
    """Delete a battery's home with its jobs; whatever stays is found by the next battery."""
    store = JobStore(own)
    end_orphans(store, err)
    for summary in store.summaries():
        try:
            remove(store, JobFolder(own.jobs / summary.name), err, force=True)
        except Refused as refusal:
            err.line(f"Warning: {refusal}", fg="yellow")
            return
    shutil.rmtree(own.path)


def keep(verdict: Verdict) -> None:
    """All is kept."""


def forget(bench: Bench, err: Stream, verdict: Verdict) -> None:
    """Delete the jobs of a check: all their models would fill the disk. What cannot be deleted now
    is tried again in the end."""
    store = JobStore(bench.home)
    for name in set(verdict.jobs) - bench.lasting:
        with suppress(Refused):
            remove(store, JobFolder(bench.home.jobs / name), err, force=True)
        for kind in ("artifacts", "checkpoints"):
            made = bench.place / kind / name
            if made.exists():
                shutil.rmtree(made)
