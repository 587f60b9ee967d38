"""Jobs for the tests of reports: one with everything, all of it hostile where a job may say it."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from sm_container.harness.job.attempts import AttemptRecord, Interruption
from sm_container.harness.job.options import RunOptions
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import Phase
from sm_container.harness.job.traffic import ChannelTraffic, CheckpointTraffic
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.series import SeriesWriter
from tests.cli.records import job, request, stored

BEGAN = 1_700_000_000.0
HOSTILE = (
    "</title></script><script>document.title='taken'</script><img src=x onerror=1>\"'&amp;{{7*7}}"
)
LONG = "very-long-" * 40


def full(home: Path) -> tuple[JobRecord, JobFolder]:
    """A spot job of two hosts that was interrupted, failed, and left something of everything."""
    document = request(
        "full",
        HyperParameters={HOSTILE: HOSTILE, "db_password": "not-shown", "long": LONG},
        EnableManagedSpotTraining=True,
        ResourceConfig={"InstanceType": "ml.m5.xlarge", "InstanceCount": 2},
        CheckpointConfig={"S3Uri": "s3://bucket/checkpoints"},
        InputDataConfig=[
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3Uri": f"s3://bucket/{HOSTILE}"}},
            }
        ],
    )
    record = job(
        "full",
        "Failed",
        began=BEGAN,
        document=document,
        options=RunOptions(target=HOSTILE, s3_root="/srv/s3"),
        engine="podman",
        exit_code=3,
        failure_reason=f"AlgorithmError: {HOSTILE}\x1b[31m, exit code: 3",
        fault="the network was gone",
        model_artifacts="s3://bucket/models/full/output/model.tar.gz",
        notes=(f"a note {HOSTILE}",),
        not_simulated=("RoleArn: no role is assumed",),
        traffic=(
            ChannelTraffic("train", "algo-1", "Pipe", 10_000_000, 4.0, 2, 1, 0.5, 1.0),
            ChannelTraffic("train", "algo-2", "FastFile", 5000, starved=0.2),
            ChannelTraffic(HOSTILE, "algo-2", "File", 3000, 2.0, folder=f"/data/{LONG}"),
        ),
        checkpoints=(CheckpointTraffic("algo-1", 3, 3_000_000, 0.5, 1, 2, 2_000_000, 0.25),),
        attempts=(
            AttemptRecord(
                BEGAN + 4, BEGAN + 8, Phase.INTERRUPTED, 0, Interruption(BEGAN + 7, True)
            ),
            AttemptRecord(BEGAN + 9, BEGAN + 12, Phase.FAILED, 3),
        ),
    )
    record = replace(record, training_ended=record.last_modified)
    folder = stored(
        home,
        record,
        {"algo-1": b"\x1b[1mbold\x1b[0m </script> " + HOSTILE.encode() + b"\n", "algo-2": b"b\n"},
    )
    for host in ("algo-1", "algo-2"):
        with closing(SeriesWriter(folder.metrics(host))) as writer:
            writer.write(
                {"MetricName": name, "Timestamp": BEGAN + 5 + step, "Value": 1 / (step + 1)}
                for step in range(6)
                for name in ("loss", HOSTILE)
            )
            writer.write(
                {"MetricName": "nothing", "Timestamp": BEGAN + 6, "Value": value}
                for value in (math.nan, math.inf)
            )
        with closing(SeriesWriter(folder.utilization(host))) as writer:
            writer.write(
                {
                    "Timestamp": BEGAN + 5 + step,
                    "CPUUtilization": 50,
                    "MemoryUtilization": 10 * step,
                    "MemoryLimitBytes": 15 << 30,
                    "ChannelBytes": {HOSTILE: step * 2_000_000},
                }
                for step in range(6)
            )
    return record, folder


def running(home: Path) -> tuple[JobRecord, JobFolder]:
    record = job("running", "InProgress", began=BEGAN)
    return record, stored(home, record, {"algo-1": b"so far\n"})


def bare(home: Path) -> tuple[JobRecord, JobFolder]:
    """A job that was stopped before it did anything."""
    record = job("bare", "Stopped", began=BEGAN, attempts=(), engine=None)
    return record, stored(home, record)
