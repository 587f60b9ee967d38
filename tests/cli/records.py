"""Records of jobs for the tests of what shows them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from sm_container.harness.job.options import RunOptions
from sm_container.harness.job.record import JobRecord, MetricValue
from sm_container.harness.job.status import Phase
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.home import Home
from sm_container.harness.store.jobs import JobStore

LIVES = {
    "Completed": (Phase.IMAGE, Phase.TRAINING, Phase.UPLOADING, Phase.COMPLETED),
    "Failed": (Phase.IMAGE, Phase.TRAINING, Phase.UPLOADING, Phase.FAILED),
    "Stopped": (Phase.IMAGE, Phase.TRAINING, Phase.STOPPING, Phase.UPLOADING, Phase.STOPPED),
    "InProgress": (Phase.IMAGE, Phase.TRAINING),
}


def request(name: str, **members: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": "/code/train", "TrainingInputMode": "File"},
        "RoleArn": "arn:aws:iam::000000000000:role/sm-container",
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        **members,
    }


def job(name: str, state: str, *, began: float = 1_000_000.0, **changes: Any) -> JobRecord:
    """A job in this state; each of its phases took two seconds."""
    record = JobRecord(
        name=name,
        arn=f"arn:aws:sagemaker:us-east-1:000000000000:training-job/{name}",
        document=changes.pop("document", request(name)),
        options=changes.pop("options", RunOptions(target="/code/train")),
        created=began,
        last_modified=began,
        engine="process",
    )
    phases = (Phase.STARTING, Phase.PREPARING, Phase.DOWNLOADING, *LIVES[state])
    for index, phase in enumerate(phases):
        record = record.entered(phase, began + 2 * index)
    return replace(record, **changes)


METRICS = (MetricValue("train:loss", 0.123456789, 1.0), MetricValue("rmse", 41.0, 2.0))


def stored(home: Path, record: JobRecord, logs: dict[str, bytes] | None = None) -> JobFolder:
    """A job of a home that nobody owns any more, with these logs."""
    home.mkdir(parents=True, exist_ok=True)
    store = JobStore(Home.from_environment({"SM_CONTAINER_HOME": str(home)}))
    folder, ownership = store.create(record)
    ownership.release()
    for host, content in (logs or {}).items():
        folder.log(host).parent.mkdir(exist_ok=True)
        folder.log(host).write_bytes(content)
    return folder
