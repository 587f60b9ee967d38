"""The page itself: what is known of a job, put into the templates.

Whatever a job says of itself is hostile. Each text is escaped where it enters the page, its control
characters made visible, and the page forbids itself scripts and anything from outside.
"""

from __future__ import annotations

from pathlib import Path

from sm_container.contract.redaction import redacted
from sm_container.harness.job.record import JobRecord
from sm_container.harness.report import chart
from sm_container.harness.report.cost import Prices, cost
from sm_container.harness.report.environment import environment
from sm_container.harness.report.facts import facts_of, life_of
from sm_container.harness.report.metrics import metric_charts
from sm_container.harness.report.rows import channel_rows, places
from sm_container.harness.report.tail import tails
from sm_container.harness.report.timeline import timeline
from sm_container.harness.report.utilization import (
    read_samples,
    throughput_charts,
    utilization_charts,
)
from sm_container.harness.store.folder import JobFolder

TEMPLATES = Path(__file__).with_name("templates")


def page(record: JobRecord, folder: JobFolder, now: float, prices: Prices | None = None) -> str:
    """The report of a job as HTML, of one that runs as of now, epoch seconds.

    Raises:
        PriceError: where prices were given, and none for the job's instance type.
        ReportError: where Jinja is not installed.
    """
    life = life_of(record, folder, now)
    until = life.until
    samples = read_samples(record, folder)
    return (
        environment(TEMPLATES)
        .get_template("page.html")
        .render(
            record=record,
            status=record.status.value,
            secondary=record.secondary_status.value,
            is_running=life.is_running,
            is_orphan=life.is_orphan,
            now=now,
            facts=facts_of(record, until),
            cost=None if prices is None else cost(record, prices, until),
            resources=record.document.get("ResourceConfig", {}),
            timeline=timeline(record, until),
            metrics=list(metric_charts(record, folder, until)),
            utilization=list(utilization_charts(record, samples, until)),
            throughput=list(throughput_charts(record, samples, until)),
            channels=list(channel_rows(record)),
            hyperparameters=redacted(record.document.get("HyperParameters") or {}),
            places=list(places(record, folder)),
            tails=tails(folder),
            field=chart,
        )
    )
