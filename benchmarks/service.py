"""The service: how soon a job's algorithm runs, and how soon a question is answered amid jobs.

A job is asked for through boto3 and run by podman in an image whose program does nothing but say
the time. The SageMaker SDK's local mode runs the same image in the same podman, through its socket;
both sides are warm processes, both are given one channel with a small file. The times end with the
algorithm's first line, by its own clock, which is this machine's.
"""

from __future__ import annotations

import itertools
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.engine_overhead import can_run
from benchmarks.rivals import SDK
from benchmarks.row import Row, at_least, at_most
from benchmarks.servers import (
    COMPOSE,
    COMPOSE_PYTHON,
    client,
    moto,
    podman_socket,
    sdk_local_mode,
    service,
)
from benchmarks.timing import in_turn, seconds
from benchmarks.training_image import (
    MORE_LINES,
    first_line_at,
    remove_containers,
    training_image,
)

JOBS = 20
CALLS = 1000
REPEATS = 7
FIRST_LINE_TIMES = 3.0
DESCRIBE_TIMES = 1.0
_LOOK_SECONDS = 0.5
_GROUP = "/aws/sagemaker/TrainingJobs"
_NAMES = map("benchmark-{:04}".format, itertools.count())


def rows() -> list[Row]:
    """Two rows, where podman can run the image: a job's start, and DescribeTrainingJob amid 20."""
    if not can_run("podman"):
        return []
    with tempfile.TemporaryDirectory() as folder, training_image() as image:
        workspace = Path(folder)
        make_channels(workspace)
        with service(workspace, JOBS) as endpoint:
            return [
                *first_line_rows(workspace, endpoint, image),
                describe_row(workspace, endpoint, image),
            ]


def make_channels(workspace: Path) -> None:
    """A folder for local mode, and the same objects in the service's S3."""
    for channel in (workspace / "train", workspace / "s3" / "bucket" / "train"):
        channel.mkdir(parents=True)
        (channel / "part-1.csv").write_text("1,2\n3,4\n")


def first_line_rows(workspace: Path, endpoint: str, image: str) -> list[Row]:
    """From CreateTrainingJob, and from ``fit``, to the algorithm's first line."""
    docker = os.environ.get("SM_CONTAINER_TEST_DOCKER") or shutil.which("docker")
    if docker is None:
        print("   left out: local mode needs the docker command", file=sys.stderr)
        return []
    if sys.version_info < COMPOSE_PYTHON:
        print(f"   left out: {COMPOSE} needs a later Python", file=sys.stderr)
        return []
    with (
        podman_socket(workspace) as host,
        sdk_local_mode(workspace, image, docker, host) as local_mode,
    ):

        def theirs() -> float:
            took = local_mode.fit()
            remove_containers(image)  # it leaves them
            return took

        ours, rival = in_turn(lambda: first_line(endpoint, image), theirs, REPEATS)
    return [
        Row(
            "CreateTrainingJob to the algorithm's first line, podman",
            ours,
            f"fit() to that line, local mode of {SDK}",
            rival,
            at_most(FIRST_LINE_TIMES),
            "local mode by docker-compose and podman's socket",
        )
    ]


def describe_row(workspace: Path, endpoint: str, image: str) -> Row:
    """The 99th percentile of DescribeTrainingJob. moto's server, which runs nothing, is asked in
    turn with ours while the jobs run, so that they slow both down."""
    ours = client(endpoint, "sagemaker")
    names = list(itertools.islice(_NAMES, JOBS))
    with moto(workspace) as moto_endpoint:
        rival = client(moto_endpoint, "sagemaker")
        try:
            for name in names:
                ours.create_training_job(**_request(name, image, lines=3600))
                rival.create_training_job(**_request(name, image))
            _await_all(ours, names, _is_training)
            mine, theirs = _times(ours, rival, names)
            if not all(_is_training(_described(ours, name)) for name in names):
                raise RuntimeError("jobs have ended while they were to run")
        finally:
            _stop_all(ours)
    middle, most = (f"{_percentile(mine, n) * 1e3:.1f} ms" for n in (50, 99))
    return Row(
        f"DescribeTrainingJob while {JOBS} jobs run, 99th percentile of {CALLS} calls",
        _percentile(mine, 99),
        "moto's server, which runs nothing, in turn with ours",
        _percentile(theirs, 99),
        at_least(DESCRIBE_TIMES),
        f"median {middle}, 99th percentile {most}",
    )


def first_line(endpoint: str, image: str) -> float:
    """Seconds from CreateTrainingJob to the first line, as CloudWatch's logs have it."""
    jobs, logs = client(endpoint, "sagemaker"), client(endpoint, "logs")
    name = next(_NAMES)
    asked = time.time()
    jobs.create_training_job(**_request(name, image))
    _await_all(jobs, [name], _has_ended)
    streams = logs.describe_log_streams(logGroupName=_GROUP, logStreamNamePrefix=f"{name}/")
    (stream,) = [each["logStreamName"] for each in streams["logStreams"]]
    found = logs.get_log_events(logGroupName=_GROUP, logStreamName=stream, startFromHead=True)
    return first_line_at(event["message"] for event in found["events"]) - asked


def _times(ours: Any, rival: Any, names: Sequence[str]) -> tuple[list[float], list[float]]:
    """Seconds of each call, ours and the rival's."""
    asked = itertools.islice(itertools.cycle(names), CALLS)
    pairs = [
        (seconds(partial(_described, ours, name)), seconds(partial(_described, rival, name)))
        for name in asked
    ]
    return [mine for mine, _ in pairs], [theirs for _, theirs in pairs]


def _percentile(times: Sequence[float], percent: int) -> float:
    return statistics.quantiles(times, n=100)[percent - 1]


def _described(jobs: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = jobs.describe_training_job(TrainingJobName=name)
    return found


def _is_training(found: Mapping[str, Any]) -> bool:
    if _has_ended(found):
        raise RuntimeError(f"{found['TrainingJobName']} has ended: {found.get('FailureReason')}")
    return bool(found["SecondaryStatus"] == "Training")


def _has_ended(found: Mapping[str, Any]) -> bool:
    return bool(found["TrainingJobStatus"] not in ("InProgress", "Stopping"))


def _await_all(jobs: Any, names: Sequence[str], is_so: Callable[[Mapping[str, Any]], bool]) -> None:
    for name in names:
        while not is_so(_described(jobs, name)):
            time.sleep(_LOOK_SECONDS)


def _stop_all(jobs: Any) -> None:
    """The service would await jobs that run."""
    running = jobs.list_training_jobs(StatusEquals="InProgress", MaxResults=100)
    names = [each["TrainingJobName"] for each in running["TrainingJobSummaries"]]
    for name in names:
        jobs.stop_training_job(TrainingJobName=name)
    _await_all(jobs, names, _has_ended)


def _request(name: str, image: str, lines: int = 0) -> dict[str, Any]:
    """A job with one channel, whose program writes so many lines after its first."""
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train/"}
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": image,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "train:loss", "Regex": "train:loss=([0-9.]+);"}],
        },
        "RoleArn": "arn:aws:iam::000000000000:role/trainer",
        "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/output"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        "Environment": {MORE_LINES: str(lines)},
    }
