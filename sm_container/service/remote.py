"""A training job of the real service, asked for through boto3, as a request that trains the same.

Source: DescribeTrainingJob, whose answer has the members of CreateTrainingJob's request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sm_container.harness.request.model import load_model
from sm_container.harness.request.training_request import Document

_WITHOUT = ("TrainingJobName", "TensorBoardOutputConfig", "DebugHookConfig", "ProfilerConfig")


class RemoteError(Exception):
    """The service cannot be asked, or has no such job."""


@dataclass(frozen=True)
class RemoteJob:
    """A job of the service: its name, its region, and its request as it was accepted."""

    name: str
    region: str
    document: Document

    def replayed(self, checkpoints: Path) -> tuple[Document, tuple[str, ...]]:
        """The request of a job that trains the same here, and what was changed so that it writes
        nothing where the real one has."""
        document = {
            member: value for member, value in self.document.items() if member not in _WITHOUT
        }
        notes = [f"{self.name} of {self.region} is replayed here; its channels are read from S3"]
        output = dict(document.pop("OutputDataConfig", {}))
        notes.append(f"its artifacts stay on this machine, and not at {output.pop('S3OutputPath')}")
        document["OutputDataConfig"] = output
        if "CheckpointConfig" in document:
            config = dict(document["CheckpointConfig"])
            notes.append(
                f"its checkpoints are kept in {checkpoints}; those at {config['S3Uri']} are not "
                "read, and not changed"
            )
            document["CheckpointConfig"] = {**config, "S3Uri": str(checkpoints)}
        notes += _left_out(self.document)
        return document, tuple(notes)


def remote_job(name_or_arn: str, cache: Path, region: str | None = None) -> RemoteJob:
    """Ask the service for a job, with the credentials and the region that boto3 finds; an ARN
    names the region itself.

    Raises:
        RemoteError: with what to do.
        ModelError: botocore is not installed.
    """
    from boto3 import Session
    from botocore.exceptions import BotoCoreError, ClientError

    found = _region_of(name_or_arn) or Session().region_name or region
    name = name_or_arn.rpartition("/")[2]
    try:
        client = Session(region_name=found).client("sagemaker")
        described = client.describe_training_job(TrainingJobName=name)
    except ClientError as fault:
        why = fault.response.get("Error", {}).get("Message", str(fault))
        raise RemoteError(f"training job {name} of {found}: {why}") from fault
    except BotoCoreError as fault:
        raise RemoteError(
            f"training job {name} of {found} cannot be asked for: {fault}; check the credentials "
            "and the region of your AWS configuration"
        ) from fault
    root = load_model(cache)
    known = root[root.root].members
    document = {member: each for member, each in described.items() if member in known and each}
    return RemoteJob(described["TrainingJobName"], client.meta.region_name, document)


def _region_of(arn: str) -> str | None:
    parts = arn.split(":")
    return parts[3] if len(parts) > 5 and parts[0] == "arn" else None


def _left_out(document: Mapping[str, Any]) -> Iterator[str]:
    for member in _WITHOUT[1:]:
        if member in document:
            yield f"{member} is left out: it would write to the real job's places"
