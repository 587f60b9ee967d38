"""Memory and CPU time of a container, read where the kernel counts them, in cgroup v1 and v2."""

from __future__ import annotations

from pathlib import Path

from sm_container.harness.engines.engine import Stats
from sm_container.machine.cgroups import memory_limit, memory_used

_ROOT = Path("/sys/fs/cgroup")
_PROC = Path("/proc")


def stats_of(pid: int, container: str) -> Stats | None:
    """What the container of this identity uses; None where its processes are not this machine's
    or have ended. Memory is told without the file pages that the kernel takes back first, but for
    the peak. ``pid`` is only believed if its cgroup bears the container's identity."""
    try:
        lines = (_PROC / str(pid) / "cgroup").read_text().splitlines()
    except OSError:
        return None
    paths = dict(line.split(":", 2)[1:] for line in lines)
    unified, memory = paths.get(""), paths.get("memory")
    if memory is not None and container in memory:
        folder = _ROOT / "memory" / memory.lstrip("/")
        return _stats(
            memory_used(folder, 1),
            _number(folder / "memory.max_usage_in_bytes"),
            memory_limit(folder, 1),
            _nanoseconds(_ROOT / "cpuacct" / paths.get("cpuacct", memory).lstrip("/")),
        )
    if unified is not None and container in unified:
        folder = _ROOT / unified.lstrip("/")
        return _stats(
            memory_used(folder, 2),
            _number(folder / "memory.peak"),
            memory_limit(folder, 2),
            _microseconds(folder),
        )
    return None


def _stats(
    current: int | None, peak: int | None, limit: int | None, cpu: float | None
) -> Stats | None:
    if current is None:
        return None
    return Stats(current, peak, limit, cpu)


def _number(file: Path) -> int | None:
    try:
        text = file.read_text().strip()
    except OSError:
        return None  # this kernel does not count it, or the container has just ended
    return int(text) if text.isdigit() else None


def _nanoseconds(folder: Path) -> float | None:
    usage = _number(folder / "cpuacct.usage")
    return None if usage is None else usage / 1e9


def _microseconds(folder: Path) -> float | None:
    try:
        lines = (folder / "cpu.stat").read_text().splitlines()
    except OSError:
        return None
    fields = dict(line.split(" ", 1) for line in lines)
    return int(fields["usage_usec"]) / 1e6 if "usage_usec" in fields else None
