"""The metrics of a job, found in its log by the request's metric definitions.

A line is searched as the service is understood to do it: the first group of a match is the value,
what Python's ``float`` takes is a number, several matches on a line count in their order. The
engine of the service is not documented; here it is RE2, whose time grows linearly with the line.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sm_container.contract.metrics import MetricDefinition
from sm_container.harness.job.record import MetricValue
from sm_container.harness.logs.reading import timed_lines


def final_metrics(
    definitions: Sequence[MetricDefinition], logs: Iterable[Path]
) -> tuple[tuple[MetricValue, ...], tuple[str, ...]]:
    """The last value of each metric over all logs, and a note for each pattern RE2 does not take.

    Source: DescribeTrainingJob, FinalMetricDataList.
    """
    if not definitions:
        return (), ()
    usable, notes = _compiled(definitions)
    last: dict[str, MetricValue] = {}
    if usable:
        matcher = _set_of(usable)
        for log in logs:
            for moment, line in timed_lines(log):
                text = line.decode(
                    errors="replace"
                ).encode()  # RE2 matches nothing across bad UTF-8
                for index in matcher.Match(text) or ():
                    definition, pattern = usable[index]
                    for value in _values(pattern, text):
                        last[definition.name] = MetricValue(definition.name, value, moment)
    order = [definition.name for definition in definitions]
    return tuple(last[name] for name in dict.fromkeys(order) if name in last), tuple(notes)


def _compiled(
    definitions: Sequence[MetricDefinition],
) -> tuple[list[tuple[MetricDefinition, Any]], list[str]]:
    import re2

    options = _options()
    usable, notes = [], []
    for definition in definitions:
        try:
            usable.append((definition, re2.compile(definition.regex.encode(), options)))
        except re2.error as fault:
            notes.append(
                f"metric {definition.name!r} was not evaluated: RE2 does not take its pattern "
                f"({_text(fault)}); look-around and back-references have no linear-time form"
            )
    return usable, notes


def _set_of(usable: Sequence[tuple[MetricDefinition, Any]]) -> Any:
    import re2

    matcher = re2.Set.SearchSet(_options())
    for definition, _ in usable:
        matcher.Add(definition.regex.encode())
    matcher.Compile()
    return matcher


def _options() -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    return options


def _values(pattern: Any, line: bytes) -> Iterable[float]:
    for match in pattern.finditer(line):
        if pattern.groups < 1 or match.group(1) is None:
            continue
        try:
            value = float(match.group(1))
        except ValueError:
            continue
        if math.isfinite(value):  # CloudWatch takes no other
            yield value


def _text(fault: Exception) -> str:
    detail = fault.args[0] if fault.args else ""
    return detail.decode(errors="replace") if isinstance(detail, bytes) else str(detail)
