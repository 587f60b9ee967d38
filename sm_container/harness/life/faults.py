"""What can go wrong with a job on the platform's side, as FailureReason says it.

Source: DescribeTrainingJob, FailureReason. ClientError is the caller's (data, role, size),
InternalServerError the platform's, AlgorithmError the container's.
"""

from __future__ import annotations

from sm_container.contract.outcome import OUT_OF_MEMORY_REASON, failure_reason, truncated
from sm_container.harness.credentials.choice import CredentialsError
from sm_container.harness.engines.engine import EngineError, Exit
from sm_container.harness.outputs.errors import ArtifactError

INTERNAL_ERROR = "InternalServerError: We encountered an internal error. Please try again."


class DownloadError(Exception):
    """The input data could not be put in place."""


FORESEEN = (DownloadError, ArtifactError, EngineError, CredentialsError)
"""The faults of data, engine, credentials and output, which a FailureReason tells in full. Any
other exception is a defect of this program."""


class StoppedEarly(Exception):
    """A stop was asked for before the algorithm was started: the way out of a copy."""


def reason_of_exit(exit: Exit, failure: str | None) -> str | None:
    """Why a container failed, None where it did not."""
    if exit.out_of_memory:
        return OUT_OF_MEMORY_REASON
    if exit.code == 0:
        return None
    return failure_reason(failure or exit.engine_error, exit.code)


def reason_of_fault(fault: Exception) -> str:
    """Why the platform failed, cut to what FailureReason holds."""
    if isinstance(fault, DownloadError):
        return truncated(f"ClientError: Data download failed:{fault}")
    if isinstance(fault, ArtifactError):
        return truncated(f"ClientError: Artifact upload failed:{fault}")
    if isinstance(fault, FORESEEN):
        return truncated(f"ClientError: {fault}")
    return INTERNAL_ERROR
