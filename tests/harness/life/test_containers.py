"""A job's containers: removed in every case, and what goes wrong with that is told."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sm_container.harness.engines.engine import (
    ContainerSpec,
    EngineError,
    Exit,
    Leave,
    ProgramTarget,
    Stats,
    stay,
)
from sm_container.harness.job.status import JobStatus
from sm_container.harness.life.containers import Running


@dataclass
class Faulty:
    """An engine, and its only container, that fails where a real one cannot be made to."""

    not_started: str = ""
    not_removed: str = ""
    removals: list[str] = field(default_factory=list)
    name: str = "faulty"

    def create(self, spec: ContainerSpec, leave: Leave = stay) -> Faulty:
        return self

    def start(self) -> tuple[int, int]:
        if self.not_started:
            raise EngineError(self.not_started)
        return os.open(os.devnull, os.O_RDONLY), os.open(os.devnull, os.O_RDONLY)

    def wait(self, timeout: float | None = None) -> Exit | None:
        return Exit(0)

    def remove(self) -> None:
        self.removals.append(self.name)
        if self.not_removed:
            raise EngineError(self.not_removed)

    def signal(self, number: int) -> None: ...

    def stop(self, grace_seconds: float) -> None: ...

    def stats(self) -> Stats | None:
        return None


def start(running: Running, engine: Faulty, folder: Path) -> None:
    spec = ContainerSpec("faulty", ProgramTarget(folder), folder)
    running.start("algo-1", engine, spec, folder / "algo-1.log")  # type: ignore[arg-type]


def test_a_container_that_was_made_and_does_not_start_is_removed(tmp_path: Path) -> None:
    engine = Faulty(not_started="it does not start")
    with (
        pytest.raises(EngineError, match="it does not start"),
        Running(lambda host, data: None) as running,
    ):
        start(running, engine, tmp_path)
    assert engine.removals == ["faulty"]


def test_an_ended_container_is_removed_once(tmp_path: Path) -> None:
    engine = Faulty()
    with Running(lambda host, data: None) as running:
        start(running, engine, tmp_path)
        assert running.wait(0)
        assert running.exits() == {"algo-1": Exit(0)}
    assert engine.removals == ["faulty"]


@pytest.mark.parametrize("waited", [True, False])
def test_a_removal_that_fails_is_told(tmp_path: Path, waited: bool) -> None:
    engine = Faulty(not_removed="it does not go away")
    running = Running(lambda host, data: None)
    start(running, engine, tmp_path)
    if waited:
        running.wait(0)
    with pytest.raises(EngineError, match="it does not go away"):
        running.__exit__(None, None, None)
    assert engine.removals == ["faulty"]


def test_a_job_has_not_ended_before_its_container_is_gone(desk: Any) -> None:
    there: dict[str, bool] = {}
    record = desk.watched.record

    def look(seen: Any) -> None:
        record(seen)
        kept = list((desk.home.path).rglob("record.json"))
        there[seen.secondary_status.value] = bool(kept)

    desk.watched.record = look
    assert desk.run("exit 0").status is JobStatus.COMPLETED
    assert there["Training"]
    assert not there["Completed"]
