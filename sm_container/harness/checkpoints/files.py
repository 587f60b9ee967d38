"""The files of a checkpoint folder: what was seen of each, what the store has of it, what is due.

A file is due for upload when it has not changed for a while and the store has no such version of
it. One that the store has from this host, and that has been gone for a longer while, is due for
removal: where somebody deletes a whole job by hand, the folder itself is gone by then. What could
not be done is due again after a minute.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sm_container.harness.checkpoints.folder import Version

_SETTLES_BEFORE_REMOVAL = 5
_SETTLES_BEFORE_RETRY = 60


@dataclass(frozen=True)
class Task:
    """One file to be brought to the store as it was last seen, or to be removed there where it was
    seen to be gone."""

    name: str
    version: Version | None


@dataclass(slots=True)
class _File:
    seen: Version | None = None
    """As it was last seen, None where it is gone."""
    kept: Version | None = None
    """As this host has uploaded or restored it, None where it has not."""


class Files:
    """All files of one host; used by several threads. ``settle_seconds`` is how long a file must
    not have changed."""

    def __init__(self, settle_seconds: float) -> None:
        self._settle = settle_seconds
        self._changed = threading.Condition()
        self._files: dict[str, _File] = {}
        # When each was last seen to change, found missing, or given up; the first stands first.
        self._changes: dict[str, float] = {}
        self._losses: dict[str, float] = {}
        self._failures: dict[str, float] = {}
        self._busy: set[str] = set()
        self._is_finishing = False
        self._has_ended = False
        self._may_remove = True

    def restored(self, files: Mapping[str, Version]) -> None:
        """Note what the store has, and now the folder too."""
        with self._changed:
            for name, version in files.items():
                self._files[name] = _File(version, version)

    def saw(self, files: Mapping[str, Version]) -> None:
        """Note how files look now."""
        with self._changed:
            for name, version in files.items():
                file = self._files.setdefault(name, _File())
                if file.seen != version:
                    file.seen = version
                    self._pend(name, file)

    def missed(self, names: Iterable[str]) -> None:
        """Note that files are not there any more."""
        with self._changed:
            for name in names:
                file = self._files.get(name)
                if file is not None and file.seen is not None:
                    file.seen = None
                    self._pend(name, file)

    def missing(
        self, names: Collection[str], folders: Collection[str], found: Collection[str]
    ) -> list[str]:
        """The files known so far that were looked for and not found: some by name, and all at or
        below some folders."""
        with self._changed:
            gone = [name for name in names if name in self._files and name not in found]
            if folders:
                gone += [n for n in self._files if n not in found and is_below(n, folders)]
            return gone

    def take(self) -> Task | None:
        """The next file that is due, for the caller alone until it is given back; waits for one.
        None when there will be no more."""
        with self._changed:
            while not self._has_ended:
                name, wait = self._next()
                if name is not None and wait <= 0:
                    self._leave_queues(name)
                    self._busy.add(name)
                    self._changed.notify()  # somebody must wait for the next one
                    return Task(name, self._files[name].seen)
                if name is None and self._is_finishing and not self._busy:
                    return None
                self._changed.wait(None if name is None else wait)
            return None

    def give_back(self, name: str, kept: Version | None) -> None:
        """The store has this of a file now, and None where the file was removed there."""
        with self._changed:
            self._files[name].kept = kept
            self._release(name)
            self._pend(name, self._files[name])

    def put_off(self, name: str) -> None:
        """Nothing could be done about a file yet; it is due again after a while."""
        with self._changed:
            self._release(name)
            self._pend(name, self._files[name])

    def give_up(self, name: str, tried: Version | None) -> None:
        """Nothing can be done about a file as it is; it is due again when it has changed from what
        was tried, after a longer while, and at the end."""
        with self._changed:
            self._release(name)
            if self._files[name].seen != tried:
                self._pend(name, self._files[name])
            elif not self._is_finishing:
                self._failures[name] = time.monotonic()
                self._changed.notify()

    def finish(self, *, with_removals: bool) -> None:
        """What is not as in the store is due now, and there will be no more."""
        with self._changed:
            self._is_finishing = True
            self._may_remove = with_removals
            self._settle = 0.0
            self._losses.clear()
            for name, file in list(self._files.items()):
                self._pend(name, file)
            self._changed.notify_all()

    def end(self) -> None:
        """Nothing is due any more."""
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()

    @property
    def is_finishing(self) -> bool:
        return self._is_finishing

    @property
    def due_bytes(self) -> int:
        """What is not yet in the store of all that was seen."""
        with self._changed:
            names = (*self._changes, *self._failures, *self._busy)
            return sum(file.seen.size for name in names if (file := self._files[name]).seen)

    def _next(self) -> tuple[str | None, float]:
        """What is due first, and in how many seconds."""
        now = time.monotonic()
        soonest: tuple[str | None, float] = None, 0.0
        for queue, settles in (
            (self._losses, _SETTLES_BEFORE_REMOVAL),
            (self._changes, 1),
            (self._failures, _SETTLES_BEFORE_RETRY),
        ):
            name = next(iter(queue), None)
            if name is not None:
                wait = queue[name] + settles * self._settle - now
                if soonest[0] is None or wait < soonest[1]:
                    soonest = name, wait
        return soonest

    def _release(self, name: str) -> None:
        self._busy.discard(name)
        self._changed.notify_all()

    def _leave_queues(self, name: str) -> None:
        for queue in (self._changes, self._losses, self._failures):
            queue.pop(name, None)

    def _pend(self, name: str, file: _File) -> None:
        if name in self._busy:
            return  # looked at again when it is given back
        self._leave_queues(name)
        if file.seen is not None and file.seen != file.kept:
            self._changes[name] = time.monotonic()
            self._changed.notify()
        elif file.seen is None and file.kept is None:
            del self._files[name]
        elif file.seen is None and self._may_remove:
            self._losses[name] = time.monotonic()
            self._changed.notify()


def is_below(name: str, places: Collection[str]) -> bool:
    """Whether a name is one of the places, or lies below one."""
    if "" in places or name in places:
        return True
    above = name.rpartition("/")[0]
    while above:
        if above in places:
            return True
        above = above.rpartition("/")[0]
    return False
