"""One call of the function that trains, and how a stop ends it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import TypeVar

from sm_container.algorithm.job import Job
from sm_container.declaration.stopping import OnStop
from sm_container.runtime.stop import StopTraining

H = TypeVar("H")


def train(function: Callable[[Job[H]], object], job: Job[H], on_stop: OnStop) -> None:
    """Call ``function(job)``; a StopTraining that comes out of it is its end and no error.

    The stop's callbacks that are left are called then, also where an exception comes out. What is
    saved in a thread is waited for. Raises what ``function`` raises, and CheckpointError.
    """
    policy = job.stop.raising() if on_stop is OnStop.RAISE else nullcontext()
    with job.checkpoints:
        try:
            with suppress(StopTraining), policy:
                function(job)
        finally:
            job.stop.run_callbacks()
