"""A CreateTrainingJob document into a `TrainingRequest`, or every fault that it has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sm_container.harness.metrics.specification import definitions_of
from sm_container.harness.request import rules
from sm_container.harness.request.constraints import check
from sm_container.harness.request.errors import RequestError
from sm_container.harness.request.extensions import (
    LOCAL,
    Extensions,
    absolute,
    is_program,
    resolved,
)
from sm_container.harness.request.model import ServiceModel, load_model
from sm_container.harness.request.standing import stand
from sm_container.harness.request.training_request import (
    DEFAULT_MAX_RUNTIME,
    ChannelRequest,
    CheckpointRequest,
    Document,
    OutputRequest,
    S3Source,
    TensorBoardRequest,
    TrainingRequest,
)


def parse_request(
    document: Any,
    *,
    cache: Path | None = None,
    model: ServiceModel | None = None,
    extensions: Extensions = LOCAL,
) -> TrainingRequest:
    """Check a CreateTrainingJob document and take its facts.

    `document` is what JSON or YAML gave; it is not changed. Relative paths in it are relative to
    the working directory. `cache` is the folder that keeps the service's model between runs, the
    harness's own by default; `model` is that model where it is at hand. `extensions` are what is
    accepted beyond it.

    Raises:
        RequestError: with every fault, in the service's words and paths.
        ModelError: botocore, which has the service's model, is not installed.
    """
    checked = check(model or _model(cache), document, rules.requirements(document), extensions)
    standing = stand(checked.document)
    found = (*checked.faults, *rules.faults(checked.document), *standing.faults)
    if found:
        raise RequestError(found, constraints=len(checked.faults))
    return _request(_settled(checked.document), standing.not_simulated)


def _model(cache: Path | None) -> ServiceModel:
    if cache is not None:
        return load_model(cache)
    from sm_container.harness.store.home import Home

    return load_model(Home.from_environment().cache)


def _settled(document: Document) -> Document:
    """The document with its local paths made absolute, so that it means the same anywhere."""
    algorithm = document["AlgorithmSpecification"]
    image = algorithm.get("TrainingImage", "")
    if is_program(image):
        algorithm["TrainingImage"] = absolute(image)
    for channel in document.get("InputDataConfig", ()):
        source = channel["DataSource"]["S3DataSource"]
        source["S3Uri"] = absolute(source["S3Uri"])
    for config, member in (("OutputDataConfig", "S3OutputPath"), ("CheckpointConfig", "S3Uri")):
        if config in document:
            document[config][member] = absolute(document[config][member])
    return document


def _request(document: Document, not_simulated: tuple[str, ...]) -> TrainingRequest:
    algorithm = document["AlgorithmSpecification"]
    resources = document["ResourceConfig"]
    stopping = document["StoppingCondition"]
    output = document["OutputDataConfig"]
    return TrainingRequest(
        document=document,
        name=document["TrainingJobName"],
        image=algorithm.get("TrainingImage"),
        algorithm_name=algorithm.get("AlgorithmName"),
        entrypoint=_optional_tuple(algorithm, "ContainerEntrypoint"),
        arguments=_optional_tuple(algorithm, "ContainerArguments"),
        hyperparameters=document.get("HyperParameters", {}),
        environment=document.get("Environment", {}),
        input_mode=algorithm["TrainingInputMode"],
        channels=tuple(
            _channel(channel, algorithm["TrainingInputMode"])
            for channel in document.get("InputDataConfig", ())
        ),
        output=OutputRequest(
            uri=resolved(output["S3OutputPath"]), compression=output.get("CompressionType", "GZIP")
        ),
        instance_type=resources["InstanceType"],
        instance_count=resources["InstanceCount"],
        volume_size_gb=resources.get("VolumeSizeInGB"),
        max_runtime=stopping.get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME),
        max_wait=stopping.get("MaxWaitTimeInSeconds"),
        spot=document.get("EnableManagedSpotTraining", False),
        network_isolation=document.get("EnableNetworkIsolation", False),
        checkpoint=_checkpoint(document.get("CheckpointConfig")),
        metric_definitions=definitions_of(algorithm),
        tensorboard=_tensorboard(document.get("TensorBoardOutputConfig")),
        debug_hook=document.get("DebugHookConfig"),
        profiler=document.get("ProfilerConfig"),
        tags={tag["Key"]: tag["Value"] for tag in document.get("Tags", ())},
        role_arn=document["RoleArn"],
        retry_attempts=document.get("RetryStrategy", {}).get("MaximumRetryAttempts", 0),
        not_simulated=not_simulated,
    )


def _channel(channel: Mapping[str, Any], default_mode: str) -> ChannelRequest:
    source = channel["DataSource"]["S3DataSource"]
    return ChannelRequest(
        name=channel["ChannelName"],
        source=S3Source(
            data_type=source["S3DataType"],
            uri=resolved(source["S3Uri"]),
            distribution=source.get("S3DataDistributionType", "FullyReplicated"),
            attribute_names=tuple(source.get("AttributeNames", ())),
            instance_group_names=tuple(source.get("InstanceGroupNames", ())),
        ),
        content_type=channel.get("ContentType"),
        compression=channel.get("CompressionType", "None"),
        record_wrapper=channel.get("RecordWrapperType", "None"),
        input_mode=channel.get("InputMode", default_mode),
        shuffle_seed=channel.get("ShuffleConfig", {}).get("Seed"),
    )


def _checkpoint(config: Mapping[str, Any] | None) -> CheckpointRequest | None:
    if config is None:
        return None
    uri = resolved(config["S3Uri"])
    local = config.get("LocalPath")
    return CheckpointRequest(uri, local) if local else CheckpointRequest(uri)


def _tensorboard(config: Mapping[str, Any] | None) -> TensorBoardRequest | None:
    if config is None:
        return None
    uri = resolved(config["S3OutputPath"])
    local = config.get("LocalPath")
    return TensorBoardRequest(uri, local) if local else TensorBoardRequest(uri)


def _optional_tuple(structure: Mapping[str, Any], member: str) -> tuple[str, ...] | None:
    return tuple(structure[member]) if member in structure else None
