"""The metrics of a job in its record: while its hosts write, and all of them in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sm_container.harness.life.ledger import Ledger
from sm_container.harness.life.prepare import Prepared
from sm_container.harness.life.stopping import Interrupts
from sm_container.harness.store.folder import JobFolder

if TYPE_CHECKING:
    from sm_container.harness.metrics.watch import Findings, MetricWatch


class JobMetrics:
    """Watches the logs of all attempts at a job, which are one; ``settle`` at the end."""

    def __init__(
        self, prepared: Prepared, folder: JobFolder, ledger: Ledger, interrupts: Interrupts
    ) -> None:
        self._ledger = ledger
        self._interrupts = interrupts
        self._watch = _watch_of(prepared, folder)
        self._is_watching = False

    def start(self) -> None:
        """Begin to watch; the first attempt's call counts."""
        if self._watch is not None and not self._is_watching:
            self._is_watching = True
            self._watch.start()

    def report(self) -> None:
        """Record what was found so far, once a second at most."""
        if self._watch is not None:
            news = self._watch.news()
            if news is not None:
                self._record(news)

    def settle(self) -> None:
        """Record what the logs hold, to which no host writes any more; safe to repeat. A Ctrl-C
        after the second one ends the wait for it."""
        if self._watch is None or not self._is_watching:
            return
        heard = len(self._interrupts.received)

        def is_hurried() -> bool:
            return self._interrupts.wants_kill and len(self._interrupts.received) > heard

        self._record(self._watch.settle(is_hurried))

    def _record(self, findings: Findings) -> None:
        if findings.values != self._ledger.record.final_metrics:
            self._ledger.update(final_metrics=findings.values)
        self._ledger.note(*findings.notes)


def _watch_of(prepared: Prepared, folder: JobFolder) -> MetricWatch | None:
    request = prepared.request
    if not request.metric_definitions:
        return None  # and a job without metrics need not load what finds them
    from sm_container.harness.metrics.watch import MetricWatch

    return MetricWatch.of_job(folder, prepared.hosts, request.document["AlgorithmSpecification"])
