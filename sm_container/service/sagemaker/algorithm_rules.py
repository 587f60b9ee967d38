"""The rules between members of a CreateAlgorithm request, which the service's model does not know.

Each rule is a function from a request that suits the model to the sentences of what it finds. The
service's own sentences for these are not known: they are written in its style.

Source: CreateAlgorithm; developer guide, "Create an Algorithm Resource".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sm_container.contract.document import Fields
from sm_container.declaration.specification import HyperparameterSpecification
from sm_container.harness.request.metric_rules import definition_faults
from sm_container.harness.request.rules import tags
from sm_container.harness.request.wording import display, unsupported

Document = Mapping[str, Any]
Rule = Callable[[Document], Iterator[str]]

NOT_SIMULATED: Mapping[str, str] = {
    "InferenceSpecification": "models are not deployed here",
    "CertifyForMarketplace": "there is no Marketplace here",
}
"""Accepted, kept and described, without effect: the reason in a few words."""

_NUMBERS: Mapping[str, type[int] | type[float]] = {"Integer": int, "Continuous": float}
_TRANSFORM = (
    "validationSpecification.validationProfiles.1.member.transformJobDefinition",
    "take it out: there are no batch transform jobs here, and the validation would not be whole",
)
_ADDITIONAL = (
    "trainingSpecification.additionalS3DataSource",
    "take it out, and have the data in a channel",
)


def faults(document: Document) -> Iterator[str]:
    """Every violation of every rule."""
    for rule in RULES:
        yield from rule(document)


def not_simulated(document: Document) -> Iterator[str]:
    """What of a request has no effect here, and why: ``Member: reason``, one each."""
    for member, reason in NOT_SIMULATED.items():
        if document.get(member):
            yield f"{member}: {reason}"


def unique_names(document: Document) -> Iterator[str]:
    """Source: HyperParameterSpecification, Name: "The name must be unique"; that channels and
    metrics cannot share a name either follows from what they are."""
    specification = document["TrainingSpecification"]
    for what, member in (
        ("Hyperparameter", "SupportedHyperParameters"),
        ("Channel", "TrainingChannels"),
        ("Metric", "MetricDefinitions"),
    ):
        names = [each["Name"] for each in specification.get(member, ())]
        for name in sorted({each for each in names if names.count(each) > 1}):
            times = names.count(name)
            yield f"{what} names must be unique: '{display(name)}' is given {times} times"


def instance_types(document: Document) -> Iterator[str]:
    """An algorithm that no instance type runs trains nowhere. Inferred."""
    if not document["TrainingSpecification"]["SupportedTrainingInstanceTypes"]:
        yield "SupportedTrainingInstanceTypes must have at least one instance type"


def defaults(document: Document) -> Iterator[str]:
    """Source: HyperParameterSpecification, DefaultValue: "If a default value is specified, a
    hyperparameter cannot be required". (An example of the developer guide has both.)"""
    for each in _hyperparameters(document):
        if "DefaultValue" in each and each.get("IsRequired", False):
            yield (
                f"Hyperparameter '{display(each['Name'])}' has a DefaultValue, and so it cannot be "
                "required"
            )


def ranges(document: Document) -> Iterator[str]:
    """Source: developer guide, "Create an Algorithm Resource": Type "must correspond to the type
    of Range", of which there is one. ParameterRange has none for FreeText."""
    for each in _hyperparameters(document):
        yield from _range_faults(each)


def _range_faults(hyperparameter: Document) -> Iterator[str]:
    if "Range" not in hyperparameter:
        return
    name, kind = display(hyperparameter["Name"]), hyperparameter["Type"]
    given, needed = hyperparameter["Range"], f"{kind}ParameterRangeSpecification"
    if kind == "FreeText":
        yield f"Hyperparameter '{name}' is of type FreeText, which has no Range"
    elif list(given) != [needed]:
        yield (
            f"Hyperparameter '{name}' is of type {kind}: its Range must be a {needed}, and is "
            f"{' and '.join(given) or 'nothing'}"
        )
    elif kind in _NUMBERS:
        yield from _end_faults(name, kind, given[needed])


