"""One call of the function that trains: how a stop ends it, and what keeps its memory."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import TypeVar

from sm_container.algorithm.job import Job
from sm_container.declaration.declaration import Declaration
from sm_container.declaration.stopping import OnStop
from sm_container.runtime.memory.enforcing import enforced
from sm_container.runtime.stop import StopTraining

H = TypeVar("H")


def train(function: Callable[[Job[H]], object], job: Job[H], declaration: Declaration) -> None:
    """Call ``function(job)``; a StopTraining that comes out of it is its end and no error.

    The stop's callbacks that are left are called then, also where an exception comes out. What is
    saved in a thread is waited for. Raises what ``function`` raises, CheckpointError, and
    MemoryBudgetError as the declared policy says.
    """
    policy = job.stop.raising() if declaration.on_stop is OnStop.RAISE else nullcontext()
    memory = enforced(
        job.memory, declaration.memory, job.layout.failure, lambda: job.stop.is_deferred
    )
    with memory, job.checkpoints:
        try:
            with suppress(StopTraining), policy:
                function(job)
        finally:
            job.stop.run_callbacks()
