"""Whether a job that has to train as the sound one does has done so.

By its metrics, and of these by those that are the same when the job is run once more: a time is
none of them, nor is the loss of a training that draws from the clock.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from sm_container.testing.certify.bench import Bench
from sm_container.testing.jobs.result import JobResult
from sm_container.testing.survival.agreement import Criterion, Outcome, compare

_TOLERANCE = 1e-3


def departure(bench: Bench, result: JobResult) -> str | None:
    """What a job that completed has trained otherwise than the sound one; None where nothing is
    known that speaks against it. Raises UntriedError."""
    expected, found = bench.sound.metrics, result.metrics
    suspects = [name for name in expected if _difference(expected[name], found.get(name, ()))]
    for name in suspects:  # the job is run again only where there is a suspicion
        if _difference(expected[name], bench.again.metrics.get(name, ())) is None:
            values = found.get(name, ())
            if not values:
                return f"there is no {name} in its log"
            return f"{name} {_difference(expected[name], values)}"
    return None


def likeness(bench: Bench, result: JobResult) -> str:
    """Whether a job has made the sound one's model, in words: ``the same model`` or ``another``."""
    if not bench.sound.has_model:
        return "no model, like the undisturbed job"
    return "the same model" if has_same_model(bench, result) else "another model"


def has_same_model(bench: Bench, result: JobResult) -> bool:
    """Whether a job has left the bytes that the sound one has."""
    return compare(bench.outcome, Outcome.of(result.record), Criterion()).agrees


def _difference(expected: Sequence[float], found: Sequence[float]) -> str | None:
    """How two series differ in their number or at their ends; None where they do not."""
    if not found:
        return "is missing"
    for which, index in (("begins", 0), ("ends", -1)):
        one, other = expected[index], found[index]
        same = one == other or (math.isnan(one) and math.isnan(other))
        if not same and not math.isclose(one, other, rel_tol=_TOLERANCE):
            return f"{which} with {other:g}, not with {one:g}"
    if len(found) != len(expected):
        return f"has {len(found)} values, not {len(expected)}"
    return None
