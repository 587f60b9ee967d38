"""Whether a job that has to train as the sound one does has done so.

By its metrics, and of these by those that are the same when the job is run once more: a time is
none of them, nor is the loss of a training that draws from the clock.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from sm_container.testing.certify.bench import Bench
from sm_container.testing.chaos.agreement import Criterion, Outcome, compare
from sm_container.testing.jobs.result import JobResult

_TOLERANCE = 1e-3


def departure(bench: Bench, result: JobResult) -> str | None:
    """What a job that completed has trained otherwise than the sound one; None where nothing is
    known that speaks against it. Raises UntriedError."""
    expected, found = bench.sound.metrics, result.metrics
    suspects = [name for name in expected if not _alike(expected[name], found.get(name, ()))]
    if not suspects:
        return None
    again = bench.again.metrics  # run only where there is a suspicion
    for name in suspects:
        if _alike(expected[name], again.get(name, ())):
            one, other = expected[name], found.get(name, ())
            return (
                f"{name} ends with {other[-1]:g}, not with {one[-1]:g}"
                if other
                else f"there is no {name} in its log"
            )
    return None


def likeness(bench: Bench, result: JobResult) -> str:
    """Whether a job has made the sound one's model, in words: ``the same model`` or ``another``."""
    if not bench.sound.has_model:
        return "no model, like the undisturbed job"
    same = compare(Outcome.of(bench.sound.record), Outcome.of(result.record), Criterion())
    return "the same model" if same.agrees else "another model"


def _alike(one: Sequence[float], other: Sequence[float]) -> bool:
    """Both begin and end alike, however many values there are between."""
    if not one or not other:
        return not one and not other
    return all(
        a == b or (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=_TOLERANCE)
        for a, b in ((one[0], other[0]), (one[-1], other[-1]))
    ) and len(one) == len(other)
