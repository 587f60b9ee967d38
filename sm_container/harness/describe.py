"""A job's record in the shape of DescribeTrainingJob, and what that shape has no place for.

Source: DescribeTrainingJob. The section ``SmContainer`` is this harness's own; clients of the
service's API, which know the shape, pass it over.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from sm_container.harness.metrics.specification import keeps_series
from sm_container.harness.request.training_request import DEFAULT_MAX_RUNTIME

if TYPE_CHECKING:
    from sm_container.harness.job.attempts import AttemptRecord
    from sm_container.harness.job.record import JobRecord, MetricValue, Transition
    from sm_container.harness.job.traffic import ChannelTraffic, CheckpointTraffic

Description = dict[str, Any]

_AS_SENT = (
    "VpcConfig",
    "CheckpointConfig",
    "DebugHookConfig",
    "ExperimentConfig",
    "DebugRuleConfigurations",
    "TensorBoardOutputConfig",
    "ProfilerConfig",
    "ProfilerRuleConfigurations",
    "Environment",
    "RetryStrategy",
    "RemoteDebugConfig",
    "InfraCheckConfig",
    "ServerlessJobConfig",
    "MlflowConfig",
    "ModelPackageConfig",
)
_SWITCHES = (
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
)


def describe(record: JobRecord) -> Description:
    """All that is known of a job; times are datetimes in UTC, members that have no value are out.

    Defaults that the service shows in its answer are filled in: SDKs read some without asking.
    """
    request = copy.deepcopy(dict(record.document))
    description = {
        "TrainingJobName": record.name,
        "TrainingJobArn": record.arn,
        "ModelArtifacts": {"S3ModelArtifacts": record.model_artifacts},
        "TrainingJobStatus": _word(record.status),
        "SecondaryStatus": _word(record.secondary_status),
        "FailureReason": record.failure_reason,
        "HyperParameters": request.get("HyperParameters"),
        "AlgorithmSpecification": _algorithm(request.get("AlgorithmSpecification", {})),
        "RoleArn": request.get("RoleArn"),
        "InputDataConfig": [_channel(each) for each in request.get("InputDataConfig", ())] or None,
        "OutputDataConfig": {
            "KmsKeyId": "",
            "CompressionType": "GZIP",
            **request.get("OutputDataConfig", {}),
        },
        "ResourceConfig": request.get("ResourceConfig"),
        "StoppingCondition": {
            "MaxRuntimeInSeconds": DEFAULT_MAX_RUNTIME,
            **request.get("StoppingCondition", {}),
        },
        "CreationTime": _time(record.created),
        "TrainingStartTime": _time(record.training_started),
        "TrainingEndTime": _time(record.training_ended),
        "LastModifiedTime": _time(record.last_modified),
        "SecondaryStatusTransitions": [_transition(each) for each in record.transitions],
        "FinalMetricDataList": [_metric(each) for each in record.final_metrics] or None,
        "TrainingTimeInSeconds": record.training_seconds,
        "BillableTimeInSeconds": record.billable_seconds,
        "ProfilingStatus": "Disabled",
        **{member: request.get(member, False) for member in _SWITCHES},
        **{member: request.get(member) for member in _AS_SENT},
        "SmContainer": _own(record, request),
    }
    return _with_values(description)


def as_json(description: Mapping[str, Any]) -> Description:
    """The description for people and scripts: times in ISO 8601, numbers as JSON can hold them."""
    return {name: _converted(each) for name, each in description.items()}


def _algorithm(specification: Mapping[str, Any]) -> dict[str, Any]:
    return {**specification, "EnableSageMakerMetricsTimeSeries": keeps_series(specification)}


def _channel(channel: Mapping[str, Any]) -> dict[str, Any]:
    described = {"CompressionType": "None", "RecordWrapperType": "None", **channel}
    source = described.get("DataSource", {}).get("S3DataSource")
    if source is not None:
        source.setdefault("S3DataDistributionType", "FullyReplicated")
    return described


def _transition(transition: Transition) -> dict[str, Any]:
    return _with_values(
        {
            "Status": _word(transition.status),
            "StartTime": _time(transition.start),
            "EndTime": _time(transition.end),
            "StatusMessage": transition.message,
        }
    )


def _metric(metric: MetricValue) -> dict[str, Any]:
    return {
        "MetricName": metric.name,
        "Value": metric.value,
        "Timestamp": _time(metric.timestamp),
    }


def _own(record: JobRecord, request: Mapping[str, Any]) -> dict[str, Any]:
    """What the service's shape has no place for."""
    return _with_values(
        {
            "Engine": record.engine,
            "Target": record.options.target,
            "ExitCode": record.exit_code,
            "Fault": record.fault,
            "Phases": _phases(record.transitions),
            "Attempts": list(_attempts(record.attempts)) or None,
            "Interruptions": list(_interruptions(record.attempts)) or None,
            "Saving": _saving(record),
            "Traffic": [_traffic(each) for each in record.traffic] or None,
            "Checkpoints": [_checkpoints(each) for each in record.checkpoints] or None,
            "NotSimulated": list(record.not_simulated),
            "Notes": list(record.notes),
            "Tags": request.get("Tags"),
        }
    )


