"""What is left of the job when its program has ended: daemons, children in sessions of their own.

Every orphan of the job becomes the supervisor's child (it is PID 1 or a subreaper), so the
processes below the supervisor are the job's. Without a /proc of the own PID namespace they
cannot be told apart; PID 1 then ends every process that it sees, another supervisor none.
"""

from __future__ import annotations

import os
import signal
import sys
import time

LEFTOVER_SECONDS = 2.0
# Of the platform's 120 s after a stop, the program has 110 and those that it leaves two more. A
# worker that writes its checkpoint while the shell that started it has died of the same signal is
# given as much as the program. The rest is for SIGKILL and for the end of the log.
_RESERVED_SECONDS = 10.0
_RESERVED_SHARE = 1 / 12
_LEFTOVER_SHARE = 1 / 5
_KILL_SECONDS = 5.0
_POLL_SECONDS = 0.02
_EVERYONE = -1
_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Make this process the parent of every orphan below it. Source: prctl(2)."""
    if os.getpid() == 1:
        return
    try:
        import ctypes  # late: while the child prepares
    except ImportError:
        return  # an interpreter without libffi: orphans are init's, as without a supervisor
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants(spared: frozenset[int] = frozenset()) -> frozenset[int]:
    """The living processes below this one, without ``spared`` and what is below those."""
    if not _has_children():
        return frozenset()
    if os.readlink("/proc/self") != str(os.getpid()):  # the /proc of another namespace
        return frozenset({_EVERYONE}) if os.getpid() == 1 else frozenset()
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (parent := _parent_of_living(name)):
            children.setdefault(parent, []).append(int(name))
    found: set[int] = set()
    waiting = [os.getpid()]
    while waiting:
        below = [pid for pid in children.get(waiting.pop(), ()) if pid not in spared]
        found.update(below)
        waiting.extend(below)
    return frozenset(found)


def stopped_seconds(grace: float) -> float:
    """How long a program may go on after a stop, of the platform's ``grace``, in seconds."""
    return grace - _reserved_seconds(grace)


def _reserved_seconds(grace: float) -> float:
    return min(_RESERVED_SECONDS, grace * _RESERVED_SHARE)


def end(spared: frozenset[int], group: int, stopped_at: float | None, grace: float) -> None:
    """End and reap every process below this one but ``spared``: TERM, some time, KILL.

    ``stopped_at`` is when (by ``time.monotonic``) the process group ``group`` was told to stop,
    if it was: its members have their signal already, and all get what is left of the platform's
    ``grace`` but for a reserve. Needs SIGCHLD blocked.
    """
    ended: set[int] = set()
    told: set[int] = set()
    deadline = time.monotonic() + LEFTOVER_SECONDS
    if stopped_at is not None:
        least = time.monotonic() + _reserved_seconds(grace) * _LEFTOVER_SHARE
        deadline = max(least, stopped_at + stopped_seconds(grace))
    while (rest := _reaped_descendants(spared)) and time.monotonic() < deadline:
        for pid in rest - told:
            if stopped_at is None or _group_of(pid) != group:
                _kill(pid, signal.SIGTERM)
                _kill(pid, signal.SIGCONT)  # a stopped process cannot hear
        told |= rest
        ended |= rest
        signal.sigtimedwait({signal.SIGCHLD}, _POLL_SECONDS)
    killed: set[int] = set()
    deadline = time.monotonic() + _KILL_SECONDS
    while (rest := _reaped_descendants(spared)) and time.monotonic() < deadline:
        for pid in rest:
            _kill(pid, signal.SIGKILL)
        killed |= rest
        signal.sigtimedwait({signal.SIGCHLD}, _POLL_SECONDS)
    if ended | killed:
        _tell(ended | killed, killed, rest)


def _tell(ended: set[int], killed: set[int], rest: frozenset[int]) -> None:
    count = "processes" if _EVERYONE in ended else f"{len(ended)} process(es)"
    text = f"sm-train: {count} still ran when the program had ended, and were ended"
    if killed:
        text += "; by SIGKILL: " + ", ".join(map(str, sorted(killed)))
    if rest:
        text += "; cannot be ended: " + ", ".join(map(str, sorted(rest)))
    print(text, file=sys.stderr)


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _reaped_descendants(spared: frozenset[int]) -> frozenset[int]:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return frozenset()
    return descendants(spared)


def _parent_of_living(pid: str) -> int:
    """The parent of a process; 0 if it has ended or cannot be seen."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The name, in parentheses, may hold anything; the state and the parent follow it.
            state, parent = file.read().rpartition(b")")[2].split()[:2]
    except (OSError, ValueError):
        return 0
    return 0 if state in (b"Z", b"X") else int(parent)


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except (ProcessLookupError, PermissionError):
        return None


def _kill(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return  # gone meanwhile, or another user's: seen again, and named, if it stays
