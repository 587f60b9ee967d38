"""The rules between members, which the service checks and its model does not know.

Each rule is a function from a document (its types already checked, its members not) to the
sentences of what it finds. Where the service's own sentence is known it is used word for word.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sm_container.harness.request.channel_rules import CHANNEL_RULES, uri_faults
from sm_container.harness.request.constraints import Requirements
from sm_container.harness.request.extensions import is_program
from sm_container.harness.request.metric_rules import metric_rules
from sm_container.harness.request.model import ROOT
from sm_container.harness.request.training_request import DEFAULT_MAX_RUNTIME
from sm_container.harness.request.wording import display, fault, unsupported
from sm_container.machine.instances import instance_type

Document = Mapping[str, Any]
Rule = Callable[[Document], Iterator[str]]

MAX_RUNTIME = 28 * 24 * 60 * 60

INVALID_IMAGE = (
    "Invalid training image. Please provide a valid Amazon Elastic Container Registry path of "
    "the Docker image to run."
)

_TENSORBOARD = "/opt/ml/output/tensorboard"
_KEPT = ("/opt/ml/input", "/proc", "/sys")
_KEPT_ITSELF = ("/", "/opt", "/opt/ml", "/dev")
_RESERVED = ("/opt/ml", "/tmp", "/usr/local/nvidia")


def requirements(document: Any) -> Requirements:
    """What a job on instances needs beyond the model, which is lax for the sake of serverless jobs.

    Source: CreateTrainingJob, before serverless jobs.
    """
    if not isinstance(document, Mapping):
        return {}
    if document.get("ServerlessJobConfig") and not document.get("AlgorithmSpecification"):
        return {}  # refused as a whole, by a rule
    needed: dict[str, tuple[str, ...]] = {
        ROOT: ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition")
    }
    resources = document.get("ResourceConfig")
    alternatives = ("InstanceGroups", "InstancePreferences")
    if isinstance(resources, Mapping) and not any(resources.get(each) for each in alternatives):
        needed["ResourceConfig"] = ("InstanceType", "InstanceCount")
    return needed


def faults(document: Document) -> Iterator[str]:
    """Every violation of every rule."""
    for rule in RULES:
        yield from rule(document)


def algorithm(document: Document) -> Iterator[str]:
    """Exactly one of TrainingImage and AlgorithmName. Source: AlgorithmSpecification."""
    specification = document.get("AlgorithmSpecification")
    if specification is None:
        return
    image = specification.get("TrainingImage")
    named = "AlgorithmName" in specification
    if image is not None and named:
        yield (
            "AlgorithmName and TrainingImage are mutually exclusive: "
            "AlgorithmSpecification must have one of them, not both"
        )
    if image is None and not named:
        yield "AlgorithmSpecification must have a TrainingImage or an AlgorithmName"
    if image is not None and not is_program(image) and not _is_reference(image):
        yield f"{INVALID_IMAGE} TrainingImage is '{display(image)}'"


def _is_reference(image: str) -> bool:
    """Whether it can be an image's name at all; an engine must never take it for an option."""
    return image[:1].isalnum() and image.isascii() and image.isprintable() and " " not in image


def stopping(document: Document) -> Iterator[str]:
    """The time limits. Source: StoppingCondition."""
    condition = document.get("StoppingCondition", {})
    max_runtime = condition.get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME)
    max_wait = condition.get("MaxWaitTimeInSeconds")
    if max_runtime > MAX_RUNTIME:
        rule = f"Member must have value less than or equal to {MAX_RUNTIME}"
        yield fault("stoppingCondition.maxRuntimeInSeconds", max_runtime, f"{rule} (28 days)")
    if document.get("EnableManagedSpotTraining", False):
        if max_wait is None or max_wait < max_runtime:
            yield (
                "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
                f"MaxRuntimeInSeconds, {max_runtime}, when EnableManagedSpotTraining is set to true"
            )
    elif max_wait is not None:
        yield (
            "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining "
            "is set to true"
        )


