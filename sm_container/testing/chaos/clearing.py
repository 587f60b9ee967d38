"""Deleting what trials have made: jobs, and what these have left in the scratch and in S3."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sm_container.harness.store.folder import JobFolder
from sm_container.storage.errors import StorageError
from sm_container.storage.files import said_of
from sm_container.storage.store import Stores
from sm_container.storage.uri import Scheme, parse
from sm_container.testing.chaos.scratch import Scratch
from sm_container.testing.deleting import deleted_after

Remove = Callable[[JobFolder], str | None]
"""Deletes a job; returns why it stays, None where it is gone."""


@contextmanager
def cleared(scratch: Scratch, remove: Remove, tell: Callable[[str], None]) -> Iterator[None]:
    """Delete all that a run has made when its block is left, and raise, as ``deleted_after`` does.
    ``tell`` hears what the user should know."""

    def delete() -> None:
        for reason in clear(scratch, remove):
            tell(f"not deleted: {reason}")

    with deleted_after(delete, tell, makers="trials", command="chaos"):
        yield


def clear_jobs(scratch: Scratch, names: Collection[str], remove: Remove) -> list[str]:
    """Delete those of a run's jobs that have these names, with their checkpoints; returns why
    something stays."""
    made = [(folder, record) for folder, record in scratch.jobs() if folder.name in names]
    places = {
        record.document["CheckpointConfig"]["S3Uri"]: record.options.s3_root
        for _, record in made
        if scratch.checkpoints_of(record) is not None
    }
    return _clear(places, [folder for folder, _ in made], remove)


def clear(scratch: Scratch, remove: Remove) -> list[str]:
    """Delete all that a run has made; returns why something stays.

    Jobs go after their checkpoints, and the scratch goes last: whatever stays, or is not come to,
    can be found again by what is left.
    """
    made = scratch.jobs()
    places = {
        place: record.options.s3_root
        for _, record in made
        if (place := scratch.checkpoints_of(record)) is not None
    }
    reasons = _clear(places, [folder for folder, _ in made], remove)
    if not reasons:
        shutil.rmtree(scratch.path)
    return reasons


def _clear(
    places: Mapping[str, str | None], jobs: Iterable[JobFolder], remove: Remove
) -> list[str]:
    """``places`` are URIs, each with the folder that stands for S3."""
    try:
        for uri, s3_root in places.items():
            _delete_below(uri, s3_root)
    except StorageError as fault:
        return [str(fault)]
    return [reason for folder in jobs if (reason := remove(folder)) is not None]


def _delete_below(uri: str, s3_root: str | None) -> None:
    """Delete what is below a URI. On this machine that is a folder, which goes itself. Raises
    StorageError."""
    folder = _folder(uri, s3_root)
    if folder is not None:
        with said_of(uri):
            if folder.is_dir():
                shutil.rmtree(folder)
        return
    store, key = Stores().open(uri)
    for object in list(store.list(f"{key.rstrip('/')}/")):
        store.delete(object.key)


def _folder(uri: str, s3_root: str | None) -> Path | None:
    """The folder of this machine that a URI means."""
    location = parse(uri)
    if location.scheme is Scheme.FILE:
        return Path("/", location.key)
    return None if s3_root is None else Path(s3_root, location.bucket, location.key)
