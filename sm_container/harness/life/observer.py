"""Who watches a job: the terminal, a JSON document, nobody."""

from __future__ import annotations

from typing import Protocol

from sm_container.harness.job.record import JobRecord


class Observer(Protocol):
    """Told of everything that happens to a job while it happens; called from several threads."""

    def record(self, record: JobRecord) -> None:
        """The job's record has changed."""

    def log(self, host: str, data: bytes) -> None:
        """A host has written this, in whole lines."""

    def progress(self, what: str, done: int, total: int) -> None:
        """``done`` of ``total`` bytes of a channel, ``model`` or ``output`` are copied."""


class Silent:
    """Watches nothing; a detached job's log is in its folder."""

    def record(self, record: JobRecord) -> None:
        pass

    def log(self, host: str, data: bytes) -> None:
        pass

    def progress(self, what: str, done: int, total: int) -> None:
        pass
