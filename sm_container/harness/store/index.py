"""The index of jobs: a SQLite cache of what stands in their folders, mended whenever it is read."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sm_container.harness.store.folder import DamagedJobError, JobFolder

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    name TEXT PRIMARY KEY, created REAL, modified REAL, status TEXT, secondary TEXT,
    seconds INTEGER, attempts INTEGER, engine TEXT, target TEXT, stamp INTEGER NOT NULL
)
"""
DAMAGED = "Damaged"
_NOWHERE = Path(":memory:")


@dataclass(frozen=True)
class Summary:
    """A job in a list. ``status`` is a TrainingJobStatus, or "Damaged" for an unreadable folder."""

    name: str
    created: float
    modified: float
    status: str
    secondary: str
    seconds: int | None
    attempts: int
    engine: str | None
    target: str


def summaries(jobs: Path, database: Path) -> list[Summary]:
    """Every job under a folder, the newest first.

    Only folders whose record has changed since they were last indexed are read. A database that
    cannot be used is thrown away and made again: the folders are the truth. Where none can be kept
    (a full disk), all folders are read: the commands that make room need the list, too.
    """
    try:
        return _refreshed(jobs, database)
    except sqlite3.DatabaseError:
        pass
    try:
        database.unlink(missing_ok=True)
        return _refreshed(jobs, database)
    except (sqlite3.DatabaseError, OSError):
        return _refreshed(jobs, _NOWHERE)


def _refreshed(jobs: Path, database: Path) -> list[Summary]:
    with closing(sqlite3.connect(database, timeout=10)) as connection, connection:
        connection.execute("PRAGMA synchronous = OFF")  # what a power cut spoils is made again
        connection.execute(_SCHEMA)
        known = dict(connection.execute("SELECT name, stamp FROM jobs"))
        present = dict(_stamps(jobs))
        gone = known.keys() - present.keys()
        connection.executemany("DELETE FROM jobs WHERE name = ?", [(name,) for name in gone])
        connection.executemany(
            "INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (*_row(JobFolder(jobs / name)), stamp)
                for name, stamp in present.items()
                if known.get(name) != stamp
            ],
        )
        rows = connection.execute(
            "SELECT name, created, modified, status, secondary, seconds, attempts, engine, target"
            " FROM jobs ORDER BY created DESC, name"
        )
        return [Summary(*row) for row in rows]


def _stamps(jobs: Path) -> Iterator[tuple[str, int]]:
    with os.scandir(jobs) as entries:
        for entry in entries:
            if entry.name.startswith(".") or not entry.is_dir(follow_symlinks=False):
                continue
            try:
                status = os.stat(JobFolder(Path(entry.path)).record)
            except OSError:
                yield entry.name, -1
            else:
                yield entry.name, status.st_mtime_ns ^ status.st_ino


_Row = tuple[str, float, float, str, str, int | None, int, str | None, str]


def _row(folder: JobFolder) -> _Row:
    try:
        record = folder.read()
    except DamagedJobError:
        return folder.name, 0.0, 0.0, DAMAGED, "", None, 0, None, ""
    return (
        record.name,
        record.created,
        record.last_modified,
        record.status.value,
        record.secondary_status.value,
        record.training_seconds,
        len(record.attempts),
        record.engine,
        record.options.target,
    )
