"""The metrics that the options ask for: by hand, or those of an algorithm, a request or a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sm_container.cli.errors import EXIT_INPUT, Complaint
from sm_container.contract.document import Fields
from sm_container.contract.metrics import MetricDefinition
from sm_container.harness.request.algorithm import load_algorithm
from sm_container.harness.request.document import load_document
from sm_container.harness.request.errors import RequestError
from sm_container.harness.request.flags import FlagError, noted, pair
from sm_container.harness.request.metric_rules import definition_faults
from sm_container.harness.store.folder import JobFolder

_NONE = "no metrics to look for: give --metric NAME=REGEX, --algorithm, --request or --job"


def require_one_source(given: Mapping[str, Any]) -> None:
    """Raises Complaint where the options name two sources of definitions."""
    sources = [name for name in ("algorithm", "request", "job") if given[name] is not None]
    if len(sources) > 1:
        raise Complaint([f"--{sources[0]} and --{sources[1]} exclude each other"], EXIT_INPUT)


def definitions(given: Mapping[str, Any], job: JobFolder | None) -> list[MetricDefinition]:
    """Those of a file or a job, but for those that ``--metric`` defines itself, and these.

    Raises:
        Complaint: where there are none.
        RequestError: with every one that can find no value.
        DocumentError, ContractError: where a file cannot be read.
    """
    own = _by_hand(given["metric"])
    names = {each.name for each in own}
    wanted = [*(each for each in _defined(given, job) if each.name not in names), *own]
    if not wanted:
        raise Complaint([_NONE], EXIT_INPUT)
    faults = [fault for each in wanted for fault in definition_faults(each.name, each.regex)]
    if faults:
        raise RequestError(tuple(faults))
    return wanted


def _by_hand(metrics: Sequence[str]) -> list[MetricDefinition]:
    faults: list[str] = []
    own: dict[str, str] = {}
    for metric in metrics:
        with noted(faults):
            name, regex = pair("--metric", metric, "NAME=REGEX")
            if name in own:
                raise FlagError(f"--metric {name!r} is given twice")
            own[name] = regex
    if faults:
        raise RequestError(tuple(faults))
    return [MetricDefinition(name, regex) for name, regex in own.items()]


def _defined(given: Mapping[str, Any], job: JobFolder | None) -> list[MetricDefinition]:
    if given["algorithm"] is not None:
        path, member = given["algorithm"], "TrainingSpecification"
        return _of(Fields(load_algorithm(path), path), member)
    if given["request"] is not None:
        path = given["request"]
        return _of(Fields(load_document(path), path), "AlgorithmSpecification")
    if job is not None:
        document = dict(job.read().document)
        return _of(Fields(document, Path(job.record)), "AlgorithmSpecification")
    return []


def _of(fields: Fields, member: str) -> list[MetricDefinition]:
    return [
        MetricDefinition(each.text("Name"), each.text("Regex"))
        for each in fields.nested(member).objects("MetricDefinitions")
    ]
