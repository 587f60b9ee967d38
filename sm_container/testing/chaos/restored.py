"""What a start finds in its checkpoint folder, and what it makes of it.

Whether a file was read is told by its access time, which is set to the epoch before the start.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from sm_container.contract.checkpoint_manifest import MANIFEST_NAME, CheckpointManifest
from sm_container.contract.checkpoints import CheckpointName, is_upload_marker
from sm_container.contract.errors import ContractError

_WATCHED = 256
"""How many files are kept open to be asked later, deleted ones too."""


def newest_step(folder: Path) -> int | None:
    """The last step of this library's whole checkpoints in a folder, None without any."""
    return max((step for _, step in _whole(folder)), default=None)


class Restored:
    """The files that a start was given. Closed by ``close``, after which nothing is asked.

    ``step`` is that of the newest whole checkpoint of this library, None where there is none.
    """

    def __init__(self, folder: Path, aside: Path) -> None:
        """Only before the container starts. ``aside`` is a folder on the same disk, to try there
        whether reading leaves a trace."""
        self._folder = folder
        self.files = tuple(sorted(_files(folder)))
        self.names = frozenset(name.split("/")[0] for name in self.files)
        self.step = newest_step(folder)
        self.has_library_checkpoints = any(CheckpointName.parse(name) for name in self.names)
        self._traces = _reading_leaves_traces(aside)
        self._descriptors: list[int] = []
        data = [name for name in self.files if name.rpartition("/")[2] != MANIFEST_NAME]
        for name in data[-_WATCHED:]:
            _forget_reading(folder / name)
            self._descriptors.append(
                os.open(folder / name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
            )

    def was_read(self) -> bool | None:
        """Whether the program has read any of the files; None where that leaves no trace here."""
        if not self._traces:
            return None
        return any(os.fstat(each).st_atime_ns > 0 for each in self._descriptors)

    def repeated_step(self) -> int | None:
        """The first step that was saved again though it was restored, of this library's; None
        where there is none. Of what was pruned nothing is known."""
        if self.step is None or not self._folder.is_dir():
            return None
        fresh = [
            parsed.step
            for name in os.listdir(self._folder)
            if name not in self.names and (parsed := CheckpointName.parse(name))
        ]
        return min((step for step in fresh if step <= self.step), default=None)

    def close(self) -> None:
        for each in self._descriptors:
            os.close(each)
        self._descriptors.clear()


def _whole(folder: Path) -> Iterator[tuple[str, int]]:
    for name in os.listdir(folder) if folder.is_dir() else ():
        parsed = CheckpointName.parse(name)
        if parsed is None:
            continue
        try:
            CheckpointManifest.read(folder / name).check_sizes(folder / name)
        except ContractError:
            continue  # torn, which is what is asked
        yield name, parsed.step


def _files(folder: Path) -> Iterator[str]:
    for top, _, names in os.walk(folder):
        for name in names:
            path = Path(top, name)
            if path.is_file() and not path.is_symlink() and not is_upload_marker(name):
                yield path.relative_to(folder).as_posix()


def _forget_reading(path: Path) -> None:
    os.utime(path, ns=(0, path.lstat().st_mtime_ns), follow_symlinks=False)


def _reading_leaves_traces(folder: Path) -> bool:
    """Not on a disk that is mounted with noatime."""
    tried = folder / ".read-trace"
    tried.write_bytes(b"?")
    try:
        _forget_reading(tried)
        tried.read_bytes()
        return tried.stat().st_atime_ns > 0
    finally:
        tried.unlink()
