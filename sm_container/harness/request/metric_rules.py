"""Metric definitions that can find a value. Source: AlgorithmSpecification, MetricDefinitions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sm_container.harness.request.wording import display


def metric_rules(document: Mapping[str, Any]) -> Iterator[str]:
    """A pattern must compile, for RE2 or else for Python, and have a group: it is the value."""
    specification = document.get("AlgorithmSpecification", {})
    for definition in specification.get("MetricDefinitions", ()):
        regex = definition.get("Regex")
        if not regex:
            continue
        name = f"Metric definition '{display(definition.get('Name', ''))}'"
        try:
            groups = _groups(regex)
        except re.error as error:
            yield f"{name}: Regex '{display(regex)}' does not compile: {error}"
            continue
        if groups == 0:
            yield (
                f"{name}: Regex '{display(regex)}' has no group; put the value in one, "
                "such as loss=([0-9.]+)"
            )


def _groups(regex: str) -> int:
    """How many groups a pattern has. Raises re.error where neither engine takes it."""
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return int(re2.compile(regex, options).groups)
    except re2.error:
        try:
            return re.compile(regex).groups
        except (OverflowError, RecursionError) as error:
            raise re.error(str(error)) from error
