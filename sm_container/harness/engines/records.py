"""What the process engine writes down about a program before and after it starts it.

One folder a program below the home, so that a program whose harness was killed is found by its
job's name alone.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from sm_container.harness.engines.leftovers import ProcessIdentity

_FILE = "record.json"


@dataclass(frozen=True)
class ProgramRecord:
    """A program that was started, or is about to be (no ``processes`` yet)."""

    job: str
    container: str
    processes: tuple[ProcessIdentity, ...] = ()

    def has_ended(self) -> bool:
        return not any(process.is_alive() for process in self.processes)


@dataclass(frozen=True)
class Records:
    """The records of a home. ``root`` holds a folder for each, where an engine may keep more."""

    root: Path

    def folder(self, container: str) -> Path:
        return self.root / container

    def write(self, record: ProgramRecord) -> None:
        """Write or replace a record; it is whole at every moment."""
        folder = self.folder(record.container)
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f"{_FILE}.fresh"
        fresh.write_text(json.dumps(asdict(record)))
        fresh.replace(folder / _FILE)

    def of_job(self, job: str) -> Iterator[ProgramRecord]:
        for file in sorted(self.root.glob(f"*/{_FILE}")):
            document = json.loads(file.read_text())
            if document["job"] == job:
                processes = tuple(ProcessIdentity(**fields) for fields in document["processes"])
                yield ProgramRecord(job, document["container"], processes)

    def remove(self, container: str) -> None:
        try:
            shutil.rmtree(self.folder(container))
        except FileNotFoundError:
            return  # removed before, or by another
