"""What a fault looks like to the person at the terminal: one line, or a short list, and a code."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from typing import IO, Any

import click

EXIT_INPUT = 2
EXIT_HARNESS = 125
_SHOWN = 30


class Complaint(click.ClickException):
    """``Error: ...`` on stderr. Several faults stand below their heading, one a line."""

    def __init__(self, faults: Sequence[str], exit_code: int, heading: str = "") -> None:
        super().__init__(_text(tuple(faults), heading))
        self.exit_code = exit_code  # type: ignore[misc]

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"Error: {self.message}", file=file, err=file is None)


def complaint(fault: Exception) -> Complaint | None:
    """What to say of a fault that is not a defect of ours; None where it is one."""
    from sm_container.contract.errors import ContractError
    from sm_container.harness.credentials.choice import CredentialsError
    from sm_container.harness.engines.engine import EngineError
    from sm_container.harness.inputs.errors import InputError
    from sm_container.harness.metrics.process import ParserError
    from sm_container.harness.request.errors import DocumentError, RequestError
    from sm_container.harness.request.model import ModelError
    from sm_container.harness.store.folder import DamagedJobError, JobLostError
    from sm_container.harness.store.jobs import JobExistsError, UnknownJobError
    from sm_container.harness.store.ownership import OwnedElsewhereError
    from sm_container.records.errors import FormatError, RecordError
    from sm_container.service.remote import RemoteError
    from sm_container.storage.errors import StorageError

    if isinstance(fault, RequestError):
        plural = "" if len(fault.faults) == 1 else "s"
        heading = f"{len(fault.faults)} validation error{plural} detected:"
        return Complaint(fault.faults, EXIT_INPUT, heading)
    if isinstance(fault, InputError):
        return Complaint([str(each) for each in fault.faults], EXIT_INPUT)
    inputs = (
        DocumentError,
        JobExistsError,
        UnknownJobError,
        StorageError,
        ContractError,
        CredentialsError,
        FormatError,
        RecordError,
        RemoteError,
    )
    if isinstance(fault, inputs):
        return Complaint([str(fault)], EXIT_INPUT)
    ours = (
        EngineError,
        ModelError,
        DamagedJobError,
        JobLostError,
        OwnedElsewhereError,
        ParserError,
    )
    if isinstance(fault, ours):
        return Complaint([str(fault)], EXIT_HARNESS)
    if isinstance(fault, OSError) and fault.errno in (errno.ENOSPC, errno.EDQUOT):
        where = f"{fault.filename}: " if fault.filename is not None else ""
        what_to_do = "sm-container prune --cache, or set SM_CONTAINER_HOME to a larger disk"
        return Complaint([f"{where}{fault.strerror}; {what_to_do}"], EXIT_HARNESS)
    if isinstance(fault, OSError) and fault.errno != errno.EPIPE and fault.filename is not None:
        return Complaint([f"{fault.filename}: {fault.strerror}"], EXIT_HARNESS)
    return None


def _text(faults: tuple[str, ...], heading: str) -> str:
    if len(faults) == 1:
        return faults[0]
    lines = [heading or f"{len(faults)} faults:", *(f"  {fault}" for fault in faults[:_SHOWN])]
    if len(faults) > _SHOWN:
        lines.append(f"  and {len(faults) - _SHOWN} more")
    return "\n".join(lines)
