"""Finds out what has changed in a checkpoint folder since it was last looked at.

inotify says where something has just happened. Every few seconds the whole folder is looked at as
well, which finds what was not told: what happened in a new folder before it could be watched, or
where the system's queue was full.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection

from sm_container.contract.checkpoints import is_left_behind
from sm_container.harness.checkpoints.files import Files, is_below
from sm_container.harness.checkpoints.folder import Folder, Sight
from sm_container.harness.checkpoints.notes import Notes
from sm_container.harness.checkpoints.prefix import Prefix
from sm_container.harness.checkpoints.watch import Watch, WatchError

_SETTLES_BETWEEN_LOOKS = 5  # at the whole folder, while inotify tells what happens
_REST = 20  # times the length of a look at the whole folder: the machine has more to do
_BATCH_SECONDS = 0.05


class Looker:
    """Tells a host's `Files` what stands in its folder, again and again."""

    def __init__(
        self, folder: Folder, prefix: Prefix, files: Files, notes: Notes, settle_seconds: float
    ) -> None:
        self._folder = folder
        self._prefix = prefix
        self._files = files
        self._notes = notes
        self._settle = settle_seconds
        self._stirred = threading.Event()
        self._has_ended = False
        self._watch: Watch | None = None
        self._watched: tuple[int, int] | None = None
        self._can_watch = True

    def run(self) -> None:
        """Look until ``end`` is called."""
        due = 0.0
        try:
            while not self._has_ended:
                self._stirred.wait(max(0.0, due - time.monotonic()))
                time.sleep(_BATCH_SECONDS)  # what happens at once is looked at together
                self._stirred.clear()
                began = time.monotonic()
                if self._keep_watching() or began >= due:
                    self._look_or_note(set(), {""})
                    ended = time.monotonic()
                    due = ended + max(self._pause, _REST * (ended - began))
                elif self._watch is not None:
                    self._look_or_note(*self._watch.take())
        finally:
            if self._watch is not None:
                self._watch.stop()

    def end(self) -> None:
        """May be called by any thread."""
        self._has_ended = True
        self._stirred.set()

    def look(self, names: Collection[str] = (), folders: Collection[str] = ("",)) -> Sight | None:
        """Look at some files and at all in some folders; None where the folder is gone, with its
        job perhaps: as long as it is away, nothing is missing in it. Raises OSError."""
        sight = self._folder.look({*names, *folders})
        if self._folder.identity() is None:
            return None
        missing = self._files.missing(names, folders, sight.files)
        self._files.saw(
            {name: version for name, version in sight.files.items() if self._is_to_go(name)}
        )
        self._files.missed(name for name in missing if not is_below(name, sight.hidden))
        for name, why in sight.odd.items():
            if not is_left_behind(name):
                self._note("odd", name, f"is not uploaded: {why}")
        for place in sight.hidden:
            self._note("hidden", place, "may not be looked into; make it with mode 755")
        return sight

    def _is_to_go(self, name: str) -> bool:
        if is_left_behind(name):
            return False
        fault = self._prefix.fault_of(name)
        if fault is not None:
            self._note("key", name, f"is not uploaded: {fault}")
        return fault is None

    def _look_or_note(self, names: set[str], folders: set[str]) -> None:
        try:
            self.look(names, folders)
        except OSError as error:
            self._notes.add("look", f"{self._folder.shown}: {error.strerror}")

    def _keep_watching(self) -> bool:
        """Watch the folder that is there now; whether it was not watched before."""
        try:
            identity = self._folder.identity()
        except OSError:
            return False  # the look will say so
        if identity == self._watched or not self._can_watch:
            return False
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
        self._watched = None
        if identity is None:
            return False
        try:
            self._watch = Watch(self._folder.path, self._stirred)
            self._watched = identity
        except WatchError as fault:
            self._can_watch = fault.is_gone
            if not fault.is_gone:
                self._notes.add(
                    "watch",
                    f"{self._folder.shown} cannot be watched ({fault}); it is looked at again and "
                    "again instead",
                )
        return True

    @property
    def _pause(self) -> float:
        """Seconds between two looks at the whole folder."""
        return self._settle * (1 if self._watch is None else _SETTLES_BETWEEN_LOOKS)

    def _note(self, kind: str, name: str, text: str) -> None:
        self._notes.add(kind, f"{self._folder.shown}/{name} {text}")
