"""The values of metrics in a log or a text, as the harness finds them in a job's."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from sm_container.contract.metrics import MetricDefinition
from sm_container.harness.metrics.block import LogReader
from sm_container.harness.metrics.parser import Parser


def metrics_of_log(log: Path, definitions: Sequence[MetricDefinition]) -> dict[str, list[float]]:
    """By name, the values in the order in which they stand in the log; ``nan`` and ``inf``
    included. Nothing where there is no log."""
    if not log.exists():
        return {}
    with open(log, "rb", buffering=0) as file:
        return _found(file, definitions)


def metrics_of_text(
    text: str | bytes, definitions: Sequence[MetricDefinition]
) -> dict[str, list[float]]:
    """The same of a text, such as what a program has printed."""
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    return _found(io.BytesIO(data), definitions)


def _found(log: BinaryIO, definitions: Sequence[MetricDefinition]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    if not definitions:
        return found
    with closing(Parser(definitions, points=True)) as parser, LogReader(log) as reader:
        while (block := reader.next(is_last=True)) is not None:
            for line in parser.parse(block).points.splitlines():
                point = json.loads(line)
                found.setdefault(point["MetricName"], []).append(float(point["Value"]))
    return found
