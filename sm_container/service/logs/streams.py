"""The log streams of training jobs: one for each host that has written something.

Source: "Log Amazon SageMaker Events with Amazon CloudWatch": a stream is called
``[training-job-name]/algo-[instance-number-in-cluster]-[epoch_timestamp]``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sm_container.harness.logs.times import Times
from sm_container.harness.store.folder import DamagedJobError, JobFolder
from sm_container.harness.store.jobs import UnknownJobError
from sm_container.service.account import Account
from sm_container.service.logs.errors import no_such_stream
from sm_container.service.logs.events import EventLog


@dataclass(frozen=True)
class Stream:
    """A host's log. ``first`` and ``last`` are when it was written to, in milliseconds since the
    epoch; the epoch in its name is the first, in seconds."""

    folder: JobFolder
    host: str
    first: int
    last: int

    @property
    def name(self) -> str:
        return f"{self.folder.name}/{self.host}-{self.first // 1000}"

    @property
    def size(self) -> int:
        """Bytes of the log; 0 where it was deleted meanwhile."""
        try:
            return self.folder.log(self.host).stat().st_size
        except FileNotFoundError:
            return 0

    def open(self) -> EventLog:
        """Raises FileNotFoundError where it was deleted meanwhile."""
        return EventLog(self.folder.log(self.host), self._is_over)

    def _is_over(self) -> bool:
        try:
            return self.folder.read().status.is_terminal
        except DamagedJobError:
            return True  # nobody can write it any more


def streams_of(account: Account, prefix: str = "") -> Iterator[Stream]:
    """The streams whose names begin with ``prefix``, in no order."""
    for folder in _folders(account, prefix):
        for stream in _of_job(folder):
            if stream.name.startswith(prefix):
                yield stream


def find_stream(account: Account, name: str) -> Stream:
    """The stream of a name.

    Raises:
        ServiceError: where there is none.
    """
    for stream in streams_of(account, name):
        if stream.name == name:
            return stream
    raise no_such_stream()


def _folders(account: Account, prefix: str) -> Iterator[JobFolder]:
    job, slash, _ = prefix.partition("/")
    if not slash:
        for summary in account.store.summaries():
            if summary.name.startswith(job):
                yield JobFolder(account.home.jobs / summary.name)
        return
    try:
        yield account.store.find(job)
    except UnknownJobError:
        return


def _of_job(folder: JobFolder) -> Iterator[Stream]:
    for host in folder.hosts_with_logs():
        try:
            with Times(folder.log(host)) as times:
                if times.first is not None and times.last is not None:
                    yield Stream(folder, host, times.first, times.last)
        except FileNotFoundError:
            continue  # deleted since it was listed, or a log without times
