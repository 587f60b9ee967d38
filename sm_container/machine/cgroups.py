"""The control groups that this process is in, v1 or v2: their limits of memory and CPU, and use.

A limit holds for everything below the group that sets it, so every group from the process's own
up to the root of what is mounted is asked, and the least is what counts.
Source: Linux, cgroup-v1 and cgroup-v2.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

PROC = Path("/proc")

_UNLIMITED_V1 = 1 << 60
"""v1 has no word for no limit, but the largest multiple of a page; no machine has this much."""


@dataclass(frozen=True)
class MemoryGroup:
    """A group that limits memory, for itself and all groups below it."""

    folder: Path
    version: int
    limit: int

    def used(self) -> int | None:
        """What counts towards the limit now: see `memory_used`."""
        return memory_used(self.folder, self.version)


@dataclass(frozen=True)
class _Mount:
    root: PurePosixPath
    point: Path
    version: int
    controllers: frozenset[str]


def cpu_quota(proc: Path = PROC) -> float | None:
    """CPUs that this process may use by its groups' quotas; None where there is none.

    ``proc`` is where procfs is mounted.
    """
    quotas = (quota for folder, mount in _folders(proc) for quota in _cpus(folder, mount))
    return min(quotas, default=None)


def memory_group(proc: Path = PROC) -> MemoryGroup | None:
    """The group that bounds the memory of this process: the one with the least limit.

    Of equal ones the uppermost, which counts most. None where no group sets a limit.
    """
    least: MemoryGroup | None = None
    for folder, mount in _folders(proc):
        limit = memory_limit(folder, mount.version)
        if limit is not None and (least is None or limit <= least.limit):
            least = MemoryGroup(folder, mount.version, limit)
    return least


def memory_folders(proc: Path = PROC) -> Iterator[tuple[Path, int]]:
    """The folders of the groups that count the memory of this process, the innermost first, each
    with its version."""
    for folder, mount in _folders(proc):
        if mount.version == 2 or "memory" in mount.controllers:
            yield folder, mount.version


def memory_limit(folder: Path, version: int) -> int | None:
    """The limit of memory that a group itself sets, in bytes; None where it sets none."""
    limit = _number(folder / ("memory.max" if version == 2 else "memory.limit_in_bytes"))
    return int(limit) if limit is not None and limit < _UNLIMITED_V1 else None


def memory_used(folder: Path, version: int) -> int | None:
    """Bytes that count towards a group's limit, less the file pages that the kernel takes back
    first.

    None where the kernel does not say.
    """
    charged = _number(folder / ("memory.current" if version == 2 else "memory.usage_in_bytes"))
    if charged is None:
        return None
    name = "inactive_file" if version == 2 else "total_inactive_file"
    return max(0, int(charged) - _statistic(folder / "memory.stat", name))


def _folders(proc: Path) -> Iterator[tuple[Path, _Mount]]:
    """The folders of all groups that this process is in."""
    for mount, group in _groups(proc):
        for folder in _upwards(mount, group):
            yield folder, mount


def _mounts(mountinfo: str) -> Iterator[_Mount]:
    for line in mountinfo.splitlines():
        fields, _, rest = line.partition(" - ")
        kind, _, options = rest.partition(" ")
        if kind not in ("cgroup", "cgroup2"):
            continue
        _, _, _, root, point, *_ = fields.split(" ")
        controllers = frozenset(options.rpartition(" ")[2].split(","))
        version = 2 if kind == "cgroup2" else 1
        yield _Mount(PurePosixPath(_unescaped(root)), Path(_unescaped(point)), version, controllers)


def _unescaped(text: str) -> str:
    """mountinfo writes blanks and backslashes as octal."""
    for octal, plain in (("040", " "), ("011", "\t"), ("012", "\n"), ("134", "\\")):
        text = text.replace(f"\\{octal}", plain)
    return text


def _groups(proc: Path) -> Iterator[tuple[_Mount, PurePosixPath]]:
    """Each hierarchy that this process is in, with its group there."""
    try:
        groups = (proc / "self/cgroup").read_text(encoding="utf-8", errors="surrogateescape")
        mountinfo = (proc / "self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return  # not Linux, or a sandbox without /proc
    mounts = list(_mounts(mountinfo))
    for line in groups.splitlines():
        number, controllers, group = line.split(":", 2)
        for mount in mounts:
            if number == "0" and not controllers:
                wanted = mount.version == 2
            else:
                named = frozenset(controllers.split(","))
                wanted = mount.version == 1 and named <= mount.controllers
            if wanted:
                yield mount, PurePosixPath(group)


def _upwards(mount: _Mount, group: PurePosixPath) -> Iterator[Path]:
    """The group's folder and those above it, as far as they are mounted.

    In a container the group's path may be that of the host, of which nothing is mounted but the
    container's own group: then that is the one.
    """
    try:
        inner = group.relative_to(mount.root)
    except ValueError:
        inner = PurePosixPath()
    if ".." in inner.parts:
        inner = PurePosixPath()
    folder = mount.point / inner
    if not folder.is_dir():
        folder = mount.point
    while True:
        yield folder
        if folder == mount.point:
            return
        folder = folder.parent


def _cpus(folder: Path, mount: _Mount) -> Iterator[float]:
    if mount.version == 2:
        try:
            quota, _, period = (folder / "cpu.max").read_text().strip().partition(" ")
        except OSError:
            return
        if quota.isdecimal() and period.isdecimal() and int(period):
            yield int(quota) / int(period)
    elif "cpu" in mount.controllers:
        limit, span = _number(folder / "cpu.cfs_quota_us"), _number(folder / "cpu.cfs_period_us")
        if limit is not None and span is not None and limit > 0 and span > 0:
            yield limit / span


def _number(file: Path) -> float | None:
    """The number in a control file; infinity for ``max``, None where there is no such file."""
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    if text == "max":
        return math.inf
    try:
        return int(text)
    except ValueError:
        return None


def _statistic(file: Path, name: str) -> int:
    """One figure of a file with a name and a number on each line; 0 where it is not there."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return 0
    for line in lines:
        key, _, value = line.partition(" ")
        if key == name and value.isdecimal():
            return int(value)
    return 0
