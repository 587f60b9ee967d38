"""Flags into a CreateTrainingJob document, on top of one that was read from a file.

What a flag says stands in the place of what the file said; what neither says, and a local job
does not need to be told, is filled in: a name, a role that stands for none, an instance type.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from sm_container.harness.request.channel_flag import channel_document
from sm_container.harness.request.errors import RequestError
from sm_container.harness.request.extensions import LOCAL_ROLE
from sm_container.harness.request.flags import FlagError, at_commas, expanded, noted, pair, seconds
from sm_container.harness.request.training_request import (
    DEFAULT_MAX_RUNTIME,
    WAITING_SECONDS,
    Document,
)
from sm_container.harness.request.wording import display

DEFAULT_INSTANCE_TYPE = "ml.m5.large"

_NAME_LIMIT = 63
_IMAGE = re.compile(r"(?:.*/)?([^:/@]+)(?:[:@].*)?", re.DOTALL)


@dataclass(frozen=True)
class Flags:
    """What was said on the command line, as it was written; None and () where nothing was."""

    target: str | None = None
    """TARGET of ``run``: an image, or the path of a program or folder."""
    entrypoint: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    hyperparameters: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    input_mode: str | None = None
    instance_type: str | None = None
    instance_count: int | None = None
    output: str | None = None
    checkpoint: str | None = None
    max_runtime: str | None = None
    max_wait: str | None = None
    spot: bool = False
    name: str | None = None
    role_arn: str | None = None
    network_isolation: bool = False
    tags: tuple[str, ...] = ()


def build_document(
    flags: Flags,
    request: Mapping[str, Any] | None = None,
    *,
    default_output: str,
    now: datetime | None = None,
) -> Document:
    """The document that `flags` make of `request`, which is not changed.

    TARGET takes the place of TrainingImage; where `request` has an AlgorithmName, that stays, and
    TARGET is the algorithm's image. Hyperparameters, environment, channels, metrics and tags are
    replaced one by one, by name; entry point and arguments as a whole. The document is not
    checked here: `parse.parse_request` does that.

    Raises:
        RequestError: with every flag that cannot be read.
    """
    document: Document = copy.deepcopy(dict(request or {}))
    build = _Build(document, flags, default_output, now or datetime.now(timezone.utc))
    faults: list[str] = []
    for step in _STEPS:
        with noted(faults):
            step(build)
    if faults:
        raise RequestError(tuple(faults))
    return document


@dataclass(frozen=True)
class _Build:
    """A document in the making. Each step below sets one part of it."""

    document: Document
    flags: Flags
    default_output: str
    now: datetime

    def part(self, member: str) -> dict[str, Any]:
        """A structure of the document, made where it is missing; where something else stands,
        which the check will refuse, one that goes nowhere."""
        part = self.document.get(member)
        if part is None:
            part = self.document[member] = {}
        return part if isinstance(part, dict) else {}


def algorithm(build: _Build) -> None:
    specification, flags = build.part("AlgorithmSpecification"), build.flags
    if flags.target is not None and specification.get("AlgorithmName") is None:
        specification["TrainingImage"] = flags.target
    if flags.input_mode is not None:
        specification["TrainingInputMode"] = flags.input_mode
    specification.setdefault("TrainingInputMode", "File")
    if flags.entrypoint:
        specification["ContainerEntrypoint"] = list(flags.entrypoint)
    if flags.arguments:
        specification["ContainerArguments"] = list(flags.arguments)


def metrics(build: _Build) -> None:
    given = _pairs("--metric", build.flags.metrics, "NAME=REGEX")
    if given:
        specification = build.part("AlgorithmSpecification")
        documents = [{"Name": name, "Regex": regex} for name, regex in given.items()]
        specification["MetricDefinitions"] = _merged(
            specification.get("MetricDefinitions"), documents, "Name"
        )


def channels(build: _Build) -> None:
    documents: list[dict[str, Any]] = []
    faults: list[str] = []
    for flag in build.flags.channels:
        with noted(faults):
            documents.append(channel_document(flag))
    names = [each["ChannelName"] for each in documents]
    faults += [f"--channel {display(name)} is given twice" for name in _twice(names)]
    if faults:
        raise FlagError(*faults)
    if documents:
        build.document["InputDataConfig"] = _merged(
            build.document.get("InputDataConfig"), documents, "ChannelName"
        )


def hyperparameters(build: _Build) -> None:
    given = _pairs("--hp", build.flags.hyperparameters, "KEY=VALUE")
    if given:
        build.part("HyperParameters").update(given)


def environment(build: _Build) -> None:
    given = _pairs("--env", build.flags.environment, "KEY=VALUE")
    if given:
        build.part("Environment").update(given)


def tags(build: _Build) -> None:
    given = _pairs("--tag", build.flags.tags, "KEY=VALUE")
    if given:
        documents = [{"Key": key, "Value": value} for key, value in given.items()]
        build.document["Tags"] = _merged(build.document.get("Tags"), documents, "Key")


def resources(build: _Build) -> None:
    config, flags = build.part("ResourceConfig"), build.flags
    if flags.instance_type is not None:
        config["InstanceType"] = flags.instance_type
    if flags.instance_count is not None:
        config["InstanceCount"] = flags.instance_count
    if not config.get("InstanceGroups") and not config.get("InstancePreferences"):
        config.setdefault("InstanceType", DEFAULT_INSTANCE_TYPE)
        config.setdefault("InstanceCount", 1)


def places(build: _Build) -> None:
    output, flags = build.part("OutputDataConfig"), build.flags
    if flags.output is not None:
        output["S3OutputPath"] = expanded(flags.output)
    output.setdefault("S3OutputPath", build.default_output)
    if flags.checkpoint is not None:
        build.part("CheckpointConfig").update(checkpoint(flags.checkpoint))


def checkpoint(flag: str) -> dict[str, str]:
    """The CheckpointConfig that ``--checkpoint URI[,local-path=PATH]`` asks for."""
    uri, *options = at_commas(flag)
    form = "write --checkpoint URI[,local-path=PATH]; a comma in either is written twice (,,)"
    if not uri:
        raise FlagError(f"--checkpoint '{display(flag)}': it has no URI; {form}")
    config = {"S3Uri": expanded(uri)}
    for each in options:
        option, equals, path = each.partition("=")
        if option != "local-path" or not equals or "LocalPath" in config:
            raise FlagError(f"--checkpoint '{display(flag)}': '{display(each)}' is not it; {form}")
        config["LocalPath"] = path
    return config


def stopping(build: _Build) -> None:
    condition, flags = build.part("StoppingCondition"), build.flags
    if flags.max_runtime is not None:
        condition["MaxRuntimeInSeconds"] = seconds("--max-runtime", flags.max_runtime)
    condition.setdefault("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME)


def spot(build: _Build) -> None:
    """Spot instances. Where nobody says how long the job may take with all waiting, that is an hour
    more than it may run."""
    condition, flags = build.part("StoppingCondition"), build.flags
    if flags.max_wait is not None:
        condition["MaxWaitTimeInSeconds"] = seconds("--max-wait", flags.max_wait)
    if flags.spot:
        build.document["EnableManagedSpotTraining"] = True
        runtime = condition.get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME)
        condition.setdefault("MaxWaitTimeInSeconds", runtime + WAITING_SECONDS)


def identity(build: _Build) -> None:
    if build.flags.name is not None:
        build.document["TrainingJobName"] = build.flags.name
    specification = build.part("AlgorithmSpecification")
    base = specification.get("AlgorithmName") or specification.get("TrainingImage")
    if build.document.get("TrainingJobName") is None:
        build.document["TrainingJobName"] = job_name(str(base or "job"), build.now)
    if build.flags.role_arn is not None:
        build.document["RoleArn"] = build.flags.role_arn
    build.document.setdefault("RoleArn", LOCAL_ROLE)
    if build.flags.network_isolation:
        build.document["EnableNetworkIsolation"] = True


_STEPS = (
    algorithm,
    metrics,
    channels,
    hyperparameters,
    environment,
    tags,
    resources,
    places,
    stopping,
    spot,
    identity,
)


def job_name(image: str, now: datetime) -> str:
    """A name for a job of `image`, as the SDK makes one: ``base-2026-11-21-01-08-37-106`` in UTC.

    Whatever `image` is, a path included, the name satisfies the service's pattern.
    """
    moment = now.astimezone(timezone.utc)
    stamp = moment.strftime("%Y-%m-%d-%H-%M-%S-") + f"{moment.microsecond // 1000:03d}"
    named = _IMAGE.fullmatch(image.rstrip("/"))
    base = re.sub(r"[^a-zA-Z0-9]+", "-", named[1] if named else "").strip("-")
    return f"{base[: _NAME_LIMIT - len(stamp) - 1].strip('-') or 'job'}-{stamp}"


def _pairs(flag: str, given: tuple[str, ...], form: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    faults: list[str] = []
    for each in given:
        with noted(faults):
            key, value = pair(flag, each, form)
            if key in pairs:
                raise FlagError(f"{flag} {display(key)} is given twice")
            pairs[key] = value
    if faults:
        raise FlagError(*faults)
    return pairs


def _merged(old: Any, new: list[dict[str, Any]], key: str) -> Any:
    """`new` in the place of those of `old` that have the same `key`, the others after them."""
    if old is None:
        return new
    if not isinstance(old, list):
        return old  # the check will refuse it
    fresh = {each[key]: each for each in new}
    kept = [
        fresh.pop(each[key], each) if isinstance(each, dict) and each.get(key) in fresh else each
        for each in old
    ]
    return [*kept, *fresh.values()]


def _twice(names: list[str]) -> list[str]:
    return sorted({each for each in names if names.count(each) > 1})
