"""The /opt/ml tree of a host, made from the request before its container starts.

Source: developer guide, "How Amazon SageMaker Provides Training Information".
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from sm_container.contract import hyperparameters
from sm_container.contract.configs import (
    CheckpointConfig,
    MetricDefinitionRegex,
    TensorBoardOutputConfig,
)
from sm_container.contract.document import write_document
from sm_container.contract.init_config import InitChannel, InitConfig
from sm_container.contract.inputs import ChannelConfig, InputDataConfig, InputMode
from sm_container.contract.layout import DEFAULT_BASE, Layout
from sm_container.contract.resources import ResourceConfig
from sm_container.harness.request.training_request import ChannelRequest, TrainingRequest

# Members whose values are the service's own words, which this file has in UPPER_SNAKE form.
_WORDS = frozenset(
    {"TrainingInputMode", "InputMode", "S3DataType", "S3DataDistributionType", "CompressionType"}
)
# Members whose content is the author's, whatever its names are.
_OF_THE_AUTHOR = frozenset({"HyperParameters", "Environment", "Tags"})


def write_tree(
    layout: Layout,
    request: TrainingRequest,
    host: str,
    hosts: tuple[str, ...],
    *,
    arn: str,
    network_interface: str,
    attempt: int = 1,
) -> None:
    """Make a host's folders and write every file of ``input/config``; channels come later.

    That ``attempt`` is what the platform's agent counts as jobRunNumber is inferred.
    """
    layout.create()
    if request.checkpoint is not None:
        local = PurePosixPath(request.checkpoint.local_path)
        if local.is_relative_to(DEFAULT_BASE):
            (layout.base / local.relative_to(DEFAULT_BASE)).mkdir(parents=True, exist_ok=True)
    hyperparameters.write(layout.hyperparameters, request.hyperparameters)
    InputDataConfig({channel.name: _channel(channel) for channel in request.channels}).write(
        layout.input_data_config
    )
    resources = ResourceConfig.homogeneous(host, hosts, request.instance_type)
    ResourceConfig(**{**vars(resources), "network_interface_name": network_interface}).write(
        layout.resource_config
    )
    _init_config(request, host, hosts, attempt).write(layout.init_config)
    MetricDefinitionRegex(
        tuple(metric.to_document() for metric in request.metric_definitions)
    ).write(layout.metric_definition_regex)
    _write_optional(layout, request, arn)


def open_to_all(layout: Layout) -> None:
    """Let any user write the model and the output, and make a folder for code. The service's
    containers run as root, and what it gives to others is not documented."""
    layout.base.chmod(0o777)
    open_below(layout.model)
    open_below(layout.output)


def open_below(folder: Path) -> None:
    """Let any user write a folder of ours and all that is in it, before a container has seen it."""
    for place, _, files in os.walk(folder):
        os.chmod(place, 0o777)
        for name in files:
            os.chmod(os.path.join(place, name), 0o666)


def _write_optional(layout: Layout, request: TrainingRequest, arn: str) -> None:
    """The files that stand only where the request asked for what they tell."""
    if request.checkpoint is not None:
        CheckpointConfig(request.checkpoint.local_path).write(layout.checkpoint_config)
    if request.tensorboard is not None:
        TensorBoardOutputConfig(request.tensorboard.uri, request.tensorboard.local_path).write(
            layout.tensorboard_output_config
        )
    if request.debug_hook is not None:
        write_document(layout.debug_hook_config, dict(request.debug_hook))
    if request.profiler is not None:
        write_document(layout.profiler_config, dict(request.profiler))
    write_document(layout.upstream_output_data_config, [])
    write_document(layout.training_job_config, training_job_config(request.document, arn))


def training_job_config(document: Mapping[str, Any], arn: str) -> dict[str, Any]:
    """``trainingjobconfig.json``: the request as the platform's agent repeats it."""
    echo: dict[str, Any] = _echoed(document)
    output = {"KmsKeyId": "", **echo.get("OutputDataConfig", {})}
    return {**echo, "OutputDataConfig": output, "TrainingJobArn": arn}


def _echoed(value: Any, name: str = "") -> Any:
    if name in _OF_THE_AUTHOR:
        return value
    if isinstance(value, Mapping):
        return {member: _echoed(inner, member) for member, inner in value.items()}
    if isinstance(value, list):
        return [_echoed(inner) for inner in value]
    if name == "RecordWrapperType":
        return value.upper()
    return _upper_snake(value) if name in _WORDS else value


def _channel(channel: ChannelRequest) -> ChannelConfig:
    return ChannelConfig(
        training_input_mode=InputMode(channel.input_mode),
        content_type=channel.content_type,
        s3_distribution_type=channel.source.distribution,
        record_wrapper_type=channel.record_wrapper,
    )


def _init_config(
    request: TrainingRequest, host: str, hosts: tuple[str, ...], attempt: int
) -> InitConfig:
    return InitConfig(
        input_mode=_upper_snake(request.input_mode),
        channels={channel.name: _init_channel(channel) for channel in request.channels},
        cluster_size=len(hosts),
        host_number=hosts.index(host),
        checkpoint_channel=_checkpoint_channel(request),
        job_run_number=attempt,
    )


def _init_channel(channel: ChannelRequest) -> InitChannel:
    source = channel.source
    return InitChannel(
        s3_data_source={
            "s3DataType": _upper_snake(source.data_type),
            "s3Uri": source.uri,
            "s3DataDistributionType": _upper_snake(source.distribution),
            "attributeNames": list(source.attribute_names) or None,
        },
        input_mode=_upper_snake(channel.input_mode),
        compression_type=channel.compression.upper(),
        record_wrapper=channel.record_wrapper.upper(),
        shuffle_config=None if channel.shuffle_seed is None else {"seed": channel.shuffle_seed},
        sharded=source.distribution == "ShardedByS3Key",
    )


def _checkpoint_channel(request: TrainingRequest) -> dict[str, Any] | None:
    """Words that a channel has are null here. Source: observed."""
    if request.checkpoint is None:
        return None
    return {
        "name": "checkpoints",
        "channel": {
            "s3DataSource": {
                "s3DataType": "S3_PREFIX",
                "s3Uri": request.checkpoint.uri,
                "s3DataDistributionType": None,
                "attributeNames": None,
            },
            "fileSystemDataSource": None,
            "compressionType": None,
            "recordWrapper": None,
            "shuffleConfig": None,
            "inputMode": "FILE",
            "sharded": False,
        },
        "outputPath": request.checkpoint.local_path,
        "allowEmpty": True,
    }


def _upper_snake(term: str) -> str:
    """``FullyReplicated`` as ``FULLY_REPLICATED``, ``S3Prefix`` as ``S3_PREFIX``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", term).upper()
