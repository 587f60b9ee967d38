"""A job with Pipe and FastFile channels, whole, by the docker command."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sm_container.harness.engines.client import Client
from sm_container.harness.job.options import RunOptions
from sm_container.harness.job.status import JobStatus
from sm_container.harness.life.launch import create_job
from sm_container.harness.life.prepare import prepare
from sm_container.harness.life.training import run_job
from sm_container.harness.request.parse import parse_request
from tests.harness.life.test_feeding import ROWS, channel, cksum, data, nothing_left, said

PROGRAM = """
cd /opt/ml/input/data
cat train_0 | cksum; cat train_1 | cksum; cksum < fast/a
(echo x > fast/new) 2> /dev/null || echo refused
"""


@pytest.mark.container
@pytest.mark.parametrize("latency_ms", [None, 2.0], ids=["bound", "mounted"])
def test_docker_job_reads_a_pipe_and_files_that_are_fetched_when_read(
    desk: Any,
    docker_client: Client,
    base_image: str,
    monkeypatch: pytest.MonkeyPatch,
    latency_ms: float | None,
) -> None:
    for name, value in docker_client.variables.items():
        monkeypatch.setenv(name, value)
    programs = Path(docker_client.program).parent
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    source = data(desk, a=ROWS)
    code = desk.folder / "code"
    code.mkdir()
    (code / "program").write_text(PROGRAM)
    request = desk.document(
        InputDataConfig=[
            channel("train", source, "Pipe"),
            channel("fast", source, "FastFile"),
            channel("code", code, "File"),
        ]
    )
    request["AlgorithmSpecification"] |= {
        "TrainingImage": base_image,
        "ContainerEntrypoint": ["/bin/sh", "/opt/ml/input/data/code/program"],
    }
    options = RunOptions(base_image, engine="docker", s3_latency_ms=latency_ms)
    prepared = prepare(desk.home, parse_request(request, cache=desk.home.cache), options)
    folder, ownership = create_job(prepared)
    with ownership:
        record = run_job(prepared, folder, desk.watched, desk.interrupts)

    assert record.status is JobStatus.COMPLETED, record
    assert record.engine == "docker"
    assert said(desk) == [cksum(ROWS)] * 3 + ["refused"]
    nothing_left(desk, record)
