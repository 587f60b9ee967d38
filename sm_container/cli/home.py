"""The home that the command works in, and its jobs."""

from __future__ import annotations

from sm_container.cli.errors import EXIT_INPUT, Complaint
from sm_container.harness.store.home import Home
from sm_container.harness.store.jobs import JobStore


def open_home() -> Home:
    """The home that SM_CONTAINER_HOME names, made where it is missing.

    Raises:
        Complaint: where it cannot be made.
    """
    try:
        return Home.from_environment()
    except (OSError, RuntimeError) as fault:
        reason = getattr(fault, "strerror", None) or fault
        where = getattr(fault, "filename", None) or "the home folder"
        raise Complaint(
            [f"{where}: {reason}; set SM_CONTAINER_HOME to a folder that can be written"],
            EXIT_INPUT,
        ) from fault


def open_store() -> JobStore:
    return JobStore(open_home())
