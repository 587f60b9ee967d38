"""The page itself: what is known of a job, put into the templates.

Whatever a job says of itself is hostile. Each text is escaped where it enters the page, its control
characters made visible, and the page forbids itself scripts and anything from outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sm_container.contract.redaction import redacted
from sm_container.harness.job.record import JobRecord
from sm_container.harness.report import chart
from sm_container.harness.report.cost import Prices, cost
from sm_container.harness.report.environment import environment
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
from sm_container.harness.store.ownership import is_orphan
from sm_container.harness.text import duration

_TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class Fact:
    """One of the numbers that stand large on the page, and what it is made of."""

    name: str
    value: str
    detail: str = ""


def page(record: JobRecord, folder: JobFolder, now: float, prices: Prices | None = None) -> str:
    """The report of a job as HTML, of one that runs as of now, epoch seconds.

    Raises:
        PriceError: where prices were given, and none for the job's instance type.
        ReportError: where Jinja is not installed.
    """
    is_lost = is_orphan(folder, record.status.value)
    is_running = not record.status.is_terminal and not is_lost
    until = now if is_running else record.last_modified
    samples = read_samples(record, folder)
    return (
        environment(_TEMPLATES)
        .get_template("page.html")
        .render(
            record=record,
            status=record.status.value,
            secondary=record.secondary_status.value,
            is_running=is_running,
            is_orphan=is_lost,
            now=now,
            facts=_facts(record, until),
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


def _facts(record: JobRecord, until: float) -> list[Fact]:
    whole = "from creation to the end" if record.status.is_terminal else "as far as is known"
    facts = [Fact("Duration", duration(until - record.created), whole)]
    if record.training_seconds is not None:
        facts.append(Fact("Training", f"{record.training_seconds} s", "instances were up"))
        facts.append(Fact("Billable", f"{record.billable_seconds} s", "an instance"))
    if record.saving_percent is not None:
        assumed = f"assumed a discount of {record.options.spot_discount_percent:g} %"
        facts.append(Fact("Saved by spot", f"{record.saving_percent:.0f} %", assumed))
    if record.attempts:
        lost = sum(each.interruption is not None for each in record.attempts)
        interruptions = "1 interruption" if lost == 1 else f"{lost} interruptions"
        facts.append(Fact("Attempts", str(len(record.attempts)), interruptions))
    if record.exit_code is not None:
        facts.append(Fact("Exit code", str(record.exit_code), "the program's own"))
    return facts