def _end_faults(name: str, kind: str, ends: Mapping[str, str]) -> Iterator[str]:
    """Source: IntegerParameterRangeSpecification, ContinuousParameterRangeSpecification."""
    numbers = {member: _number(kind, ends[member]) for member in ("MinValue", "MaxValue")}
    for member, number in numbers.items():
        if number is None:
            yield (
                f"Hyperparameter '{name}': {member} '{display(ends[member])}' is not of type {kind}"
            )
    least, most = numbers.values()
    if least is not None and most is not None and not least <= most:
        yield (
            f"Hyperparameter '{name}': MinValue {display(ends['MinValue'])} must be less than or "
            f"equal to MaxValue {display(ends['MaxValue'])}"
        )


def _number(kind: str, text: str) -> float | None:
    try:
        return _NUMBERS[kind](text)
    except ValueError:
        return None


def default_values(document: Document) -> Iterator[str]:
    """A default is a value that a job could be given. Source: HyperParameterSpecification, Range:
    "The allowed range for this hyperparameter"."""
    for each in _hyperparameters(document):
        # Nothing can be held against a range that is wrong itself.
        if "DefaultValue" in each and not any(_range_faults(each)):
            fields = Fields(dict(each), Path("request"))
            fault = HyperparameterSpecification.from_fields(fields).fault(each["DefaultValue"])
            if fault is not None:
                yield f"DefaultValue: {fault}"


def tunable(document: Document) -> Iterator[str]:
    """A tuning job has ranges of integers, of real numbers and of categories. Source:
    CreateHyperParameterTuningJob, ParameterRanges."""
    for each in _hyperparameters(document):
        if each["Type"] == "FreeText" and each.get("IsTunable", False):
            yield (
                f"Hyperparameter '{display(each['Name'])}' is of type FreeText, and so it cannot "
                "be tunable"
            )


def metrics(document: Document) -> Iterator[str]:
    """Metrics that can be found, and objectives that are among them. Source:
    TrainingSpecification, SupportedTuningJobObjectiveMetrics: "metrics that the algorithm
    emits"."""
    specification = document["TrainingSpecification"]
    definitions = specification.get("MetricDefinitions", ())
    for each in definitions:
        yield from definition_faults(each["Name"], each["Regex"])
    names = {each["Name"] for each in definitions}
    for each in specification.get("SupportedTuningJobObjectiveMetrics", ()):
        if each["MetricName"] not in names:
            yield (
                f"SupportedTuningJobObjectiveMetrics: '{display(each['MetricName'])}' is not among "
                "the MetricDefinitions"
            )


def marketplace(document: Document) -> Iterator[str]:
    """Source: developer guide, "Create an Algorithm Resource": "To publish your algorithm on AWS
    Marketplace, at least one validation profile is required"."""
    if document.get("CertifyForMarketplace", False) and "ValidationSpecification" not in document:
        yield "CertifyForMarketplace needs a ValidationSpecification"


def refused(document: Document) -> Iterator[str]:
    """What would change what a training or a validation does, and cannot be done here."""
    if "AdditionalS3DataSource" in document["TrainingSpecification"]:
        yield unsupported(*_ADDITIONAL)
    validation = document.get("ValidationSpecification", {})
    if any("TransformJobDefinition" in each for each in validation.get("ValidationProfiles", ())):
        yield unsupported(*_TRANSFORM)


def _hyperparameters(document: Document) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = document["TrainingSpecification"].get(
        "SupportedHyperParameters", []
    )
    return found


RULES: tuple[Rule, ...] = (
    unique_names,
    instance_types,
    defaults,
    ranges,
    default_values,
    tunable,
    metrics,
    marketplace,
    refused,
    tags,
)
