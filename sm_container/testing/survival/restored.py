"""What a start finds in its checkpoint folder, and what it makes of it.

Whether a file was read is told by its access time, which is set to the epoch before the start. A
file that is written over is read by who uploads it, and later by whoever likes: what tells then is
that it had been read before it was written.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

from sm_container.contract.checkpoint_manifest import MANIFEST_NAME, CheckpointManifest
from sm_container.contract.checkpoints import CheckpointName, is_upload_marker
from sm_container.contract.errors import ContractError

_LOOK_SECONDS = 0.02
_WATCHED = 256
"""How many files are kept open to be asked later, deleted ones too."""


def newest_step(folder: Path) -> int | None:
    """The last step of this library's whole checkpoints in a folder, None without any."""
    return max(_whole_steps(folder), default=None)


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
        self._was_read = False
        self._repeated: int | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="restored", daemon=True)
        self._descriptors: dict[int, int] = {}
        """When the file of each was written, before the start, in nanoseconds."""
        data = [name for name in self.files if name.rpartition("/")[2] != MANIFEST_NAME]
        for name in data[-_WATCHED:]:
            _forget_reading(folder / name)
            descriptor = os.open(folder / name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
            self._descriptors[descriptor] = os.fstat(descriptor).st_mtime_ns

    def was_read(self) -> bool | None:
        """Whether the program has read any of the files; None where that leaves no trace here."""
        if not self._traces:
            return None
        self._look_for_reading()
        return self._was_read

    @property
    def repeated_step(self) -> int | None:
        """The first step that was seen to be saved again though it was restored, of this library's;
        None where there is none."""
        return self._repeated

    def watch(self) -> None:
        """Look from now on for what may soon be no longer seen: files that are read, before they
        are written over, and steps that are saved again, before they are pruned."""
        if self.files:
            self._thread.start()

    def end(self) -> None:
        """Look a last time; safe to repeat."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _watch(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._ended.wait(_LOOK_SECONDS)
            self._look()

    def _look(self) -> None:
        self._look_for_reading()
        if self.step is not None:
            self._look_for_steps(self.step)

    def _look_for_reading(self) -> None:
        for descriptor, written in self._descriptors.items():
            status = os.fstat(descriptor)
            read, last_written = status.st_atime_ns, status.st_mtime_ns
            if read > 0 and (last_written == written or read < last_written):
                self._was_read = True

    def _look_for_steps(self, restored: int) -> None:
        seen = () if self._repeated is None else (self._repeated,)
        fresh = [name for name in _names(self._folder) if name not in self.names]
        steps = [parsed.step for name in fresh if (parsed := CheckpointName.parse(name))]
        again = [step for step in steps if step <= restored]
        self._repeated = min((*again, *seen), default=None)

    def close(self) -> None:
        self.end()
        for each in self._descriptors:
            os.close(each)
        self._descriptors.clear()


def _whole_steps(folder: Path) -> Iterator[int]:
    for name in _names(folder):
        parsed = CheckpointName.parse(name)
        if parsed is None:
            continue
        try:
            CheckpointManifest.read(folder / name).check_sizes(folder / name)
        except ContractError:
            continue  # torn, which is what is asked
        yield parsed.step


def _names(folder: Path) -> list[str]:
    """What is seen in a folder, which a program may take away, or the rights to it."""
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []


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
