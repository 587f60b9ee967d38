"""What several checks ask of a job's end: whether it was killed, and whether a failure says why."""

from __future__ import annotations

import signal

from sm_container.contract.outcome import FAILURE_LIMIT
from sm_container.testing.certify.check import Finding
from sm_container.testing.jobs.result import JobResult

_KILLED = 128 + signal.SIGKILL
_TRACEBACK = "Traceback (most recent call last)"


def completed_or_said(result: JobResult, word: str, what: str) -> Finding:
    """Whether a job completed, or said in its failure file what was wrong, by naming ``word``."""
    if result.status == "Completed":
        return Finding.passed(f"completes with {what}")
    said = result.failure
    if not said:
        return Finding.failed(
            f"fails with {what}, and writes no failure file (exit code {result.exit_code})"
        )
    if word not in said:
        return Finding.failed(f"fails with {what}, and its failure file does not name it: {said}")
    return Finding.passed(f"refuses {what} in its failure file: {first_line(said)}")


def useful_failure(result: JobResult) -> str | None:
    """What is wrong with how a job that failed says so; None where nothing is."""
    if not result.exit_code:
        return f"exit code {result.exit_code}, though training failed"
    if result.exit_code == _KILLED:
        return "it was killed, and could say nothing"
    if not result.failure:
        return f"exit code {result.exit_code}, and no /opt/ml/output/failure"
    if result.failure.lstrip().startswith(_TRACEBACK) and len(result.failure) >= FAILURE_LIMIT:
        return "a failure file that begins with a traceback, whose end is cut off: what went wrong"
    return None


def was_killed(result: JobResult) -> bool:
    """Whether it did not end by itself within the grace."""
    return result.exit_code == _KILLED


def first_line(text: str, limit: int = 200) -> str:
    line = text.strip().splitlines()[0] if text.strip() else ""
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
