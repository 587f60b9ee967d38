"""Making a written folder a checkpoint: every file safe on the disk, the manifest last.

The files are read back for their checksums from the page cache, while others are on their way to
the disk, so that the disk is what a save waits for.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path
from typing import NoReturn

from sm_container.contract.checkpoint_manifest import (
    MANIFEST_NAME,
    PIECE_BYTES,
    UNFINISHED_MANIFEST_NAME,
    CheckpointFile,
    CheckpointManifest,
    checksum,
    is_safe_name,
    pieces,
)
from sm_container.contract.checkpoints import (
    UPLOADED_SUFFIX,
    UPLOADING_SUFFIX,
    is_left_behind,
)
from sm_container.machine.cpus import available_cpus
from sm_container.runtime.checkpoints.errors import CheckpointError


def seal(
    folder: Path,
    step: int,
    host: str,
    metrics: Mapping[str, float],
    piece_bytes: int = PIECE_BYTES,
) -> CheckpointManifest:
    """Make what lies in ``folder`` the checkpoint of a step.

    Raises CheckpointError for what cannot be in a checkpoint, or is still written to; OSError where
    the disk fails or something cannot be read.
    """
    sizes, folders = _listed(folder)
    if not sizes:
        raise CheckpointError(
            folder, "the function wrote no file into the folder it was given", "write the state"
        )
    files = _settled(folder, sizes, piece_bytes)
    if _listed(folder)[0] != sizes:
        raise CheckpointError(
            folder,
            "was still written to when the function had returned",
            "let it wait for the threads and processes that write for it",
        )
    for each in (*folders, folder, folder.parent):
        _sync_folder(each)
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    manifest = CheckpointManifest(step, host, now, files, metrics, piece_bytes)
    _commit(folder, manifest)
    return manifest


def _settled(
    folder: Path, sizes: Mapping[str, int], piece_bytes: int
) -> tuple[CheckpointFile, ...]:
    """Bring the files to the disk, and give them with their checksums."""
    with ThreadPoolExecutor(available_cpus() + 1) as pool:
        synced: list[Future[None]] = []
        sums: dict[str, list[Future[str]]] = {}
        for name, size in sizes.items():
            path = folder / name
            synced.append(pool.submit(_sync_file, path))
            parts = pieces(size, piece_bytes)
            sums[name] = [pool.submit(checksum, path, *part) for part in parts]
        try:
            for each in synced:
                each.result()
            return tuple(
                CheckpointFile(name, size, tuple(each.result() for each in sums[name]))
                for name, size in sizes.items()
            )
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _listed(folder: Path) -> tuple[dict[str, int], list[Path]]:
    """The sizes of the files by their names, in order, and the folders below, the deepest first."""
    sizes: dict[str, int] = {}
    folders: list[Path] = []
    for path in _below(folder):
        if _is_platforms(path):
            continue
        name = path.relative_to(folder).as_posix()
        _check_name(path, name)
        status = path.lstat()
        if stat.S_ISDIR(status.st_mode):
            folders.append(path)
        elif stat.S_ISREG(status.st_mode):
            sizes[name] = status.st_size
        else:
            kind = "a link" if stat.S_ISLNK(status.st_mode) else "no regular file"
            raise CheckpointError(path, f"is {kind}", "S3 keeps files alone: write a file")
    return dict(sorted(sizes.items())), folders


def _below(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> NoReturn:  # what cannot be listed would be left out
        raise error

    for top, folders, files in os.walk(folder, topdown=False, onerror=refuse):
        for name in (*files, *folders):
            yield Path(top, name)


def _is_platforms(path: Path) -> bool:
    """Whether it is a marker that stands beside its file: the platform uploads a file once it has
    settled, also of a checkpoint that is not whole yet, and makes and removes markers meanwhile."""
    for suffix in (UPLOADING_SUFFIX, UPLOADED_SUFFIX):
        file = path.name.removesuffix(suffix)
        if file and file != path.name and os.path.lexists(path.with_name(file)):
            try:
                return path.lstat().st_size == 0
            except FileNotFoundError:
                return True
    return False


def _check_name(path: Path, name: str) -> None:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise CheckpointError(
            path, "its name is not UTF-8", "S3 has no such key: give the file another name"
        ) from None
    if not is_safe_name(name):
        raise CheckpointError(
            path, "has a name of this library or the platform", "give the file another name"
        )
    if is_left_behind(name):
        raise CheckpointError(
            path,
            "has a name that the platform does not upload, so it would be missing after a restart",
            "give it another name",
        )


def _commit(folder: Path, manifest: CheckpointManifest) -> None:
    unfinished = folder / UNFINISHED_MANIFEST_NAME
    with unfinished.open("wb") as file:
        file.write(manifest.to_bytes())
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, folder / MANIFEST_NAME)
    _sync_folder(folder)


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system where a folder needs no sync
            raise
    finally:
        os.close(descriptor)
