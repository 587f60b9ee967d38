"""Packing a job's files as the service does: a gzipped tar whose root is the folder itself."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import IO

from sm_container.harness.outputs.files import Leaf, Merged
from sm_container.storage.objects import Advance

# Models hardly compress: the fastest level costs a few percent of size and a third of the time.
_LEVEL = 1


def write_archive(files: Merged, archive: Path, advance: Advance) -> None:
    """Write ``archive``; ``advance`` gets the bytes read, piece by piece.

    Names are relative and without a leading ``./``, owners are root as in the service. A failure
    (a full disk) leaves no archive behind.
    """
    archive.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive, "w:gz", compresslevel=_LEVEL) as tar:
            for leaf in files.leaves:
                _add(tar, leaf, advance)
    except BaseException:
        archive.unlink(missing_ok=True)
        raise


def _add(tar: tarfile.TarFile, leaf: Leaf, advance: Advance) -> None:
    info = tar.gettarinfo(str(leaf.path), leaf.name)
    info.uid = info.gid = 0
    info.uname = info.gname = "root"
    if info.islnk():  # a hard link within the folder: its bytes are stored again
        info.type, info.linkname, info.size = tarfile.REGTYPE, "", leaf.size
    if not info.isreg():
        tar.addfile(info)
        return
    with open(leaf.path, "rb") as file:
        tar.addfile(info, _Counted(file, advance))


class _Counted:
    """A reader that reports what was read through it."""

    def __init__(self, file: IO[bytes], advance: Advance) -> None:
        self._file = file
        self._advance = advance

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._advance(len(data))
        return data
