"""Jobs that are stopped in the midst of their training, and whether they have noticed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sm_container.harness.job.status import Phase
from sm_container.harness.metrics.periods import values
from sm_container.testing.certify.bench import Bench
from sm_container.testing.certify.ends import is_killed
from sm_container.testing.certify.likeness import has_same_model
from sm_container.testing.certify.seconds import stopping, trained
from sm_container.testing.jobs.moments import Event, MissedMomentError, Moment
from sm_container.testing.jobs.result import JobResult

_PARTS = (0.5, 0.8)
_SOONER = 0.25
_HEARD_PART = 0.7
"""Of the time that is left to a training: who takes more of it has not heard."""
LEAST_LEFT = 0.4
"""Seconds of training without which nothing can be told."""


@dataclass(frozen=True)
class Stop:
    """A job that was told to stop ``after`` seconds of its training, which is the epoch second
    ``at``, and ended ``took`` seconds later."""

    result: JobResult
    at: float
    after: float
    took: float

    @classmethod
    def of(cls, result: JobResult) -> Stop:
        """Of a job that was stopped while it trained."""
        record = result.record
        [at] = [each.start for each in record.transitions if each.phase is Phase.STOPPING]
        return cls(result, at, trained(record), stopping(record))

    def tells(self, bench: Bench) -> bool:
        """Whether it can be told at all if SIGTERM was heard: the end was not there anyway."""
        return self.cut_short(bench) or bench.seconds - self.after >= LEAST_LEFT

    def cut_short(self, bench: Bench) -> bool:
        """Whether the job has fewer values of some metric than the sound one."""
        found = self.result.metrics
        return any(
            len(found.get(name, ())) < len(expected)
            for name, expected in _series(bench.sound.metrics)
        )

    def made_no_difference(self, bench: Bench) -> bool:
        """Whether the job trained on to its own end.

        Told by its metrics where it can be: whether there are fewer than the sound job has, or as
        many, the last of them later than the stop. Else by time, as long as was left, and by its
        model, which is the sound job's.
        """
        if self.cut_short(bench):
            return False
        if any(moment > self.at for moment in _moments_of_progress(self.result, bench)):
            return True
        bench.settle_seconds()
        if self.took < _HEARD_PART * max(bench.seconds - self.after, 0.0):
            return False
        # Where every run makes another model, time alone is left to tell.
        return has_same_model(bench, self.result) or not has_same_model(bench, bench.again)

    def came_after_progress(self, bench: Bench) -> bool:
        """Whether the job had told a value of a metric before: its start was over."""
        first = _first_value(self.result, bench)
        return first is not None and first < self.at


def start_of_progress(bench: Bench) -> float | None:
    """Seconds of training after which the sound job has told the first value of a metric; None for
    one that tells none."""
    sound = bench.sound
    first = _first_value(sound, bench)
    began = [each.start for each in sound.record.transitions if each.phase is Phase.TRAINING]
    return None if first is None or not began else max(0.0, first - began[-1])


def _first_value(result: JobResult, bench: Bench) -> float | None:
    return min(_moments_of_progress(result, bench), default=None)


def _moments_of_progress(result: JobResult, bench: Bench) -> Iterator[float]:
    """When a job told a value of a metric that the sound one tells again and again."""
    names = {name for name, _ in _series(bench.sound.metrics)}
    return (each.timestamp for each in values(result.folder) if each.name in names)


def _series(metrics: Mapping[str, list[float]]) -> list[tuple[str, list[float]]]:
    """The metrics that have more than one value."""
    return [(name, values) for name, values in metrics.items() if len(values) > 1]


def moments_to_stop(bench: Bench) -> Iterator[float | str]:
    """When to stop: at the first value of a metric that comes more than once, then later, where
    that was too soon for a model. Seconds of training, or a regular expression for the log."""
    pattern = _pattern_of_progress(bench)
    if pattern is not None:
        yield pattern
    bench.settle_seconds()
    for part in _PARTS:
        if bench.seconds * (1 - part) >= LEAST_LEFT:
            yield part * bench.seconds
    if bench.seconds * (1 - _PARTS[0]) < LEAST_LEFT <= bench.seconds * (1 - _SOONER):
        yield _SOONER * bench.seconds


def stop_at(bench: Bench, when: float | str) -> Stop | None:
    """Stop the job then; None where that tells nothing, for it had ended or was about to. Raises
    UntriedError."""
    try:
        result = bench.run("stopped", moments=[Moment(Event.STOP, when)])
    except MissedMomentError:
        return None
    stop = Stop.of(result) if result.status == "Stopped" else None
    return stop if stop is not None and (is_killed(result) or stop.tells(bench)) else None


def _pattern_of_progress(bench: Bench) -> str | None:
    """What matches the log of a training that has come somewhere; None where nothing does."""
    found = bench.sound.metrics
    for each in bench.request.metric_definitions:
        if len(found.get(each.name, ())) >= 2 and _is_pattern(each.regex):
            return each.regex
    return None


def _is_pattern(regex: str) -> bool:
    """The service's definitions may have what Python's do not."""
    try:
        re.compile(regex)
    except re.error:
        return False
    return True
