"""Whether SIGTERM ends training in time."""

from __future__ import annotations

from sm_container.harness.text import duration
from sm_container.testing.certify.bench import Bench
from sm_container.testing.certify.check import Check, Finding
from sm_container.testing.certify.ends import is_killed, without_model
from sm_container.testing.certify.stops import (
    LEAST_LEFT,
    Stop,
    moments_to_stop,
    start_of_progress,
    stop_at,
)

_STOP = "StopTrainingJob"
_LEAST_START, _MOST_START = 0.5, 1.0
_PART_OF_TRAINING = 0.1
_PART_OF_START = 0.5


def _stops(bench: Bench) -> Finding:
    modelless: Stop | None = None
    for moment in moments_to_stop(bench):
        stop = stop_at(bench, moment)
        if stop is None:
            continue
        fault = _unheard(bench, stop)
        if fault is not None:
            return Finding.failed(fault)
        if without_model(bench, stop.result) is None:
            left = "left a model" if stop.result.has_model else "left no model, as it never does"
            return Finding.passed(f"it ended {duration(stop.took)} after SIGTERM, and {left}")
        modelless = stop
    if modelless is None:
        return Finding.not_applicable(_too_brief(bench))
    return Finding.failed(
        f"it ended {duration(modelless.took)} after SIGTERM, and nothing was in /opt/ml/model, "
        f"though it had trained for {duration(modelless.after)} of {duration(bench.seconds)}"
    )


def _stops_early(bench: Bench) -> Finding:
    bench.settle_seconds()
    moment = _moment_of_start(bench)
    stop = stop_at(bench, moment) if bench.seconds - moment >= LEAST_LEFT else None
    if stop is None:
        return Finding.not_applicable(_too_brief(bench))
    fault = _unheard(bench, stop)
    if fault is not None and stop.came_after_progress(bench):
        return Finding.not_applicable(
            f"it starts too briefly to be stopped meanwhile: {duration(moment)} after its start it "
            "had told a metric"
        )
    if fault is not None:
        return Finding.failed(f"{duration(moment)} after its start: {fault}")
    return Finding.passed(
        f"it ended {duration(stop.took)} after SIGTERM, which came {duration(moment)} after its "
        "start"
    )


def _moment_of_start(bench: Bench) -> float:
    """Seconds of training, in the midst of what it does before its first value of a metric."""
    moment = min(_MOST_START, max(_LEAST_START, _PART_OF_TRAINING * bench.seconds))
    progress = start_of_progress(bench)
    return moment if progress is None else min(moment, _PART_OF_START * progress)


def _unheard(bench: Bench, stop: Stop) -> str | None:
    """What to say of a job that SIGTERM has not ended; None where it has."""
    if is_killed(stop.result):
        return f"SIGTERM did not end it within {duration(bench.options.grace_seconds)}"
    if stop.made_no_difference(bench):
        return (
            f"SIGTERM made no difference: it trained on for {duration(stop.took)}, to its own end; "
            "a longer job would be killed"
        )
    return None


def _too_brief(bench: Bench) -> str:
    return (
        f"it trains for {duration(bench.seconds)}, too briefly to be stopped in the midst of it: "
        "give it more to do"
    )


CHECKS = (
    Check(
        "stop",
        "SIGTERM ends training within the grace, with a model saved",
        "StopTrainingJob, time limits and tuning jobs end training so. What is in the model folder "
        "120 seconds later is the model.",
        "Handle SIGTERM, or look at job.stop.requested, and save the best model so far.",
        _STOP,
        _stops,
    ),
    Check(
        "stop-start-up",
        "SIGTERM while it starts ends it too",
        "A job can be stopped at any moment, and many import and load data for longer than the "
        "grace. Process 1 does not get a signal that it has not asked for.",
        "Make sm-train the entry point: it hears SIGTERM from its first moment.",
        _STOP,
        _stops_early,
    ),
)
