"""A control group of its own for a program that is to run out of memory, v1 or v2.

Source: Linux, cgroup-v1/memory and cgroup-v2.
"""

from __future__ import annotations

import errno
import subprocess
import uuid
from collections.abc import Sequence
from pathlib import Path

from sm_container.harness.engines.engine import EngineError
from sm_container.harness.engines.leftovers import eventually
from sm_container.machine.cgroups import PROC, memory_folders

_REMOVAL_SECONDS = 10.0
_JOIN = 'echo 0 > "$0" && exec "$@"'
_ADVICE = (
    "run the tests as root where control groups can be written to, or test an image, whose engine "
    "sets the limit"
)


class MemoryGroup:
    """A group that bounds the memory of all who join it. The kernel ends what takes more."""

    def __init__(self, folder: Path, version: int, limit: int) -> None:
        """Make it at ``folder``. Raises OSError."""
        self.folder = folder
        self._version = version
        folder.mkdir()
        try:
            for name, value in _settings(folder, version, limit):
                (folder / name).write_text(str(value))
        except OSError:
            folder.rmdir()
            raise

    def joining(self, argv: Sequence[str]) -> list[str]:
        """The command that joins the group and becomes another one."""
        return ["/bin/sh", "-c", _JOIN, str(self.folder / "cgroup.procs"), *argv]

    @property
    def kills(self) -> int:
        """How many processes the kernel has ended in it."""
        name = "memory.events" if self._version == 2 else "memory.oom_control"
        lines = (self.folder / name).read_text().splitlines()
        counts = dict(line.split(" ", 1) for line in lines)
        return int(counts["oom_kill"])

    def remove(self) -> None:
        """Once all who had joined have ended.

        Raises:
            EngineError: where some do not.
        """
        if not eventually(self._is_removed, _REMOVAL_SECONDS):
            raise EngineError(f"{self.folder} cannot be removed: a process in it does not end")

    def _is_removed(self) -> bool:
        try:
            self.folder.rmdir()
        except FileNotFoundError:
            return True
        except OSError as fault:
            if fault.errno != errno.EBUSY:
                raise
            return False
        return True


def memory_group(limit: int, proc: Path = PROC) -> MemoryGroup:
    """A new group with ``limit`` bytes of memory, as near to this process's own as can be.

    Raises:
        EngineError: where none can be made here; it says what to do.
    """
    refusals: list[str] = []
    name = f"sm-container-{uuid.uuid4().hex[:12]}"
    for above, version in memory_folders(proc):
        try:
            group = MemoryGroup(above / name, version, limit)
        except OSError as fault:
            refusals.append(f"{above}: {fault.strerror}")
            continue
        why = _why_not(group)
        if why is None:
            return group
        group.remove()
        refusals.append(f"{above}: {why}")
    tried = "; ".join(refusals) or "no control group of this process counts memory"
    raise EngineError(f"a program's memory cannot be limited here ({tried}): {_ADVICE}")


def _settings(folder: Path, version: int, limit: int) -> list[tuple[str, int]]:
    """The control files and what to write to them. What would be swapped out is no memory of the
    instance, so that there is no swap either."""
    if version == 2:
        swap = [("memory.swap.max", 0)] if (folder / "memory.swap.max").exists() else []
        return [("memory.max", limit), *swap]
    both = "memory.memsw.limit_in_bytes"
    swap = [(both, limit)] if (folder / both).exists() else [("memory.swappiness", 0)]
    return [("memory.limit_in_bytes", limit), *swap]


def _why_not(group: MemoryGroup) -> str | None:
    """Why no process of ours can join it; None where one can."""
    done = subprocess.run(group.joining(["true"]), capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stderr.strip() or f"exit {done.returncode}"
