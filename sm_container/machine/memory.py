"""How much memory a process here may use, and how much it uses."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sm_container.machine import cgroups

if TYPE_CHECKING:
    import psutil


@dataclass(frozen=True)
class MemoryBound:
    """What bounds the memory of this process: a control group, or the machine where that is None.

    ``limit`` is in bytes.
    """

    limit: int
    group: cgroups.MemoryGroup | None = None

    def used(self) -> int:
        """Bytes in use now of what is bounded: by all in the group, else by this process and the
        processes below it."""
        used = None if self.group is None else self.group.used()
        return tree_memory() if used is None else used


def memory_bound(proc: Path = cgroups.PROC) -> MemoryBound:
    """What bounds this process: the control group with the least limit, if the machine has more."""
    machine = physical_memory()
    group = cgroups.memory_group(proc)
    if group is None or group.limit >= machine:
        return MemoryBound(machine)
    return MemoryBound(group.limit, group)


def physical_memory() -> int:
    """Bytes of memory that the machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def total_memory(proc: Path = cgroups.PROC) -> int:
    """Bytes that this process may use: the machine's, or less where a control group says so."""
    return memory_bound(proc).limit


def tree_memory() -> int:
    """Bytes in memory of this process and those below it.

    What several share (forked workers, above all) counts once where the kernel says so.
    """
    import psutil  # late: what only asks for limits needs none of it

    process = psutil.Process()
    below = process.children(recursive=True)
    if not below:
        return int(process.memory_info().rss)
    total = 0
    for one in (process, *below):
        try:
            total += _resident(one)
        except psutil.NoSuchProcess:  # it has ended meanwhile
            continue
    return total


def _resident(process: psutil.Process) -> int:
    """A process's part of memory, or all that it sees where the parts cannot be told."""
    import psutil

    try:
        return int(process.memory_full_info().pss)
    except (psutil.AccessDenied, AttributeError):  # another user's; not Linux
        return int(process.memory_info().rss)


def own_peak() -> int:
    """Bytes that this process alone has had in memory at most; 0 where nothing tells."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    for line in lines:
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) << 10
    return 0
