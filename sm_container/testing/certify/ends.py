"""How a job with something changed has ended, held against the sound one."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable

from sm_container.harness.text import duration
from sm_container.testing.certify.bench import Bench
from sm_container.testing.certify.check import Finding
from sm_container.testing.certify.words import first_line, telling_line, uselessness
from sm_container.testing.jobs.result import JobResult

_KILLED = 128 + signal.SIGKILL
_WORDLESS = re.compile(r"AlgorithmError: , exit code: \d+")


def shortfall(bench: Bench, result: JobResult) -> str | None:
    """What a job lacks that the sound one has; None where it has completed like that.

    An exit code of 0 is not enough: a program that swallows its errors has it too.
    """
    if result.status != "Completed":
        return hanging(bench, result) or told(result)
    return without_model(bench, result)


def without_model(bench: Bench, result: JobResult) -> str | None:
    """What to say of a job that has left no model where the sound one has; None otherwise."""
    if result.has_model or not bench.sound.has_model:
        return None
    return f"exit code {result.exit_code}, and nothing in /opt/ml/model"


def hanging(bench: Bench, result: JobResult) -> str | None:
    """What to say of a job that reached its time limit; None otherwise."""
    if result.secondary_status != "MaxRuntimeExceeded":
        return None
    return (
        f"it had not ended after {duration(bench.limit)}; left alone it trains for "
        f"{duration(bench.seconds)}"
    )


def told(result: JobResult, says: Callable[[str], bool] = lambda line: False) -> str:
    """Why a job failed, as its user is told, by the line of which ``says`` holds if there is one;
    where that is nothing, the end of its log."""
    said = telling_line(result.failure or "", says)
    if said and not is_killed(result):
        return f"{said} (exit code {result.exit_code})"
    if _WORDLESS.fullmatch(result.reason) is None:
        return first_line(result.reason)
    return f"exit code {result.exit_code}, and no failure file{log_end(result)}"


def log_end(result: JobResult) -> str:
    """The last line of a job's log, to be put behind another sentence; empty without one."""
    lines = [line for line in result.log.splitlines() if line.strip()]
    return f"; its log ends with: {first_line(lines[-1])}" if lines else ""


def completed_or_said(
    bench: Bench, result: JobResult, is_named: Callable[[str], bool], how: str
) -> Finding:
    """Whether a job completed, or has said in its failure file what was wrong. ``how`` it was run,
    such as ``without channel train``."""
    if result.status == "Completed":
        missing = without_model(bench, result)
        if missing is not None:
            return Finding.failed(f"{how}: {missing}: a failure that looks like success")
        return Finding.passed(f"completes {how}")
    hangs = hanging(bench, result)
    if hangs is not None:
        return Finding.failed(f"{how}: {hangs}")
    if not result.failure:
        return Finding.failed(f"fails {how}: {told(result)}")
    if not is_named(result.failure):
        return Finding.failed(f"fails {how}, and its failure file does not say so: {told(result)}")
    return Finding.passed(f"fails {how}, and says so: {told(result, is_named)}")


def unusable_failure(bench: Bench, result: JobResult) -> str | None:
    """What is wrong with how a job that did not complete says so; None where nothing is."""
    hangs = hanging(bench, result)
    if hangs is not None:
        return hangs
    if is_killed(result):
        return "it was killed, and could say nothing"
    fault = uselessness(result.failure)
    return None if fault is None else f"exit code {result.exit_code}, and {fault}"


def is_killed(result: JobResult) -> bool:
    """Whether it did not end by itself."""
    return result.exit_code == _KILLED
