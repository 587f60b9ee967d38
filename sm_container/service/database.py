"""What the service keeps beside the jobs' folders: algorithms, tags, updates of jobs. SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

_VERSION = 1
_SCHEMA = """
CREATE TABLE algorithms (
    name TEXT PRIMARY KEY, document TEXT NOT NULL, created REAL NOT NULL, status TEXT NOT NULL,
    details TEXT NOT NULL
);
CREATE TABLE tags (
    arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, key)
);
CREATE TABLE updates (job TEXT PRIMARY KEY, document TEXT NOT NULL);
"""


class DatabaseVersionError(Exception):
    """The database was written by a later version of this program."""


@dataclass(frozen=True)
class Database:
    """The service's tables. Every block of ``changing`` is done whole or not at all."""

    path: Path

    @classmethod
    def open(cls, path: Path) -> Database:
        """The database at a path, made where it is missing.

        Raises:
            DatabaseVersionError: where it cannot be understood.
        """
        database = cls(path)
        with database.changing() as connection:
            [found] = connection.execute("PRAGMA user_version").fetchone()
            if found > _VERSION:
                raise DatabaseVersionError(
                    f"{path} was written by a later sm-container: install that, or move it away"
                )
            if found == 0:
                for statement in _SCHEMA.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {_VERSION}")
        return database

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        with closing(self._connected()) as connection:
            yield connection

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """One change at a time; what the block does is undone where it raises."""
        with closing(self._connected()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        connection.row_factory = sqlite3.Row
        return connection
