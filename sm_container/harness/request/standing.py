"""Where each member of CreateTrainingJob stands here: done, without effect, or refused.

A path covers what is below it unless a longer one says otherwise. A member that stands nowhere,
as one that a newer botocore brings, is refused: nothing in a request is ever ignored in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sm_container.harness.request.extensions import LOCAL_ROLE
from sm_container.harness.request.wording import member_path, unsupported

DONE = frozenset(
    {
        "TrainingJobName",
        "HyperParameters",
        "AlgorithmSpecification.TrainingImage",
        "AlgorithmSpecification.AlgorithmName",
        "AlgorithmSpecification.TrainingInputMode",
        "AlgorithmSpecification.MetricDefinitions",
        "AlgorithmSpecification.EnableSageMakerMetricsTimeSeries",
        "AlgorithmSpecification.ContainerEntrypoint",
        "AlgorithmSpecification.ContainerArguments",
        "InputDataConfig[].ChannelName",
        "InputDataConfig[].ContentType",
        "InputDataConfig[].CompressionType",
        "InputDataConfig[].RecordWrapperType",
        "InputDataConfig[].InputMode",
        "InputDataConfig[].ShuffleConfig",
        "InputDataConfig[].DataSource.S3DataSource.S3DataType",
        "InputDataConfig[].DataSource.S3DataSource.S3Uri",
        "InputDataConfig[].DataSource.S3DataSource.S3DataDistributionType",
        "InputDataConfig[].DataSource.S3DataSource.AttributeNames",
        "OutputDataConfig.S3OutputPath",
        "OutputDataConfig.CompressionType",
        "ResourceConfig.InstanceType",
        "ResourceConfig.InstanceCount",
        "StoppingCondition.MaxRuntimeInSeconds",
        "StoppingCondition.MaxWaitTimeInSeconds",
        "EnableNetworkIsolation",
        "EnableManagedSpotTraining",
        "RetryStrategy",
        "CheckpointConfig.S3Uri",
        "CheckpointConfig.LocalPath",
        "Environment",
    }
)

NOT_SIMULATED: Mapping[str, str] = {
    "RoleArn": "no role is assumed; the container gets the credentials that --credentials names",
    "AlgorithmSpecification.TrainingImageConfig": "the container engine's own registries and "
    "logins are used",
    "InputDataConfig[].DataSource.S3DataSource.ModelAccessConfig": "no licence is asked for",
    "InputDataConfig[].DataSource.S3DataSource.HubAccessConfig": "the objects are read at S3Uri, "
    "no hub is asked",
    "OutputDataConfig.KmsKeyId": "artifacts are not encrypted",
    "ResourceConfig.VolumeSizeInGB": "the disk is this machine's, without a limit",
    "ResourceConfig.VolumeKmsKeyId": "the disk is not encrypted",
    "ResourceConfig.KeepAlivePeriodInSeconds": "there is no warm pool",
    "ResourceConfig.TrainingPlanArn": "no capacity is reserved",
    "ResourceConfig.InstancePlacementConfig": "there are no UltraServers",
    "VpcConfig": "the container is on this machine's network",
    "StoppingCondition.MaxPendingTimeInSeconds": "a job starts as soon as there is room for it",
    "Tags": "kept with the job; nothing is billed or authorised by them",
    "EnableInterContainerTrafficEncryption": "traffic between hosts stays on this machine",
    "DebugHookConfig": "debughookconfig.json is written; tensors are not collected",
    "DebugRuleConfigurations": "no rules are evaluated",
    "TensorBoardOutputConfig": "tensorboardoutputconfig.json is written; nothing is uploaded",
    "ExperimentConfig": "no trial is recorded",
    "ProfilerConfig": "profilerconfig.json is written; nothing is profiled",
    "ProfilerRuleConfigurations": "no rules are evaluated",
    "RemoteDebugConfig": "there is no Systems Manager; use run --shell",
    "InfraCheckConfig": "there is no instance to check",
    "SessionChainingConfig": "there is no session to tag",
    "ServerlessJobConfig": "the job runs the image that the request names",
    "MlflowConfig": "no MLflow server is written to",
    "ModelPackageConfig": "no model package is made",
}
"""Accepted, kept and described, without effect: the reason in a few words."""

REFUSED: Mapping[str, str] = {
    "InputDataConfig[].DataSource.FileSystemDataSource": "copy the data to a folder or to S3 and "
    "name it in S3DataSource",
    "InputDataConfig[].DataSource.DatasetSource": "name the data in S3DataSource",
    "InputDataConfig[].DataSource.S3DataSource.InstanceGroupNames": "there are no instance groups",
    "ResourceConfig.InstanceGroups": "give InstanceType, and 1 as InstanceCount",
    "ResourceConfig.InstancePreferences": "give InstanceType, and 1 as InstanceCount",
    "ResourceConfig.SelectedInstanceType": "take it out, it is for DescribeTrainingJob to give",
    "ResourceConfig.SelectedInstanceCount": "take it out, it is for DescribeTrainingJob to give",
}
"""Not supported by this version: what to do instead."""


@dataclass(frozen=True)
class Standing:
    """What a document has beside what is done: each with its reason, in the document's order."""

    not_simulated: tuple[str, ...]
    faults: tuple[str, ...]


def stand(document: Mapping[str, Any]) -> Standing:
    """Go through what a checked document says. Members that say nothing (false, empty) are not
    listed as not simulated."""
    not_simulated: dict[str, None] = {}
    faults: list[str] = []
    for path, where, value in _present(document, "", ""):
        if path in NOT_SIMULATED:
            if value not in (False, "", [], {}, LOCAL_ROLE):
                not_simulated[f"{path.replace('[]', '')}: {NOT_SIMULATED[path]}"] = None
        elif path in REFUSED:
            if value not in ([], {}):
                faults.append(unsupported(where, REFUSED[path]))
        elif not isinstance(value, (dict, list)):
            faults.append(unsupported(where, "take it out"))
    return Standing(tuple(not_simulated), tuple(faults))


def _present(value: Any, path: str, where: str) -> Iterator[tuple[str, str, Any]]:
    """Each member of the document that is not done, as far down as it takes to know its standing.

    As (path of the table, path in the service's way, value).
    """
    if path and path in DONE:
        return
    if path in NOT_SIMULATED or path in REFUSED:
        yield path, where, value
    elif isinstance(value, dict) and value:
        for member, each in value.items():
            below = f"{path}.{member}" if path else member
            yield from _present(each, below, member_path(where, member))
    elif isinstance(value, list) and value:
        for index, each in enumerate(value):
            yield from _present(each, f"{path}[]", f"{where}.{index + 1}.member")
    else:
        yield path, where, value
