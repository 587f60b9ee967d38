"""What to do about a job that failed, by the kind of its FailureReason.

Source: DescribeTrainingJob, FailureReason; developer guide, "Troubleshooting".
"""

from __future__ import annotations

import re

from sm_container.contract.outcome import OUT_OF_MEMORY_REASON
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import SecondaryStatus
from sm_container.harness.report.facts import Life

_EMPTY = re.compile(r"AlgorithmError: ?, exit code: (\d+)")
_KILLED, _ABORTED, _CRASHED, _NOT_RUNNABLE, _NOT_FOUND = 137, 134, 139, 126, 127


def advice(record: JobRecord, life: Life) -> str | None:
    """A sentence or two; None where there is nothing to be done."""
    if life.is_orphan:
        return (
            "The process that ran the job has died, and with it what it knew. Start the service "
            "again: it ends such jobs. Then train again."
        )
    if record.secondary_status is SecondaryStatus.MAX_RUNTIME_EXCEEDED:
        return (
            "Give a larger MaxRuntimeInSeconds, or have the algorithm end earlier. It gets SIGTERM "
            "first: what it saves to /opt/ml/model in that time is kept."
        )
    if record.secondary_status is SecondaryStatus.MAX_WAIT_TIME_EXCEEDED:
        return "Give a larger MaxWaitTimeInSeconds, or train without spot instances."
    return None if record.failure_reason is None else _about(record.failure_reason)


def _about(reason: str) -> str:
    if reason == OUT_OF_MEMORY_REASON:
        return (
            "The container used more memory than its instance has. Train on an instance type with "
            "more, or read the data in parts: the curve of its memory shows when it grew."
        )
    if reason.startswith("ClientError: Data download failed"):
        return (
            "Check each channel's S3 URI, and that the objects are there: a prefix matches every "
            "key that begins with it, with or without a slash."
        )
    if reason.startswith("ClientError: Artifact upload failed"):
        return (
            "Check the S3 output path: its bucket must be there and writable. What the algorithm "
            "left is still in the job's folder."
        )
    if reason.startswith("ClientError"):
        return "The request, or what it names, is not as it must be: correct it and train again."
    if reason.startswith("InternalServerError"):
        return "The fault is on this machine's side, not the algorithm's: see the cause, if any."
    empty = _EMPTY.match(reason)
    if empty is not None:
        return _about_exit(int(empty[1]))
    return (
        "The algorithm itself has failed, and left this text in /opt/ml/output/failure. The end of "
        "the log shows what it did before."
    )


def _about_exit(code: int) -> str:
    by_code = {
        _KILLED: "The program was killed (SIGKILL). Look whether its memory grew before.",
        _ABORTED: "The program aborted (SIGABRT). The end of the log says where.",
        _CRASHED: "The program crashed (SIGSEGV) in native code. The end of the log says where.",
        _NOT_RUNNABLE: "The program could not be run: see that it is executable.",
        _NOT_FOUND: "The program, or one that it calls, was not found in the image.",
    }
    return by_code.get(
        code,
        "The program ended without a word. The end of the log may show why; have it write the "
        "reason to /opt/ml/output/failure, which becomes the failure reason.",
    )
