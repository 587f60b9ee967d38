"""Processes that outlive whoever started them: told apart for certain, found again, and ended.

A process number is reused, so a process is known by its number together with the moment it
started and the boot it belongs to. Where even the number is not known, a variable in a process's
environment names the container that it belongs to.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

MARKER = "_SM_CONTAINER"
"""The variable that every process of the process engine inherits: ``home/job/container``."""

_STARTED_FIELD = 22
_STATE_FIELD = 3
_END_SECONDS = 10.0


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@dataclass(frozen=True)
class ProcessIdentity:
    """One process and no other. ``started`` is in clock ticks since the boot."""

    pid: int
    started: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity | None:
        """The process that has this number now; None if there is none."""
        fields = _stat(pid)
        return None if fields is None else cls(pid, int(fields[_STARTED_FIELD - 1]), boot_id())

    def is_alive(self) -> bool:
        """Whether it runs; a zombie does not."""
        if self.boot != boot_id():
            return False
        fields = _stat(self.pid)
        return (
            fields is not None
            and int(fields[_STARTED_FIELD - 1]) == self.started
            and fields[_STATE_FIELD - 1] not in ("Z", "X")
        )

    def signal(self, number: int) -> None:
        """Send a signal; nothing happens if it has ended."""
        if self.is_alive():
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return


def marked(prefix: str) -> Iterator[tuple[ProcessIdentity, str]]:
    """Every living process whose marker begins with ``prefix``, and its marker."""
    start = f"{MARKER}={prefix}".encode()
    own = os.getpid()
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == own:
            continue
        try:
            variables = Path("/proc", entry, "environ").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # it has just ended, or it is another user's
        found = next((v for v in variables if v.startswith(start)), None)
        identity = ProcessIdentity.of(int(entry)) if found else None
        if found is not None and identity is not None and identity.is_alive():
            yield identity, found.decode("utf-8", "surrogateescape").partition("=")[2]


_LOOKS = 5


def end_marked(prefix: str) -> list[str]:
    """Kill every process whose marker begins with ``prefix``; returns the markers that were seen.

    Looked for again until none is seen several times in a row, since a process that forks while it
    is being looked for can be missed once.
    Raises TimeoutError if some cannot be ended.
    """
    seen: set[str] = set()
    unseen = 0

    def kill_all() -> bool:
        nonlocal unseen
        left = list(marked(prefix))
        for identity, marker in left:
            seen.add(marker)
            identity.signal(signal.SIGKILL)
        unseen = 0 if left else unseen + 1
        return unseen >= _LOOKS

    if not eventually(kill_all, _END_SECONDS):
        raise TimeoutError(f"processes of {prefix} do not end after SIGKILL")
    return sorted(seen)


def runs_with(*words: str) -> bool:
    """Whether a living process has all these words among those of its command line."""
    wanted = {word.encode() for word in words}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            command = Path("/proc", entry, "cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # it has just ended, or it is another user's
        if wanted <= set(command):
            return True
    return False


def eventually(holds: Callable[[], bool], seconds: float, pause: float = 0.01) -> bool:
    """Whether ``holds`` becomes true within so many seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause)
    return True


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat; the name, which may hold anything, ends at the last ``)``."""
    try:
        text = Path("/proc", str(pid), "stat").read_text("utf-8", "surrogateescape")
    except (FileNotFoundError, ProcessLookupError):
        return None
    head, _, rest = text.rpartition(")")
    return [head.partition(" ")[0], head, *rest.split()]
