"""What a job's page begins with: whether it still runs, and the numbers that stand large."""

from __future__ import annotations

from dataclasses import dataclass

from sm_container.harness.job.record import JobRecord
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.ownership import is_orphan
from sm_container.harness.text import duration


@dataclass(frozen=True)
class Life:
    """Whether a job runs; ``is_orphan`` where it should and nobody runs it. What is known of it
    ends at ``until``, epoch seconds."""

    is_running: bool
    is_orphan: bool
    until: float


def life_of(record: JobRecord, folder: JobFolder, now: float) -> Life:
    """A job's life as of ``now``, epoch seconds."""
    is_lost = is_orphan(folder, record.status.value)
    is_running = not record.status.is_terminal and not is_lost
    return Life(is_running, is_lost, now if is_running else record.last_modified)


@dataclass(frozen=True)
class Fact:
    """One of the numbers that stand large on the page, and what it is made of."""

    name: str
    value: str
    detail: str = ""


def facts_of(record: JobRecord, until: float) -> list[Fact]:
    """What is known by ``until``, epoch seconds."""
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
