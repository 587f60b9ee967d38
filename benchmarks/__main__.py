"""Runs the benchmarks and writes RESULTS.md: ``python -m benchmarks [NAME...]``.

A benchmark is a module of this folder with a function ``rows() -> list[Row]``. Names choose
some of them; RESULTS.md is written only by a run of all. Exits with 1 where a target is missed.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import page
from benchmarks.row import Row

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "RESULTS.md"


def names() -> list[str]:
    """The benchmarks there are: the modules of this folder that say ``def rows(``."""
    found = sorted(module.name for module in pkgutil.iter_modules([str(FOLDER)]))
    return [name for name in found if "\ndef rows(" in (FOLDER / f"{name}.py").read_text()]


def measured(name: str) -> list[Row]:
    """The rows of one benchmark."""
    print(f"== {name}", file=sys.stderr, flush=True)
    rows: list[Row] = importlib.import_module(f"benchmarks.{name}").rows()
    for row in rows:
        verdict = "met" if row.met else "MISSED"
        print(f"   {row.work}: {row.ratio:.2f}x ({row.target.text}: {verdict})", file=sys.stderr)
    return rows


def main(arguments: Sequence[str]) -> int:
    """Measure what is asked for; 0 if every target is met, 2 for a name that is none."""
    unknown = sorted(set(arguments) - set(names()))
    if unknown:
        print(
            f"no benchmark {', '.join(unknown)}; there are: {', '.join(names())}", file=sys.stderr
        )
        return 2
    load, _, _ = os.getloadavg()
    rows = [row for name in arguments or names() for row in measured(name)]
    if arguments:
        print(page(rows, load), end="")
    else:
        RESULTS.write_text(page(rows, load), encoding="utf-8")
        print(f"written: {RESULTS}", file=sys.stderr)
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
