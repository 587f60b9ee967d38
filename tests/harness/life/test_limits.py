"""When a job must end: which of several reasons counts, and what counts as runtime."""

from __future__ import annotations

import signal
import time
from dataclasses import replace
from typing import Any

import pytest

from sm_container.harness.job.status import Phase
from sm_container.harness.life.faults import StoppedEarly
from sm_container.harness.life.launch import create_job
from sm_container.harness.life.limits import Limits
from sm_container.harness.life.stopping import StopCause

LONG = 3600


@pytest.fixture
def made(desk: Any) -> Any:
    """Limits of a job that may run, and wait, for so many seconds."""
    prepared = desk.prepared("true", desk.document())
    folder, ownership = create_job(prepared)
    ownership.release()

    def limits(max_runtime: float, max_wait: int | None = None) -> Limits:
        request = replace(prepared.request, max_runtime=max_runtime, max_wait=max_wait)
        return Limits(request, folder, desk.interrupts)

    return limits


def test_a_job_may_go_on(made: Any) -> None:
    limits = made(LONG, LONG)
    assert limits.due() is None
    limits.leave_if_due()


def test_only_training_counts_as_runtime(made: Any) -> None:
    limits = made(0.1)
    time.sleep(0.1)  # what is waited is no runtime
    assert limits.due() is None
    with limits.training():
        time.sleep(0.06)
    with limits.training():
        time.sleep(0.05)
        assert limits.due() is StopCause.MAX_RUNTIME
    assert limits.due() is StopCause.MAX_RUNTIME


def test_waiting_has_a_limit_of_its_own(made: Any) -> None:
    limits = made(LONG, 0)
    assert limits.due() is StopCause.MAX_WAIT
    with pytest.raises(StoppedEarly) as caught:
        limits.leave_if_due()
    assert caught.value.cause.phase is Phase.MAX_WAIT_TIME_EXCEEDED


def test_of_several_reasons_the_users_counts(made: Any, desk: Any) -> None:
    limits = made(0, 0)
    assert limits.due() is StopCause.MAX_RUNTIME
    desk.job().stop_request.touch()
    assert limits.due() is StopCause.REQUEST
    desk.job().stop_request.unlink()
    desk.interrupts.received.append(signal.SIGINT)
    assert limits.due() is StopCause.REQUEST
