"""What is said about each kind of failure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sm_container.contract.outcome import OUT_OF_MEMORY_REASON, failure_reason
from sm_container.harness.job.status import Phase
from sm_container.harness.life.faults import INTERNAL_ERROR, DownloadError, reason_of_fault
from sm_container.harness.outputs.errors import ArtifactError
from sm_container.harness.report.facts import Life
from sm_container.service.console.advice import advice
from tests.cli.records import job

ENDED = Life(is_running=False, is_orphan=False, until=0.0)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (OUT_OF_MEMORY_REASON, "instance type with more"),
        (reason_of_fault(DownloadError("x")), "each channel's S3 URI"),
        (reason_of_fault(ArtifactError("x")), "S3 output path"),
        ("ClientError: x", "correct it and train again"),
        (INTERNAL_ERROR, "this machine's side"),
        (failure_reason("ValueError: x", 1), "/opt/ml/output/failure. The end"),
        (failure_reason(None, 1), "have it write the reason"),
        (failure_reason(None, 137), "SIGKILL"),
        (failure_reason(None, 139), "SIGSEGV"),
        (failure_reason(None, 127), "not found in the image"),
    ],
)
def test_by_its_reason(reason: str, said: str) -> None:
    record = job("a", "Failed", failure_reason=reason)
    assert said in (advice(record, ENDED) or "")


def test_of_a_job_without_fault() -> None:
    assert advice(job("a", "Completed"), ENDED) is None
    assert advice(job("a", "Stopped"), ENDED) is None


def test_of_one_whose_process_is_gone() -> None:
    lost = Life(is_running=False, is_orphan=True, until=0.0)
    assert "Start the service again" in (advice(job("a", "InProgress"), lost) or "")


def test_of_a_limit_that_was_reached() -> None:
    stopping = job("a", "InProgress").entered(Phase.STOPPING, 1_000_020.0)
    late = stopping.entered(Phase.MAX_RUNTIME_EXCEEDED, 1_000_021.0)
    assert "larger MaxRuntimeInSeconds" in (advice(late, ENDED) or "")
    waited = stopping.entered(Phase.MAX_WAIT_TIME_EXCEEDED, 1_000_021.0)
    assert "larger MaxWaitTimeInSeconds" in (advice(replace(waited), ENDED) or "")
