"""Where in a folder something has just happened, by inotify as long as it can be had.

What is told is only where to look. What has happened is for the look to find; it finds as well what
happened in a folder before that could be watched.
"""

from __future__ import annotations

import errno
import logging
import os
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from sm_container.contract.checkpoints import is_left_behind

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver

_MOST_PLACES = 10_000
# Of a folder "modified" says only that something else is told of what is in it. Files are opened
# here too, and that nothing is done to them.
_TOLD_OF_FILES = frozenset({"created", "modified", "closed", "deleted", "moved"})
_TOLD_OF_FOLDERS = frozenset({"created", "deleted", "moved"})
_LIMITS = {
    errno.ENOSPC: "fs.inotify.max_user_watches",
    errno.EMFILE: "fs.inotify.max_user_instances",
}


class WatchError(Exception):
    """A folder cannot be watched: why, and what to do. ``is_gone``: it is not there just now."""

    def __init__(self, text: str, is_gone: bool) -> None:
        super().__init__(text)
        self.is_gone = is_gone


class Watch:
    """Watches a folder and all below it. ``stirred`` is set when there is something to look at."""

    def __init__(self, path: Path, stirred: threading.Event) -> None:
        """Begin. Raises WatchError."""
        self._path = str(path)
        self._stirred = stirred
        self._lock = threading.Lock()
        self._files: set[str] = set()
        self._folders: set[str] = set()
        self._observer = self._started()

    def take(self) -> tuple[set[str], set[str]]:
        """The files that something happened to since this was last asked, and the folders."""
        with self._lock:
            taken = self._files, self._folders
            self._files, self._folders = set(), set()
        return taken

    def stop(self) -> None:
        self._observer.stop()
        self._observer.join()

    def _started(self) -> BaseObserver:
        from watchdog.events import FileSystemEventHandler
        from watchdog.observers.inotify import InotifyObserver

        class Handler(FileSystemEventHandler):
            def on_any_event(_, event: FileSystemEvent) -> None:
                self._hear(event)

        # It warns of a folder that it comes to twice, and of a queue that was full.
        warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"watchdog\.")
        logging.getLogger("watchdog").setLevel(logging.CRITICAL)
        observer = None
        try:
            observer = InotifyObserver()
            observer.schedule(Handler(), self._path, recursive=True)
            observer.start()
        except OSError as error:
            if observer is not None:
                observer.stop()
            limit = _LIMITS.get(error.errno or 0)
            what_to_do = f"; raise {limit} (sysctl)" if limit else ""
            is_gone = error.errno in (errno.ENOENT, errno.ENOTDIR)
            raise WatchError(f"{error.strerror}{what_to_do}", is_gone) from error
        return observer

    def _hear(self, event: FileSystemEvent) -> None:
        told = _TOLD_OF_FOLDERS if event.is_directory else _TOLD_OF_FILES
        if event.event_type not in told:
            return
        paths = [os.fsdecode(path) for path in (event.src_path, event.dest_path) if path]
        places = {path.removeprefix(self._path).lstrip("/") for path in paths}
        with self._lock:
            if event.is_directory:
                self._folders |= places
            else:
                places = {place for place in places if not is_left_behind(place)}
                self._files |= places
            if len(self._files) + len(self._folders) > _MOST_PLACES:
                self._files, self._folders = set(), {""}
        if places:
            self._stirred.set()
