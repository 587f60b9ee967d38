"""Metric definitions that can find a value. Source: AlgorithmSpecification, MetricDefinitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sm_container.harness.metrics.pattern import PatternError, engine_for
from sm_container.harness.request.wording import display


def metric_rules(document: Mapping[str, Any]) -> Iterator[str]:
    """A pattern must compile, for Python or else for RE2, and have a group: it is the value."""
    specification = document.get("AlgorithmSpecification", {})
    for definition in specification.get("MetricDefinitions", ()):
        if definition.get("Regex"):
            yield from definition_faults(definition.get("Name", ""), definition["Regex"])


def definition_faults(name: str, regex: str) -> Iterator[str]:
    """What is wrong with one metric's pattern."""
    try:
        engine_for(regex)
    except PatternError as fault:
        yield f"Metric definition '{display(name)}': Regex '{display(regex)}' {fault}"
