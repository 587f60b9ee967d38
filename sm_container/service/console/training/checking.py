"""What is wrong with the request that the form makes: the checks of CreateTrainingJob, all at once,
and the field where each fault belongs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sm_container.declaration.specification import Specification, check
from sm_container.harness.request import constraints
from sm_container.harness.request.errors import RequestError
from sm_container.harness.request.extensions import NONE
from sm_container.harness.request.model import ROOT
from sm_container.harness.request.parse import parse_request
from sm_container.harness.request.training_request import Document
from sm_container.service.account import Account
from sm_container.service.console.asked import Fields
from sm_container.service.console.training.request import (
    CHANNELS,
    ENVIRONMENT,
    HYPERPARAMETERS,
    METRICS,
    TAGS,
    Filled,
    rows,
)

_AT = re.compile(r"(?: at |^)'([a-z][A-Za-z0-9.]*)'")
_URL = re.compile(r'S3 URL "([^"]*)"')
_NULL = re.compile(r"Value null at '[^']*' failed to satisfy constraint: Member must not be null")
_CONSTRAINT = re.compile(r"^Value (?:null|'.*?') at '[^']*' failed to satisfy constraint: ", re.S)
_MISSING = re.compile(
    r"Required (?:hyperparameter|input channel): |AlgorithmSpecification must have"
)

# A word of a fault, and the member of a channel that it is about.
_OF_CHANNEL = (
    ("S3 key:", "S3Uri"),
    ("AttributeNames go", "AttributeNames"),
    ("needs AttributeNames", "AttributeNames"),
    ("AugmentedManifestFile", "S3DataType"),
    ("CompressionType", "CompressionType"),
    ("compression type", "CompressionType"),
    ("RecordWrapperType", "RecordWrapperType"),
    ("content type", "ContentType"),
    ("input mode", "InputMode"),
    ("Was not provided", "S3Uri"),
    ("DataSource", "S3Uri"),
)
_OF_CHANNEL_NAMED = re.compile(
    r"[Cc]hannel '(?P<a>[^']+)'|Channel (?P<b>\S+) only supports|input channel: (?P<c>\S+)"
    r"|A channel cannot be named '(?P<d>[^']+)'|unique: '(?P<e>[^']+)'"
)
# What the beginning of a fault says of the field.
_BEGINNINGS = (
    ("Invalid MaxWaitTimeInSeconds", "StoppingCondition.MaxWaitTimeInSeconds"),
    ("Invalid instance_type", "ResourceConfig.InstanceType"),
    ("Distributed training", "ResourceConfig.InstanceCount"),
    ("VolumeKmsKeyId", "ResourceConfig.InstanceType"),
    ("AlgorithmSpecification must have", "AlgorithmSpecification.TrainingImage"),
    ("AlgorithmName and TrainingImage", "AlgorithmSpecification.TrainingImage"),
    ("Invalid training image", "AlgorithmSpecification.TrainingImage"),
    ("Training job names must be unique", "TrainingJobName"),
    ('"LocalPath" of "CheckpointConfig"', "CheckpointConfig.LocalPath"),
    ("Metric definition", METRICS),
    ("Environment '", ENVIRONMENT),
    ("Tags:", TAGS),
)


@dataclass(frozen=True)
class Placed:
    """A fault as the service words it, and the field or section where it is shown: "" for none.

    ``is_missing`` says that nothing was written yet.
    """

    sentence: str
    field: str
    is_missing: bool

    @property
    def anchor(self) -> str:
        """What stands for the field in the page."""
        return self.field.replace(".", "-")

    @property
    def short(self) -> str:
        """The same beside its field, which shows the value."""
        return (
            "This is required" if _NULL.match(self.sentence) else _CONSTRAINT.sub("", self.sentence)
        )


def faults_of(
    account: Account, document: Document, specification: Specification | None
) -> tuple[str, ...]:
    """Every fault that CreateTrainingJob would find in the request itself."""
    model = account.model(ROOT)
    found: tuple[str, ...] = ()
    if specification is not None:
        # What has the wrong type is left out here: parsing the request reports it.
        found = tuple(check(specification, constraints.check(model, document).document))
    try:
        parse_request(document, model=model, extensions=NONE)
    except RequestError as error:
        return (*error.faults, *found)
    return found


def placed(
    faults: tuple[str, ...], filled: Filled, fields: Fields, specification: Specification | None
) -> list[Placed]:
    """The faults, each with its field, in their order."""
    own = dict(_hyperparameter_faults(fields, specification))
    channels = {
        fields.get(f"{CHANNELS}.{row}.ChannelName", "").strip(): row
        for row in reversed(rows(fields, CHANNELS))
    }
    return [
        Placed(
            each,
            own.get(each) or _source(each, fields) or _field(each, filled.places, channels),
            bool(_NULL.match(each) or _MISSING.match(each)),
        )
        for each in faults
    ]


def _hyperparameter_faults(
    fields: Fields, specification: Specification | None
) -> Iterator[tuple[str, str]]:
    """What may be said of each declared hyperparameter, and its field."""
    declared = () if specification is None else specification.hyperparameters or ()
    by_name = {each.name: each for each in declared}
    for row in rows(fields, HYPERPARAMETERS):
        name = fields.get(f"{HYPERPARAMETERS}.{row}.Name", "")
        field = f"{HYPERPARAMETERS}.{row}.Value"
        yield f"Required hyperparameter: {name} is not set", field
        if name in by_name:
            fault = by_name[name].fault(fields.get(field, ""))
            if fault is not None:
                yield fault, field


def _source(fault: str, fields: Fields) -> str | None:
    """The field of the first channel whose S3 URI a fault names as one without objects."""
    named = _URL.search(fault)
    if named is None:
        return None
    written = (f"{CHANNELS}.{row}.S3Uri" for row in rows(fields, CHANNELS))
    return next((each for each in written if fields.get(each, "").strip() == named[1]), None)


def _field(fault: str, places: Mapping[str, str], channels: Mapping[str, int]) -> str:
    at = _AT.search(fault)
    path = at[1] if at else ""
    while path:
        if path in places:
            return places[path]
        path = path.rpartition(".")[0]
    for beginning, field in _BEGINNINGS:
        if fault.startswith(beginning):
            return field
    named = _OF_CHANNEL_NAMED.search(fault)
    name = next(filter(None, named.groups()), "") if named else ""
    if name in channels:
        member = next((member for word, member in _OF_CHANNEL if word in fault), "ChannelName")
        return f"{CHANNELS}.{channels[name]}.{member}"
    if "hyperparameter" in fault:
        return HYPERPARAMETERS
    return ""
