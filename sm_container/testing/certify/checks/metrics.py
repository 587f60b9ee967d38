"""Whether the log has what the metric definitions look for."""

from __future__ import annotations

import math

from sm_container.testing.certify.bench import Bench
from sm_container.testing.certify.check import Check, Finding


def _match(bench: Bench) -> Finding:
    defined = [each.name for each in bench.request.metric_definitions]
    if not defined:
        return Finding.not_applicable("no metrics are defined: give --metric or --algorithm")
    found = bench.sound.metrics
    missing = [name for name in defined if name not in found]
    if missing:
        return Finding.failed(f"no line of the log has {', '.join(missing)}")
    wordless = [name for name in defined if not any(map(math.isfinite, found[name]))]
    if wordless:
        return Finding.failed(f"no value is a finite number of {', '.join(wordless)}")
    counts = ", ".join(f"{name} ({len(found[name])})" for name in defined)
    return Finding.passed(f"found in the log: {counts}")


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
