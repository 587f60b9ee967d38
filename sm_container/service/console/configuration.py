"""How a job was asked for, as names and values that a person reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sm_container.harness.job.record import JobRecord
from sm_container.harness.request.training_request import DEFAULT_MAX_RUNTIME
from sm_container.harness.text import duration

Fact = tuple[str, str]


def settings(record: JobRecord) -> Iterator[Fact]:
    """Algorithm, resources, limits, output and network; what was not given is left out."""
    document = record.document
    algorithm = document.get("AlgorithmSpecification", {})
    resources = document.get("ResourceConfig", {})
    stopping = document.get("StoppingCondition", {})
    output = document.get("OutputDataConfig", {})
    checkpoints = document.get("CheckpointConfig", {})
    vpc = document.get("VpcConfig", {})
    found: tuple[tuple[str, Any], ...] = (
        ("Algorithm", algorithm.get("AlgorithmName")),
        ("Training image", algorithm.get("TrainingImage")),
        ("What runs for it here", record.options.target),
        ("Engine", record.engine or "not chosen yet"),
        ("Input mode", algorithm.get("TrainingInputMode")),
        ("Instances", _instances(record)),
        ("Volume", f"{resources['VolumeSizeInGB']} GB" if "VolumeSizeInGB" in resources else None),
        ("Longest runtime", duration(stopping.get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME))),
        ("Longest wait", _duration(stopping.get("MaxWaitTimeInSeconds"))),
        ("Output", output.get("S3OutputPath")),
        ("Output compression", output.get("CompressionType")),
        ("Checkpoints", checkpoints.get("S3Uri")),
        ("Checkpoints in the container", checkpoints.get("LocalPath")),
        ("Network isolation", "yes" if document.get("EnableNetworkIsolation") else None),
        ("Subnets", ", ".join(vpc.get("Subnets", ()))),
        ("Security groups", ", ".join(vpc.get("SecurityGroupIds", ()))),
        ("IAM role", document.get("RoleArn")),
    )
    return ((name, str(value)) for name, value in found if value)


def channels(record: JobRecord) -> Iterator[tuple[str, list[Fact]]]:
    """Each channel's name, and what was said of it."""
    for channel in record.document.get("InputDataConfig", ()):
        source: Mapping[str, Any] = channel.get("DataSource", {}).get("S3DataSource", {})
        found: tuple[tuple[str, Any], ...] = (
            ("S3 URI", source.get("S3Uri")),
            ("S3 data type", source.get("S3DataType")),
            ("Distribution", source.get("S3DataDistributionType")),
            ("Attributes", ", ".join(source.get("AttributeNames", ()))),
            ("Content type", channel.get("ContentType")),
            ("Compression", channel.get("CompressionType")),
            ("Record wrapper", channel.get("RecordWrapperType")),
            ("Input mode", channel.get("InputMode")),
            ("Shuffle seed", channel.get("ShuffleConfig", {}).get("Seed")),
        )
        facts = [(name, str(value)) for name, value in found if value not in (None, "")]
        yield channel["ChannelName"], facts


def _instances(record: JobRecord) -> str:
    resources = record.document.get("ResourceConfig", {})
    count, kind = resources.get("InstanceCount", 1), resources.get("InstanceType", "")
    said = f"{count} \N{MULTIPLICATION SIGN} {kind}"
    return f"{said}, spot" if record.is_spot else said


def _duration(seconds: int | None) -> str | None:
    return None if seconds is None else duration(seconds)
