"""The results as a page: one table, and what the machine was, without its name."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path

from benchmarks.row import Row

_HEADINGS = ("work", "ours", "rival", "its time", "ratio", "target", "met", "note")
_HOW_TO_READ = """\
Each line compares two ways to do the same work, timed in turn within one run; the times are
medians. The ratio says how many times as fast as the rival we are. Read the ratios: the times
belong to the machine below."""


def page(rows: Sequence[Row], load: float) -> str:
    """The whole of RESULTS.md; ``load`` is the machine's load average before the run."""
    table = [_HEADINGS, ("---",) * len(_HEADINGS), *map(_cells, rows)]
    lines = ["| " + " | ".join(cells) + " |" for cells in table]
    facts = [f"- {fact}" for fact in (*machine_facts(), _busy(load))]
    parts = ["# Results", _HOW_TO_READ, "\n".join(lines), "## The machine", "\n".join(facts)]
    return "\n\n".join(parts) + "\n"


def machine_facts() -> list[str]:
    """What a reader needs in order to judge the times; nothing that names the host."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        f"{cores} cores, {_processor()}",
        f"{memory:.0f} GiB of memory",
        f"{platform.system()} {_kernel()}",
        f"{platform.python_implementation()} {platform.python_version()}",
    ]


def _busy(load: float) -> str:
    cores = len(os.sched_getaffinity(0))
    verdict = "" if load < cores / 2 else ": **busy, so the times say little**"
    return f"a load of {load:.1f} before the run{verdict}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _kernel() -> str:
    return ".".join(platform.release().split("-")[0].split(".")[:2])


def _cells(row: Row) -> tuple[str, ...]:
    met = "yes" if row.met else "**no**"
    cells = (row.work, _time(row.ours_seconds), row.rival, _time(row.rival_seconds))
    return (*map(_safe, cells), f"{row.ratio:.2f}x", row.target.text, met, _safe(row.note))


def _time(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.1f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} us"


def _safe(cell: str) -> str:
    return " ".join(cell.replace("|", "\\|").split())