def resources(document: Document) -> Iterator[str]:
    """Instances and what goes with them. Source: ResourceConfig."""
    config = document.get("ResourceConfig", {})
    kind, count = config.get("InstanceType"), config.get("InstanceCount")
    if config.get("InstanceGroups") and (kind is not None or count is not None):
        yield "InstanceType or InstanceCount cannot be specified with InstanceGroups"
    if config.get("InstancePreferences") and (
        kind is not None
        or config.get("InstanceGroups")
        or "InstancePlacementConfig" in config
        or document.get("EnableManagedSpotTraining", False)
    ):
        yield (
            "InstancePreferences is mutually exclusive with InstanceType, InstanceGroups, "
            "InstancePlacementConfig and EnableManagedSpotTraining"
        )
    if count == 0:
        rule = "Member must have value greater than or equal to 1"
        yield fault("resourceConfig.instanceCount", count, rule)
    elif count is not None and count > 1:
        yield unsupported("resourceConfig.instanceCount", "use 1", count)
    if kind is not None and config.get("VolumeKmsKeyId") and _has_local_storage(kind):
        yield (
            f"VolumeKmsKeyId cannot be specified with {kind}: its local storage is encrypted by "
            "the instance"
        )


def _has_local_storage(kind: str) -> bool:
    known = instance_type(kind)
    return known is not None and known.nvme_gb is not None


def uris(document: Document) -> Iterator[str]:
    """Where things are written to: S3 or this machine."""
    yield from uri_faults(
        "outputDataConfig.s3OutputPath", document.get("OutputDataConfig", {}).get("S3OutputPath")
    )
    yield from uri_faults(
        "checkpointConfig.s3Uri", document.get("CheckpointConfig", {}).get("S3Uri")
    )


def local_paths(document: Document) -> Iterator[str]:
    """Folders in the container. Source: CheckpointConfig and TensorBoardOutputConfig, LocalPath."""
    for config in ("CheckpointConfig", "TensorBoardOutputConfig", "DebugHookConfig"):
        path = document.get(config, {}).get("LocalPath")
        if path is not None and not _is_plain_absolute(path):
            yield (
                f'"LocalPath" of "{config}" must be an absolute path without \'..\', '
                f"and not '{display(path)}'"
            )
    path = document.get("TensorBoardOutputConfig", {}).get("LocalPath", _TENSORBOARD)
    reserved = any(_is_within(path, each) for each in _RESERVED)
    if reserved and not _is_within(path, _TENSORBOARD):
        yield (
            '"LocalPath" of "TensorBoardOutputConfig" cannot start with the following reserved '
            f"path: [{', '.join(_RESERVED)}]"
        )
    path = document.get("CheckpointConfig", {}).get("LocalPath", "/opt/ml/checkpoints")
    plain = "/" + posixpath.normpath(path).strip("/")  # "/opt/./ml" and "//opt/ml" too
    if plain in _KEPT_ITSELF or any(_is_within(plain, each) for each in _KEPT):
        yield f'"LocalPath" of "CheckpointConfig" cannot be {display(path)}: the platform keeps it'


def _is_plain_absolute(path: str) -> bool:
    return path.startswith("/") and ".." not in path.split("/") and path.isprintable()


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def programs(document: Document) -> Iterator[str]:
    """What becomes a process's arguments and environment can hold no NUL. Source: execve."""
    specification = document.get("AlgorithmSpecification", {})
    for member in ("ContainerEntrypoint", "ContainerArguments"):
        if any("\0" in each for each in specification.get(member, ())):
            yield f"{member} has a NUL character in it, which no program can be given"
    for name, value in document.get("Environment", {}).items():
        if "\0" in value:
            yield f"Environment '{display(name)}' has a NUL character in it, which no program has"
    if specification.get("ContainerEntrypoint", [])[:1] == [""]:
        yield "ContainerEntrypoint starts with an empty string: name the program to run"


def tags(document: Document) -> Iterator[str]:
    """Each key once. Source: Tag."""
    keys = [tag["Key"] for tag in document.get("Tags", ()) if "Key" in tag]
    for key in sorted({each for each in keys if keys.count(each) > 1}):
        yield f"Tags: the key '{display(key)}' is given {keys.count(key)} times"


def serverless(document: Document) -> Iterator[str]:
    """A serverless job runs an image of the service's. Source: ServerlessJobConfig."""
    if "ServerlessJobConfig" in document and "AlgorithmSpecification" not in document:
        yield unsupported("serverlessJobConfig", "a job here needs a TrainingImage to run")


RULES: tuple[Rule, ...] = (
    algorithm,
    *CHANNEL_RULES,
    metric_rules,
    resources,
    stopping,
    uris,
    local_paths,
    programs,
    tags,
    serverless,
)
