"""When a job is to end before its algorithm does: it is asked to, or one of its times is over.

Source: CreateTrainingJob, StoppingCondition: both limits are for all attempts together.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sm_container.harness.life.faults import StoppedEarly
from sm_container.harness.life.stopping import Interrupts, StopCause, is_stop_requested
from sm_container.harness.request.training_request import TrainingRequest
from sm_container.harness.store.folder import JobFolder


class Limits:
    """Looked at while a job lives; the time that it may take begins now."""

    def __init__(self, request: TrainingRequest, folder: JobFolder, interrupts: Interrupts) -> None:
        self.interrupts = interrupts
        self._folder = folder
        self._max_runtime = request.max_runtime
        self._max_wait = request.max_wait
        self._began = time.monotonic()
        self._trained = 0.0
        self._training_since: float | None = None

    def due(self) -> StopCause | None:
        """Why the job must end now, None where it may go on."""
        if is_stop_requested(self._folder, self.interrupts):
            return StopCause.REQUEST
        now = time.monotonic()
        trained = self._trained
        if self._training_since is not None:
            trained += now - self._training_since
        if trained >= self._max_runtime:
            return StopCause.MAX_RUNTIME
        if self._max_wait is not None and now - self._began >= self._max_wait:
            return StopCause.MAX_WAIT
        return None

    def leave_if_due(self) -> None:
        """Raise StoppedEarly where the job must end now."""
        cause = self.due()
        if cause is not None:
            raise StoppedEarly(cause)

    @contextmanager
    def training(self) -> Iterator[None]:
        """While the block runs, the algorithm does: that counts as runtime."""
        self._training_since = time.monotonic()
        try:
            yield
        finally:
            self._trained += time.monotonic() - self._training_since
            self._training_since = None