def _attempts(attempts: Iterable[AttemptRecord]) -> Iterator[dict[str, Any]]:
    """Each launch of the job's instances; the last has no end while it lasts."""
    for number, each in enumerate(attempts, 1):
        yield _with_values(
            {
                "Attempt": number,
                "StartTime": _time(each.start),
                "EndTime": _time(each.end),
                "Ending": each.cause,
                "ExitCode": each.exit_code,
            }
        )


def _interruptions(attempts: Iterable[AttemptRecord]) -> Iterator[dict[str, Any]]:
    for number, each in enumerate(attempts, 1):
        if each.interruption is not None:
            yield {
                "Attempt": number,
                "Time": _time(each.interruption.at),
                "Signal": "SIGTERM" if each.interruption.warned else "SIGKILL",
            }


def _saving(record: JobRecord) -> dict[str, Any] | None:
    """What spot instances have saved, by the service's formula and the discount assumed here."""
    if record.saving_percent is None:
        return None
    return {
        "Percent": round(record.saving_percent, 1),
        "AssumedDiscountPercent": record.options.spot_discount_percent,
    }


def _traffic(traffic: ChannelTraffic) -> dict[str, Any]:
    """Bytes, and seconds to the millisecond; epochs and waits in Pipe mode alone, a folder where it
    stands in the channel's place."""
    described = {
        "ChannelName": traffic.channel,
        "Host": traffic.host,
        "InputMode": traffic.mode,
        "Bytes": traffic.size,
        "Seconds": round(traffic.seconds, 3),
    }
    if traffic.mode == "Pipe":
        described |= {
            "EpochsBegun": traffic.epochs,
            "EpochsFinished": traffic.finished,
            "SecondsAlgorithmBusy": round(traffic.blocked, 3),
            "SecondsAlgorithmWaiting": round(traffic.starved, 3),
        }
    if traffic.folder is not None:
        described["BoundFolder"] = traffic.folder
    return described


def _checkpoints(traffic: CheckpointTraffic) -> dict[str, Any]:
    return {
        "Host": traffic.host,
        "FilesUploaded": traffic.uploaded,
        "BytesUploaded": traffic.uploaded_size,
        "SecondsUploading": round(traffic.uploading, 3),
        "FilesRemoved": traffic.removed,
        "FilesRestored": traffic.restored,
        "BytesRestored": traffic.restored_size,
        "SecondsRestoring": round(traffic.restoring, 3),
    }


def _phases(transitions: Iterable[Transition]) -> dict[str, float]:
    """Seconds by secondary status, of those that are over and took time."""
    phases: dict[str, float] = {}
    for each in transitions:
        if each.end is not None and each.end > each.start:
            name = _word(each.status)
            phases[name] = round(phases.get(name, 0.0) + each.end - each.start, 3)
    return phases


def _with_values(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _word(status: str) -> str:
    """A status as plain text, whatever kind of string it is."""
    return str(getattr(status, "value", status))


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)


def _converted(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, Mapping):
        return {name: _converted(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_converted(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
