"""Which host has written a name last: all write below one prefix, and the last one wins."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sm_container.harness.checkpoints.folder import Folder, NotAFileError, OpenFile, Version

_STEP = 1 << 20
_WAIT_SECONDS = 0.1


@dataclass(frozen=True)
class Claim:
    """A host's upload of a file: from where, and what it was then."""

    host: str
    folder: Folder
    version: Version


class Claims:
    """The last upload of each name; used by the threads of all hosts."""

    def __init__(self) -> None:
        self._free = threading.Condition()
        self._held: set[str] = set()
        self._last: dict[str, Claim] = {}

    @contextmanager
    def holding(self, name: str, tick: Callable[[], None]) -> Iterator[None]:
        """Have a name alone while the block runs, so that its last writer is known.

        ``tick`` is called while another host has it, and may raise to end the wait.
        """
        with self._free:
            while name in self._held:
                self._free.wait(_WAIT_SECONDS)
                tick()
            self._held.add(name)
        try:
            yield
        finally:
            with self._free:
                self._held.remove(name)
                self._free.notify_all()

    def last(self, name: str) -> Claim | None:
        return self._last.get(name)

    def claim(self, name: str, claim: Claim) -> None:
        self._last[name] = claim

    def forget(self, name: str) -> None:
        self._last.pop(name, None)


def differs(claim: Claim, file: OpenFile) -> bool:
    """Whether a host's upload is known to be another content than this file of another host.

    Where the first one's file has changed since, only its size is known.
    """
    version = file.version()
    if claim.version.size != version.size:
        return True
    try:
        with claim.folder.open(file.name) as other:
            same_file = other.version() == claim.version
            return same_file and not _same_bytes(other.descriptor, file.descriptor)
    except (OSError, NotAFileError):
        return False


def _same_bytes(one: int, other: int) -> bool:
    at = 0
    while (block := os.pread(one, _STEP, at)) == os.pread(other, _STEP, at):
        if not block:
            return True
        at += len(block)
    return False
