"""When a moment has come, and when it was missed, told by what the harness reports of a job."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sm_container.harness.job.attempts import Interruption
from sm_container.harness.job.options import RunOptions
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import Phase
from sm_container.harness.store.folder import JobFolder
from sm_container.testing.jobs.moments import Event, MissedMomentError, Moment, Moments

BEFORE = (Phase.STARTING, Phase.PREPARING, Phase.DOWNLOADING, Phase.IMAGE, Phase.TRAINING)
AFTER = (Phase.UPLOADING, Phase.COMPLETED)
PREPARED: Any = SimpleNamespace(hosts=("algo-1",))


class Told:
    """A job as its observer is told of it."""

    def __init__(self, folder: Path, *moments: Moment) -> None:
        self.folder = JobFolder(folder)
        self.moments = Moments(self.folder, moments)
        self.record = JobRecord("job", "arn", {}, RunOptions("/program"), 0.0, 0.0)

    def pass_through(self, *phases: Phase) -> None:
        for phase in phases:
            self.record = self.record.entered(phase, 0.0, 0)
            self.moments.record(self.record)

    def lose_instance(self) -> None:
        *others, last = self.record.attempts
        lost = replace(last, interruption=Interruption(0.0, warned=True))
        self.record = replace(self.record, attempts=(*others, lost))
        self.pass_through(Phase.INTERRUPTED)


@pytest.mark.parametrize(
    ("event", "missed"),
    [(Event.INTERRUPT, "its interruption at 'last'"), (Event.STOP, "its stop at 'last'")],
)
def test_what_came_when_the_job_had_just_ended(tmp_path: Path, event: Event, missed: str) -> None:
    told = Told(tmp_path, Moment(event, "last"))
    watching = told.moments.watching(PREPARED)
    watching.__enter__()
    told.pass_through(*BEFORE)
    told.moments.log("algo-1", b"the last line\n")
    assert told.folder.interrupt_request.exists() == (event is Event.INTERRUPT)
    assert told.folder.stop_request.exists() == (event is Event.STOP)
    told.pass_through(*AFTER)

    with pytest.raises(MissedMomentError, match=f"ended before {missed}"):
        watching.__exit__(None, None, None)


def test_each_start_has_its_moments(tmp_path: Path) -> None:
    told = Told(tmp_path, Moment(Event.KILL, "one"), Moment(Event.INTERRUPT, "one"))

    with told.moments.watching(PREPARED):
        for content in (b"kill", b""):
            told.pass_through(*(BEFORE if content else BEFORE[2:]))
            told.moments.log("algo-1", b"first\n")
            assert not told.folder.interrupt_request.exists()
            told.moments.log("algo-1", b"two\none\n")
            assert told.folder.interrupt_request.read_bytes() == content
            told.folder.interrupt_request.unlink()
            told.moments.log("algo-1", b"one\n")
            assert not told.folder.interrupt_request.exists()
            told.lose_instance()
            told.pass_through(Phase.LAUNCHING, Phase.PREPARING)
        told.pass_through(*BEFORE[2:], *AFTER)


def test_a_fault_of_the_job_is_not_hidden_by_a_miss(tmp_path: Path) -> None:
    told = Told(tmp_path, Moment(Event.STOP, 500.0))

    told.pass_through(*BEFORE)

    with pytest.raises(KeyboardInterrupt), told.moments.watching(PREPARED):
        raise KeyboardInterrupt
