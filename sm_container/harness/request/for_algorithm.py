"""A request held against the algorithm that it is for, as CreateTrainingJob does by AlgorithmName.

Source: CreateAlgorithm, TrainingSpecification.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sm_container.declaration.specification import Specification, check
from sm_container.harness.request import constraints
from sm_container.harness.request.model import load_model
from sm_container.harness.request.training_request import Document


def faults_against(
    specification: Specification, document: Document, cache: Path
) -> tuple[str, ...]:
    """What is wrong with a request for an algorithm. ``cache`` is where the service's model is
    kept."""
    # What has the wrong type is left out here: parsing the request reports it.
    sound = constraints.check(load_model(cache), document).document
    return tuple(check(specification, sound))


def add_metrics(document: Document, specification: Specification) -> None:
    """The algorithm's metrics are the job's, but for those that the request defines itself.

    Source: CreateAlgorithm, TrainingSpecification, MetricDefinitions.
    """
    part = document.setdefault("AlgorithmSpecification", {})
    given = part.get("MetricDefinitions") or [] if isinstance(part, dict) else None
    if not isinstance(given, list):
        return  # a fault, which the checks report
    names = [each.get("Name") for each in given if isinstance(each, Mapping)]
    added = [
        {"Name": each.name, "Regex": each.regex}
        for each in specification.metric_definitions
        if each.name not in names
    ]
    if added:
        part["MetricDefinitions"] = [*given, *added]
