"""Objects that were copied once, kept for the next run: ``<home>/cache/objects``.

An entry is a file named by what identifies its object's bytes. It comes to be by a rename of a
finished file, so that it is whole or is not there, whoever else works in the same cache.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sm_container.harness.store.lock import lock, locked
from sm_container.storage.errors import StorageError
from sm_container.storage.files import said_of
from sm_container.storage.objects import PART, Object

_PARTIAL = "partial"


@dataclass(frozen=True)
class Pruned:
    """What a prune removed, and what is left; sizes in bytes."""

    entries: int
    size: int
    kept_entries: int
    kept_size: int


class ObjectCache:
    """The cache below ``folder``, the cache folder of the harness's home."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._objects = folder / "objects"

    def share(self, other: Path) -> None:
        """Let the cache in another folder, which is new, have the same entries: whoever comes
        there finds what was copied here, and the other way round."""
        self._objects.mkdir(mode=0o700, parents=True, exist_ok=True)
        ObjectCache(other)._objects.symlink_to(self._objects)

    def find(self, origin: str, object: Object) -> Path | None:
        """The entry of an object of the store at ``origin``, if there is one: it is used now."""
        entry = self._entry(origin, object)
        try:
            status = entry.stat()
            if status.st_size != object.size:
                entry.unlink(missing_ok=True)  # a power cut's doing
                return None
            # By hand, since most file systems do not keep the time of reading. A file of another
            # user stays as it is, and is only pruned sooner.
            with suppress(PermissionError):
                os.utime(entry, ns=(time.time_ns(), status.st_mtime_ns))
        except FileNotFoundError:
            return None
        return entry

    @contextmanager
    def copying(self) -> Iterator[Path]:
        """A folder of the caller's own for files that are to become entries, while the block runs.

        It is locked for so long: one without a lock is what a killed copy left.
        """
        partials = self._objects / _PARTIAL
        with said_of(str(partials)):
            self._objects.mkdir(mode=0o700, parents=True, exist_ok=True)
            partials.mkdir(exist_ok=True)
        folder = partials / uuid.uuid4().hex
        with locked(partials):
            folder.mkdir()
            held = lock(folder)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(held)

    def remove_left_over(self) -> None:
        """Remove what killed copies left."""
        partials = self._objects / _PARTIAL
        if not partials.is_dir():
            return
        with locked(partials):
            for folder in partials.iterdir():
                with suppress(BlockingIOError, FileNotFoundError):
                    os.close(lock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB))
                    shutil.rmtree(folder, ignore_errors=True)

    def publish(self, partial: Path, origin: str, object: Object) -> Path:
        """Make a finished file the entry of its object."""
        entry = self._entry(origin, object)
        with said_of(str(entry)):
            if partial.stat().st_size != object.size:
                raise StorageError(object.uri, "was not copied whole", "run again")
            if object.size > PART:
                # Its parts came in any order: after a power cut a gap would not show in its size.
                _flush(partial)
            entry.parent.mkdir(exist_ok=True)
            partial.replace(entry)
        return entry

    def prune(self, max_bytes: int) -> Pruned:
        """Remove the entries that were not used for longest until the rest fits ``max_bytes``.

        Trees of jobs keep what they hold: they have links or copies of their own.
        """
        with said_of(str(self._objects)):
            self.remove_left_over()
            entries = sorted(self._entries(), key=lambda found: found[1].st_atime_ns)
            size = sum(status.st_size for _, status in entries)
            removed, removed_size = 0, 0
            for path, status in entries:
                if size - removed_size <= max_bytes:
                    break
                path.unlink(missing_ok=True)
                removed += 1
                removed_size += status.st_size
        return Pruned(removed, removed_size, len(entries) - removed, size - removed_size)

    def _entry(self, origin: str, object: Object) -> Path:
        import hashlib  # a run without channels comes here for what is left over alone

        version = f"etag {object.etag}" if object.etag else f"modified {object.modified}"
        identity = "\0".join((origin, object.uri, str(object.size), version))
        name = hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()
        return self._objects / name[:2] / name[2:]

    def _entries(self) -> Iterator[tuple[Path, os.stat_result]]:
        for folder in self._folders():
            if folder.name == _PARTIAL:
                continue
            with os.scandir(folder) as entries:
                for entry in entries:
                    with suppress(FileNotFoundError):  # pruned by another
                        yield Path(entry.path), entry.stat(follow_symlinks=False)

    def _folders(self) -> Iterator[Path]:
        if self._objects.is_dir():
            yield from (path for path in self._objects.iterdir() if path.is_dir())


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
