"""Jobs for tests: real programs in the process engine, in a home with a hostile name."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sm_container.harness.job.options import RunOptions
from sm_container.harness.job.record import JobRecord
from sm_container.harness.life.launch import create_job
from sm_container.harness.life.prepare import Prepared, prepare
from sm_container.harness.life.stopping import Interrupts
from sm_container.harness.life.training import run_job
from sm_container.harness.request.parse import parse_request
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.home import Home
from sm_container.harness.store.jobs import JobStore


@dataclass
class Watched:
    """An observer that keeps what it is told, and can do something at a change of the record, which
    waits for that, and at a line of the log."""

    records: list[JobRecord] = field(default_factory=list)
    output: bytearray = field(default_factory=bytearray)
    progressed: list[tuple[str, int, int]] = field(default_factory=list)
    at_record: Callable[[JobRecord], None] = lambda record: None
    at_output: Callable[[bytes], None] = lambda data: None

    def record(self, record: JobRecord) -> None:
        self.records.append(record)
        self.at_record(record)

    def log(self, host: str, data: bytes) -> None:
        self.output.extend(data)
        self.at_output(data)

    def progress(self, what: str, done: int, total: int) -> None:
        self.progressed.append((what, done, total))


@dataclass
class Desk:
    """A folder with a home, programs and data."""

    folder: Path
    home: Home
    watched: Watched = field(default_factory=Watched)
    interrupts: Interrupts = field(default_factory=Interrupts)

    @property
    def store(self) -> JobStore:
        return JobStore(self.home)

    def program(self, script: str) -> Path:
        path = self.folder / "the program"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def document(self, name: str = "job", **members: Any) -> dict[str, Any]:
        return {
            "TrainingJobName": name,
            "AlgorithmSpecification": {"TrainingImage": "program", "TrainingInputMode": "File"},
            "RoleArn": "arn:aws:iam::123456789012:role/training",
            "OutputDataConfig": {"S3OutputPath": f"file://{self.folder}/output"},
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 1,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
            **members,
        }

    def prepared(self, script: str, document: dict[str, Any], **options: Any) -> Prepared:
        program = self.program(script)
        document["AlgorithmSpecification"]["TrainingImage"] = str(program)
        request = parse_request(document, cache=self.home.cache)
        return prepare(self.home, request, RunOptions(str(program), **options))

    def run(self, script: str, document: dict[str, Any] | None = None, **options: Any) -> JobRecord:
        prepared = self.prepared(script, document or self.document(), **options)
        folder, ownership = create_job(prepared)
        with ownership:
            return run_job(prepared, folder, self.watched, self.interrupts)

    def job(self, name: str = "job") -> JobFolder:
        return self.store.find(name)


@pytest.fixture
def desk(hostile_tmp_path: Path) -> Iterator[Desk]:
    home = Home.from_environment({"SM_CONTAINER_HOME": str(hostile_tmp_path / "home")})
    before = set(threading.enumerate())
    yield Desk(hostile_tmp_path, home)
    left = [t.name for t in threading.enumerate() if t not in before and not t.daemon]
    assert [name for name in left if not name.startswith("program starter")] == []
