"""The form as it is shown: sections of fields, each with its value, its choices and its faults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sm_container.declaration.specification import ChannelSpecification
from sm_container.harness.request.model import ROOT
from sm_container.service.account import Account
from sm_container.service.console.asked import Fields
from sm_container.service.console.training.declared import Declared
from sm_container.service.console.training.request import (
    CHANNELS,
    ENVIRONMENT,
    HYPERPARAMETERS,
    METRICS,
    PAIRS,
    TAGS,
    rows,
)

Choices = tuple[tuple[str, str], ...]
"""Values, and what is shown for them."""

_MODES = ("File", "Pipe", "FastFile")
_ANY = ChannelSpecification("", (), _MODES, required=True)
"""A channel of which nothing is declared."""
_ROWS_AT_MOST = {CHANNELS: 20, HYPERPARAMETERS: 100, METRICS: 40, ENVIRONMENT: 100, TAGS: 50}


@dataclass(frozen=True)
class Field:
    """``choices`` make it a list to choose from, ``is_fixed`` a word that stands there,
    ``is_switch`` a box to tick."""

    name: str
    label: str
    hint: str = ""
    choices: Choices = ()
    is_required: bool = False
    is_fixed: bool = False
    is_switch: bool = False
    is_wide: bool = False
    is_number: bool = False
    value: str = ""
    faults: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """What stands for it in the page; no name of a job's or an algorithm's is in it."""
        return self.name.replace(".", "-")


@dataclass(frozen=True)
class Group:
    """Fields that belong together, such as those of a channel."""

    fields: tuple[Field, ...]
    heading: str = ""
    hint: str = ""
    is_row: bool = False


@dataclass(frozen=True)
class Section:
    """``add`` is what a further row is called; None where there can be no more."""

    name: str
    heading: str
    groups: tuple[Group, ...]
    hint: str = ""
    add: str | None = None
    faults: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return self.name.replace(".", "-")


@dataclass(frozen=True)
class Form:
    """What the form is made from: the account, the algorithm if there is one, what was written, and
    what is wrong with it by field or section."""

    account: Account
    declared: Declared | None
    fields: Fields
    faults: Mapping[str, tuple[str, ...]]

    def sections(self) -> Iterator[Section]:
        """The whole form, as it stands."""
        for each in (
            _job(self),
            _hyperparameters(self),
            *((_pairs(self, METRICS, "Metrics", "metric"),) if self.declared is None else ()),
            _resources(self),
            _stopping(),
            _channels(self),
            _output(),
            _checkpoints(),
            _network(),
            _pairs(self, ENVIRONMENT, "Environment variables", "variable"),
            _pairs(self, TAGS, "Tags", "tag"),
        ):
            groups = tuple(
                replace(group, fields=tuple(map(self._with_value, group.fields)))
                for group in each.groups
            )
            yield replace(each, groups=groups, faults=self.faults.get(each.name, ()))

    def _with_value(self, field: Field) -> Field:
        value = self.fields.get(field.name, "")
        choices = field.choices
        if choices and value not in dict(choices):
            choices = (*choices, (value, value))
        faults = self.faults.get(field.name, ())
        return replace(field, value=value, choices=choices, faults=faults)


def _job(form: Form) -> Section:
    of = "AlgorithmSpecification"
    if form.declared is None:
        source = Field(
            f"{of}.TrainingImage",
            "Training image",
            "An image of this machine, or an ECR path whose last name one has",
            is_required=True,
            is_wide=True,
        )
        modes: tuple[str, ...] = _MODES
    else:
        source = Field(f"{of}.AlgorithmName", "Algorithm", is_fixed=True)
        modes = (
            tuple(
                each
                for each in _MODES
                if any(
                    each in channel.input_modes for channel in form.declared.specification.channels
                )
            )
            or _MODES
        )
    fields = (
        Field(
            "TrainingJobName",
            "Job name",
            "Letters, digits and hyphens; 63 at most",
            is_required=True,
        ),
        Field("RoleArn", "IAM role ARN", "No role is assumed here", is_required=True, is_wide=True),
        source,
        Field(
            f"{of}.TrainingInputMode",
            "Input mode",
            "Of channels that have none of their own",
            _words(modes),
        ),
    )
    return Section("Job", "Job", (Group(fields),))


def _hyperparameters(form: Form) -> Section:
    declared = form.declared
    if declared is None or declared.specification.hyperparameters is None:
        return _pairs(form, HYPERPARAMETERS, "Hyperparameters", "hyperparameter")
    fields: list[Field] = []
    for row, each in enumerate(declared.specification.hyperparameters):
        name = f"{HYPERPARAMETERS}.{row}"
        choices = _words(("", *each.values)) if each.values else ()
        is_needed = each.required and each.default is None
        fields += [
            Field(f"{name}.Name", "", is_fixed=True),
            Field(f"{name}.Value", each.name, declared.hint(each), choices, is_required=is_needed),
        ]
    return Section(HYPERPARAMETERS, "Hyperparameters", (Group(tuple(fields)),))


def _resources(form: Form) -> Section:
    of = "ResourceConfig"
    declared = form.declared
    if declared is None:
        types = form.account.model(ROOT)["TrainingInstanceType"].enum
    else:
        types = declared.specification.instance_types
    fields = (
        Field(f"{of}.InstanceType", "Instance type", choices=_words(types), is_required=True),
        Field(f"{of}.InstanceCount", "Instance count", is_required=True, is_number=True),
        Field(f"{of}.VolumeSizeInGB", "Volume in GB", "The disk is this machine's", is_number=True),
    )
    return Section(of, "Resources", (Group(fields),))


def _stopping() -> Section:
    of = "StoppingCondition"
    fields = (
        Field(
            f"{of}.MaxRuntimeInSeconds",
            "Longest runtime in seconds",
            "SIGTERM, then SIGKILL",
            is_number=True,
        ),
        Field("EnableManagedSpotTraining", "Managed spot training", is_switch=True),
        Field(
            f"{of}.MaxWaitTimeInSeconds",
            "Longest wait in seconds",
            "With spot training; the runtime is part of it",
            is_number=True,
        ),
    )
    return Section(of, "Stopping condition", (Group(fields),))


def _channels(form: Form) -> Section:
    declared = form.declared
    if declared is not None:
        groups = [
            Group(
                _channel_fields(row, each),
                f"{each.name}{'' if each.required else ' (optional)'}",
                declared.channels.get(each.name, ""),
            )
            for row, each in enumerate(declared.specification.channels)
        ]
        return Section(CHANNELS, "Input channels", tuple(groups))
    found = rows(form.fields, CHANNELS)
    groups = [
        Group(
            (
                Field(f"{CHANNELS}.{row}.ChannelName", "Channel name", is_required=True),
                *_channel_fields(row, _ANY)[1:],
            ),
            f"Channel {number}",
        )
        for number, row in enumerate(found, 1)
    ]
    add = "channel" if len(found) < _ROWS_AT_MOST[CHANNELS] else None
    return Section(CHANNELS, "Input channels", tuple(groups), add=add)


def _channel_fields(row: int, channel: ChannelSpecification) -> tuple[Field, ...]:
    """The fields of a channel that is so far known; without its name, where that is not."""
    of = f"{CHANNELS}.{row}"
    content = (("", "Not given"), *_words(channel.content_types)) if channel.content_types else ()
    compressions = dict.fromkeys(("None", *(channel.compression_types or ("Gzip",))))
    return (
        Field(f"{of}.ChannelName", "", is_fixed=True),
        Field(
            f"{of}.S3Uri",
            "S3 URI",
            "s3://bucket/prefix",
            is_required=channel.required,
            is_wide=True,
        ),
        Field(
            f"{of}.S3DataType",
            "S3 data type",
            choices=_words(("S3Prefix", "ManifestFile", "AugmentedManifestFile")),
        ),
        Field(
            f"{of}.S3DataDistributionType",
            "Distribution",
            choices=_words(("FullyReplicated", "ShardedByS3Key")),
        ),
        Field(f"{of}.ContentType", "Content type", choices=content),
        Field(f"{of}.CompressionType", "Compression", choices=_words(tuple(compressions))),
        Field(f"{of}.RecordWrapperType", "Record wrapper", choices=_words(("None", "RecordIO"))),
        Field(
            f"{of}.InputMode",
            "Input mode",
            choices=(("", "As the job's"), *_words(channel.input_modes)),
        ),
        Field(f"{of}.AttributeNames", "Attribute names", "Of an augmented manifest, with commas"),
        Field(
            f"{of}.ShuffleSeed", "Shuffle seed", "Empty: in the order of the keys", is_number=True
        ),
    )


def _output() -> Section:
    of = "OutputDataConfig"
    fields = (
        Field(
            f"{of}.S3OutputPath",
            "S3 output path",
            "s3://bucket/prefix",
            is_required=True,
            is_wide=True,
        ),
        Field(
            f"{of}.CompressionType",
            "Compression",
            choices=(("GZIP", "GZIP: archives"), ("NONE", "NONE: files as they are")),
        ),
        Field(f"{of}.KmsKeyId", "KMS key", "Nothing is encrypted here"),
    )
    return Section(of, "Output", (Group(fields),))


def _checkpoints() -> Section:
    of = "CheckpointConfig"
    fields = (
        Field(f"{of}.S3Uri", "S3 URI", "Empty: no checkpoints are kept", is_wide=True),
        Field(f"{of}.LocalPath", "Local path", "Empty: /opt/ml/checkpoints"),
    )
    return Section(of, "Checkpoints", (Group(fields),))


def _network() -> Section:
    fields = (
        Field("EnableNetworkIsolation", "Network isolation", is_switch=True),
        Field(
            "EnableInterContainerTrafficEncryption",
            "Encrypt traffic between containers",
            is_switch=True,
        ),
        Field("VpcConfig.Subnets", "Subnets", "With commas"),
        Field("VpcConfig.SecurityGroupIds", "Security groups", "With commas"),
    )
    hint = "Of a VPC nothing is simulated: containers are on this machine's network."
    return Section("VpcConfig", "Network", (Group(fields),), hint)


def _pairs(form: Form, name: str, heading: str, what: str) -> Section:
    first, second = PAIRS[name]
    found = rows(form.fields, name)
    groups = [
        Group(
            (Field(f"{name}.{row}.{first}", first), Field(f"{name}.{row}.{second}", second)),
            is_row=True,
        )
        for row in found
    ]
    return Section(
        name, heading, tuple(groups), add=what if len(found) < _ROWS_AT_MOST[name] else None
    )


def _words(words: tuple[str, ...]) -> Choices:
    return tuple((each, each) for each in words)
