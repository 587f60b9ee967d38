"""Whether the log has what the metric definitions look for."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sm_container.testing.certify.bench import Bench
from sm_container.testing.certify.check import Check, Finding


def _match(bench: Bench) -> Finding:
    defined = [each.name for each in bench.request.metric_definitions]
    if not defined:
        return Finding.not_applicable("no metrics are defined: give --metric or --algorithm")
    found = bench.sound.metrics
    left_out = _left_out(bench)
    untried = [name for name in defined if name not in found and _channel(name) in left_out]
    missing = [name for name in defined if name not in found and name not in untried]
    if missing:
        return Finding.failed(f"no line of the log has {', '.join(missing)}{_perhaps(left_out)}")
    wordless = [name for name in defined if name in found and not _has_number(found[name])]
    if wordless:
        return Finding.failed(f"no value is a finite number of {', '.join(wordless)}")
    not_tried = ", ".join(f"{each}, for the job has no such channel" for each in untried)
    counts = ", ".join(f"{name} ({len(found[name])})" for name in defined if name in found)
    if not counts:
        return Finding.not_applicable(f"not tried: {not_tried}")
    return Finding.passed(f"found in the log: {counts}{not_tried and f'; not tried: {not_tried}'}")


def _has_number(values: Sequence[float]) -> bool:
    return any(map(math.isfinite, values))


def _left_out(bench: Bench) -> list[str]:
    """The optional channels that the algorithm declares and the job does not have: nothing can be
    measured on them."""
    given = {channel.name for channel in bench.channels}
    declared = bench.specification.channels if bench.specification is not None else ()
    return [each.name for each in declared if not each.required and each.name not in given]


def _channel(metric: str) -> str:
    """The channel that a metric is named after, as ``validation`` in ``validation:rmse``."""
    return metric.partition(":")[0]


def _perhaps(left_out: Sequence[str]) -> str:
    if not left_out:
        return ""
    return f"; the job does not have {', '.join(left_out)}: give -c if it is measured there"


CHECKS = (
    Check(
        "metrics",
        "Each metric definition finds values in the log",
        "A definition that matches nothing is an empty graph, and a tuning job that cannot tune.",
        "Print lines that the definitions match; job.metrics.log and sm.Metric always agree.",
        "CreateTrainingJob, MetricDefinitions",
        _match,
    ),
)
