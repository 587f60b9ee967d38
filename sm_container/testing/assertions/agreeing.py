"""Whether the models of two jobs agree, for an assertion about that."""

from __future__ import annotations

from collections.abc import Sequence

from sm_container.testing.jobs.result import JobResult
from sm_container.testing.survival.agreement import Agreement, Criterion, Outcome, compare


def criterion(tolerance: float | None, agree_on: str | Sequence[str]) -> Criterion:
    """By what models agree: the same bytes, or else final metrics that differ by the part
    ``tolerance`` at most, all of them or those to ``agree_on``."""
    names = (agree_on,) if isinstance(agree_on, str) else tuple(agree_on)
    return Criterion(0.0 if names and tolerance is None else tolerance, names)


def agreement(expected: JobResult, found: JobResult, by: Criterion) -> Agreement:
    """Of two jobs that completed."""
    return compare(Outcome.of(expected.record), Outcome.of(found.record), by)


def incomplete(when: str, result: JobResult) -> str:
    """What there is to say of a job that was to complete."""
    return f"{when} the job did not complete: {result.reason}\n{result.where}"


def where_models_are(*results: JobResult) -> str:
    """Where to look at the models."""
    return "\n".join(
        f"{result.name}: {result.model if result.has_model else 'no model'}" for result in results
    )
