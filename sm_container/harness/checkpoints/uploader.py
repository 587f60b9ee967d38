"""One file at a time from a checkpoint folder to its prefix, or out of it."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable

from sm_container.harness.checkpoints.claims import Claim, differs
from sm_container.harness.checkpoints.files import Files, Task
from sm_container.harness.checkpoints.folder import Folder, NotAFileError, OpenFile, Version
from sm_container.harness.checkpoints.markers import mark_uploaded, mark_uploading, unmark
from sm_container.harness.checkpoints.notes import Notes
from sm_container.harness.checkpoints.prefix import Prefix
from sm_container.harness.checkpoints.tally import Tally
from sm_container.harness.checkpoints.writers import has_writer
from sm_container.storage.errors import ObjectChangedError, StorageError
from sm_container.storage.retry import CancelledError

# What stands in the way of a marker and is no matter: its file is gone, or its name too long.
_NO_PLACE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)
_LATER = "it is tried again after a minute, when the file changes, and at the end"
_WHEN_READABLE = (
    "it is uploaded when its container has ended; to have it uploaded before, write it with mode "
    "644 (umask 022)"
)


class Uploader:
    """Does what is due for the files of one host; used by several threads, each with its own file.

    ``faults`` is what could not be done when there was no later any more.
    """

    def __init__(
        self, host: str, folder: Folder, prefix: Prefix, files: Files, notes: Notes, tally: Tally
    ) -> None:
        self._host = host
        self._folder = folder
        self._prefix = prefix
        self._files = files
        self._notes = notes
        self._tally = tally
        self._cancelled = threading.Event()
        self.faults: list[str] = []

    def cancel(self) -> None:
        """End what is on its way, as far as it can be ended."""
        self._cancelled.set()

    def carry(self, task: Task) -> None:
        """Do one task, whose file is this thread's until it is given back here."""
        try:
            if task.version is None:
                self._remove(task.name)
            else:
                self._upload(task.name, task.version)
        except (FileNotFoundError, NotAFileError):
            self._files.missed([task.name])
            self._files.put_off(task.name)
        except OSError as error:
            later = _WHEN_READABLE if isinstance(error, PermissionError) else _LATER
            self._give_up(task, f"{self._shown(task.name)}: {error.strerror}", later)
        except ObjectChangedError:
            self._files.put_off(task.name)
        except StorageError as fault:
            self._give_up(task, str(fault), _LATER)
        except CancelledError:
            self._files.give_up(task.name, task.version)

    def _upload(self, name: str, seen: Version) -> None:
        with self._folder.open(name) as file:
            version = file.version()
            self._files.saw({name: version})
            if not self._files.is_finishing and (version != seen or has_writer(file.descriptor)):
                self._files.put_off(name)
                return
            with self._prefix.claims.holding(name, self._leave_if_cancelled):
                self._mark(mark_uploading, name)
                try:
                    self._send(file, version)
                except BaseException:
                    self._mark(unmark, name)
                    raise
                self._claim(file, version)
                now = self._folder.version(name)  # it may be gone by now, or another file
                self._mark(mark_uploaded if now == version else unmark, name)
        if now is None:
            self._files.missed([name])
        else:
            self._files.saw({name: now})
        self._files.give_back(name, version)

    def _send(self, file: OpenFile, version: Version) -> None:
        """Raises StorageError about the file by its own name."""
        try:
            with self._tally.uploading():
                self._prefix.store.upload(file.path, self._prefix.key(file.name), self._advance)
        except StorageError as fault:
            if file.version() != version:
                raise _changed(self._shown(file.name)) from fault
            if fault.uri == str(file.path):
                raise StorageError(self._shown(file.name), fault.what, fault.what_to_do) from fault
            raise
        self._tally.uploaded(version.size)

    def _claim(self, file: OpenFile, version: Version) -> None:
        claims = self._prefix.claims
        last = claims.last(file.name)
        if last is not None and last.host != self._host and differs(last, file):
            self._notes.add(
                "clash",
                f"{file.name} was written by {last.host} too, and not the same; of files of one "
                "name the last stays, so write from one host alone, or to a folder for each",
            )
        claims.claim(file.name, Claim(self._host, self._folder, version))

    def _remove(self, name: str) -> None:
        """Carry a removal over: only where the folder itself is still there, which goes too when
        somebody deletes the job, and only what no other host has written since."""
        sight = self._folder.look((name,))
        if self._folder.identity() is None or sight.hidden:
            if self._files.is_finishing:
                self._files.give_up(name, None)
            else:
                self._files.put_off(name)
        elif name in sight.files:
            self._files.saw(sight.files)
            self._files.put_off(name)
        else:
            claims = self._prefix.claims
            with claims.holding(name, self._leave_if_cancelled):
                last = claims.last(name)
                if last is None or last.host == self._host:
                    self._prefix.delete(name)
                    claims.forget(name)
                    self._tally.removed()
            self._mark(unmark, name)
            self._files.give_back(name, None)

    def _give_up(self, task: Task, fault: str, later: str) -> None:
        if self._files.is_finishing:
            self.faults.append(fault)
        else:
            self._notes.add(later, f"{fault}; {later}")
        self._files.give_up(task.name, task.version)

    def _mark(self, how: Callable[[int, str], None], name: str) -> None:
        try:
            with self._folder.beside(name) as (folder, last):
                how(folder, last)
        except OSError as error:
            if error.errno not in _NO_PLACE:
                self._notes.add(
                    "markers",
                    f"no markers are put beside {self._shown(name)}: {error.strerror}",
                )

    def _advance(self, count: int) -> None:
        self._tally.send(count)
        self._leave_if_cancelled()

    def _leave_if_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise CancelledError

    def _shown(self, name: str) -> str:
        return f"{self._folder.shown}/{name}"


def _changed(shown: str) -> ObjectChangedError:
    return ObjectChangedError(shown, "was written while it was uploaded", "write it once")
