"""What is tested: the request that the jobs of all trials are made from."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sm_container.harness.checkpoints.prefix import Prefix
from sm_container.harness.job.options import RunOptions
from sm_container.harness.request.parse import parse_request
from sm_container.harness.request.training_request import WAITING_SECONDS, TrainingRequest
from sm_container.storage.store import Stores
from sm_container.testing.chaos.scratch import Scratch

NAME_LIMIT = 63
"""Characters of a TrainingJobName. Source: CreateTrainingJob."""


@dataclass(frozen=True)
class Subject:
    """What is tested, and where what its jobs leave goes. ``tell`` hears what the user should know
    of a job."""

    request: TrainingRequest
    options: RunOptions
    scratch: Scratch
    tell: Callable[[str], None]

    def job_name(self, suffix: str) -> str:
        """``<name>-chaos-<suffix>``, cut to what a name may have."""
        end = f"-chaos-{suffix}"
        return f"{self.request.name[: NAME_LIMIT - len(end)].rstrip('-')}{end}"

    def checkpoint_uri(self, trial: int) -> str:
        given = self.request.checkpoint
        return f"{self.scratch.checkpoints(None if given is None else given.uri)}/{trial}"

    def checkpoint_prefix(self, trial: int) -> Prefix:
        root = self.options.s3_root
        return Prefix(self.checkpoint_uri(trial), Stores(Path(root) if root else None).open)

    def asked(self, suffix: str, trial: int) -> TrainingRequest:
        """The request of a job. Its artifacts stay on this machine."""
        document: dict[str, Any] = copy.deepcopy(dict(self.request.document))
        document["TrainingJobName"] = self.job_name(suffix)
        document["EnableManagedSpotTraining"] = True
        document["OutputDataConfig"]["S3OutputPath"] = self.scratch.output
        document.setdefault("CheckpointConfig", {})["S3Uri"] = self.checkpoint_uri(trial)
        stopping = document["StoppingCondition"]
        stopping.setdefault("MaxWaitTimeInSeconds", self.request.max_runtime + WAITING_SECONDS)
        return parse_request(document)
