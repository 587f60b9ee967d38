"""A CreateTrainingJob request that was accepted: frozen facts, defaults filled in.

Everything here was checked by ``parse.parse_request``; nothing that holds a `TrainingRequest`
needs to look into the document again, except to show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sm_container.contract.metrics import MetricDefinition

DEFAULT_MAX_RUNTIME = 24 * 60 * 60
"""Seconds. Source: StoppingCondition, MaxRuntimeInSeconds."""

WAITING_SECONDS = 60 * 60
"""How much longer than it may run a spot job may take where the user names no
MaxWaitTimeInSeconds, which the service demands: with as long, the starts and the waiting for
instances would always end a job before its MaxRuntimeInSeconds do. Our choice."""

Document = dict[str, Any]
"""A CreateTrainingJob document: JSON's own types, the service's member names."""


@dataclass(frozen=True)
class S3Source:
    """Where a channel's data comes from. Source: CreateTrainingJob, S3DataSource.

    `uri` is ``s3://bucket/prefix``, a ``file://`` URI or an absolute path; a slash at its end is
    kept as written, since a prefix with one and a prefix without are two things.
    """

    data_type: str
    """``S3Prefix``, ``ManifestFile`` or ``AugmentedManifestFile``."""
    uri: str
    distribution: str = "FullyReplicated"
    """``FullyReplicated`` or ``ShardedByS3Key``."""
    attribute_names: tuple[str, ...] = ()
    instance_group_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChannelRequest:
    """One channel of the request. Source: CreateTrainingJob, InputDataConfig."""

    name: str
    source: S3Source
    content_type: str | None = None
    compression: str = "None"
    """``None`` or ``Gzip``, the service's words."""
    record_wrapper: str = "None"
    """``None`` or ``RecordIO``, the service's words."""
    input_mode: str = "File"
    """The effective one: the channel's InputMode, else the algorithm's TrainingInputMode."""
    shuffle_seed: int | None = None


@dataclass(frozen=True)
class OutputRequest:
    """Where artifacts go. Source: CreateTrainingJob, OutputDataConfig."""

    uri: str
    compression: str = "GZIP"
    """``GZIP`` (archives) or ``NONE`` (files as they are)."""


@dataclass(frozen=True)
class CheckpointRequest:
    """Where checkpoints are kept. Source: CreateTrainingJob, CheckpointConfig."""

    uri: str
    local_path: str = "/opt/ml/checkpoints"


@dataclass(frozen=True)
class TensorBoardRequest:
    """Where TensorBoard files go. Source: CreateTrainingJob, TensorBoardOutputConfig."""

    uri: str
    local_path: str = "/opt/ml/output/tensorboard"


@dataclass(frozen=True)
class TrainingRequest:
    """One training job, as asked for and accepted."""

    document: Document
    """The CreateTrainingJob document as accepted; relative paths in it were made absolute."""
    name: str
    image: str | None
    """TrainingImage: an image reference or the path of a program. None with `algorithm_name`."""
    algorithm_name: str | None
    entrypoint: tuple[str, ...] | None
    arguments: tuple[str, ...] | None
    hyperparameters: Mapping[str, str]
    environment: Mapping[str, str]
    input_mode: str
    """TrainingInputMode; a channel's own `input_mode` is the one that counts for it."""
    channels: tuple[ChannelRequest, ...]
    output: OutputRequest
    instance_type: str
    instance_count: int
    volume_size_gb: int | None
    max_runtime: int
    """Seconds."""
    max_wait: int | None
    """Seconds; only with `spot`."""
    spot: bool
    network_isolation: bool
    checkpoint: CheckpointRequest | None
    metric_definitions: tuple[MetricDefinition, ...]
    tensorboard: TensorBoardRequest | None
    debug_hook: Mapping[str, Any] | None
    """DebugHookConfig as sent."""
    profiler: Mapping[str, Any] | None
    """ProfilerConfig as sent."""
    tags: Mapping[str, str]
    role_arn: str
    retry_attempts: int
    """RetryStrategy.MaximumRetryAttempts, 0 without one."""
    not_simulated: tuple[str, ...] = ()
    """What was accepted and has no effect here: ``Member.Path: reason``, one each."""
