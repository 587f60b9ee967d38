"""The metrics of a running job: found in its hosts' logs while these grow, kept as series."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sm_container.contract.metrics import MetricDefinition
from sm_container.harness.job.record import MetricValue
from sm_container.harness.metrics.block import LogReader
from sm_container.harness.metrics.budget import Limits
from sm_container.harness.metrics.parser import STANDARD, Parser
from sm_container.harness.metrics.pattern import PatternError
from sm_container.harness.metrics.process import ParserError
from sm_container.harness.metrics.specification import definitions_of, keeps_series
from sm_container.harness.metrics.tally import Tally
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.series import SeriesWriter

_PAUSE_SECONDS = 0.5
_NEWS_SECONDS = 1.0


@dataclass(frozen=True)
class Findings:
    """What is known of a job's metrics: the last value of each, and what the user should know.

    Source: DescribeTrainingJob, FinalMetricDataList.
    """

    values: tuple[MetricValue, ...] = ()
    notes: tuple[str, ...] = ()


class MetricWatch:
    """Reads logs behind who writes them, in a thread: it may lag, and holds up nobody.

    A host's log may appear late, and grow over several attempts of the job. ``series`` are the
    files for all values by host; None where they are not wanted.
    """

    def __init__(
        self,
        definitions: Sequence[MetricDefinition],
        logs: Mapping[str, Path],
        series: Mapping[str, Path] | None,
        *,
        limits: Limits = STANDARD,
    ) -> None:
        self._names = tuple(dict.fromkeys(each.name for each in definitions))
        self._logs = dict(logs)
        self._readers: dict[str, LogReader] = {}
        self._series = {host: SeriesWriter(path) for host, path in (series or {}).items()}
        self._tallies: dict[str, dict[str, Tally]] = {host: {} for host in logs}
        self._faults: list[str] = []
        self._parser = Parser(definitions, points=series is not None, limits=limits)
        self._are_logs_whole = threading.Event()
        self._is_abandoned = False
        self._findings = self._told = Findings()
        self._told_at = 0.0
        self._defect: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)

    @classmethod
    def of_job(
        cls, folder: JobFolder, hosts: Iterable[str], specification: Mapping[str, Any]
    ) -> MetricWatch | None:
        """A watch of a job, whose values are kept in its folder; None where it has no metrics."""
        definitions = definitions_of(specification)
        if not definitions:
            return None
        hosts = tuple(hosts)
        series = {host: folder.metrics(host) for host in hosts}
        return cls(
            definitions,
            {host: folder.log(host) for host in hosts},
            series if keeps_series(specification) else None,
        )

    @property
    def findings(self) -> Findings:
        """What was found so far."""
        return self._findings

    def start(self) -> None:
        self._thread.start()

    def news(self) -> Findings | None:
        """What was found so far, if that has changed since the last time; once a second at most."""
        now = time.monotonic()
        if self._findings == self._told or now - self._told_at < _NEWS_SECONDS:
            return None
        self._told, self._told_at = self._findings, now
        return self._told

    def settle(self, give_up: Callable[[], bool] = lambda: False) -> Findings:
        """What is in the logs, to which nothing is written any more; waits until all is parsed, or
        until ``give_up()``. Idempotent."""
        self._are_logs_whole.set()
        while self._thread.is_alive():
            self._thread.join(0.1)
            if give_up() and not self._is_abandoned:
                self._is_abandoned = True
                self._parser.kill()
        if self._defect is not None:
            raise self._defect
        return self._findings

    def _run(self) -> None:
        try:
            with closing(self._parser):
                self._parser.start()
                is_last = False
                while not is_last and not self._is_abandoned:
                    is_last = self._are_logs_whole.wait(_PAUSE_SECONDS)
                    self._catch_up(is_last=is_last)
        except (ParserError, OSError) as fault:
            self._note(f"metrics are incomplete: {fault}")
        except Exception as defect:  # noqa: BLE001 - raised again by `settle`
            self._defect = defect
        finally:
            for reader in self._readers.values():
                reader.close()
            for writer in self._series.values():
                writer.close()

    def _catch_up(self, *, is_last: bool) -> None:
        """Parse what the logs have by now, a block of each host in turn."""
        waiting = list(self._logs)
        while waiting and not self._is_abandoned:
            waiting = [host for host in waiting if self._parse_a_block(host, is_last=is_last)]

    def _parse_a_block(self, host: str, *, is_last: bool) -> bool:
        """Whether there was one."""
        reader = self._readers.get(host)
        if reader is None:
            try:
                reader = self._readers[host] = LogReader.open(self._logs[host])
            except FileNotFoundError:  # the host has not written anything yet
                return False
        block = reader.next(is_last=is_last)
        if block is None:
            return False
        report = self._parser.parse(block)
        tallies = self._tallies[host]
        for name, tally in report.tallies.items():
            tallies[name] = tallies[name].followed_by(tally) if name in tallies else tally
        self._keep(host, report.points)
        self._conclude()
        return True

    def _keep(self, host: str, points: bytes) -> None:
        if host in self._series:
            try:
                self._series[host].append(points)
            except OSError as fault:
                self._series.pop(host).close()
                self._note(f"the values of {host}'s metrics are no longer kept: {fault}")

    def _note(self, text: str) -> None:
        self._faults.append(text)
        self._conclude()

    def _conclude(self) -> None:
        values = (self._value(name) for name in self._names)
        self._findings = Findings(
            tuple(value for value in values if value is not None),
            (*self._parser.notes, *self._faults),
        )

    def _value(self, name: str) -> MetricValue | None:
        whole = Tally()
        for tallies in self._tallies.values():
            whole = whole.beside(tallies.get(name, Tally()))
        return MetricValue(name, whole.last, whole.last_at or 0.0) if whole.count else None


def find_again(folder: JobFolder, specification: Mapping[str, Any]) -> Findings:
    """The metrics of a job to whose logs nothing is written any more; its series are made anew.

    The logs are the truth: whoever watched them may have died.
    """
    hosts = folder.hosts_with_logs()
    try:
        watch = MetricWatch.of_job(folder, hosts, specification)
    except PatternError as fault:  # a later Python refuses what was a pattern then
        return Findings(notes=(f"metrics were not found again: a pattern {fault}",))
    if watch is None:
        return Findings()
    for host in hosts:
        folder.metrics(host).unlink(missing_ok=True)
    watch.start()
    return watch.settle()
