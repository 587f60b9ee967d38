"""What can go wrong with a job on the platform's side, as FailureReason says it.

Source: DescribeTrainingJob, FailureReason. ClientError is the caller's (data, role, size),
InternalServerError the platform's, AlgorithmError the container's.
"""

from __future__ import annotations

from sm_container.contract.outcome import OUT_OF_MEMORY_REASON, failure_reason, truncated
from sm_container.harness.credentials.choice import CredentialsError
from sm_container.harness.engines.engine import EngineError, Exit
from sm_container.harness.inputs.errors import InputError, InputFault
from sm_container.harness.life.stopping import StopCause
from sm_container.harness.outputs.errors import ArtifactError
from sm_container.harness.request.errors import RequestError
from sm_container.storage.errors import StorageError

INTERNAL_ERROR = "InternalServerError: We encountered an internal error. Please try again."


class DownloadError(Exception):
    """The input data could not be put in place."""


class PlatformFault(Exception):
    """What runs the algorithm has failed, and neither the algorithm nor its data: it may go well
    the next time. Source: RetryStrategy."""


FORESEEN = (DownloadError, ArtifactError, EngineError, CredentialsError, PlatformFault)
"""The faults of data, output, engine, credentials and platform. Any other exception is a defect of
this program."""


class StoppedEarly(Exception):
    """The job must end while no algorithm runs: the way out of a copy or a wait."""

    def __init__(self, cause: StopCause) -> None:
        super().__init__(cause.value)
        self.cause = cause


def reason_of_exit(exit: Exit, failure: str | None) -> str | None:
    """Why a container failed, None where it did not."""
    if exit.out_of_memory:
        return OUT_OF_MEMORY_REASON
    if exit.code == 0:
        return None
    return failure_reason(failure or exit.engine_error, exit.code)


def reason_of_fault(fault: Exception) -> str:
    """Why the job failed outside the container, cut to what FailureReason holds."""
    if isinstance(fault, InputError):
        return truncated("; ".join(map(_reason_of_data, fault.faults)))
    if isinstance(fault, DownloadError):
        return truncated(f"ClientError: Data download failed:{fault}")
    if isinstance(fault, ArtifactError):
        return truncated(f"ClientError: Artifact upload failed:{fault}")
    if isinstance(fault, (*FORESEEN, RequestError, StorageError)) and not isinstance(
        fault, PlatformFault
    ):
        return truncated(f"ClientError: {fault}")
    return INTERNAL_ERROR


def _reason_of_data(fault: InputFault) -> str:
    """One fault of a channel: also what was refused as a rule, where the data has gone since."""
    prefix = fault.answer.value or "ClientError: "
    return f"{prefix}{fault.sentence}"
