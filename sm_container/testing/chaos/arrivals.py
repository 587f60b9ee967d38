"""When checkpoints come to S3 while a job runs."""

from __future__ import annotations

import threading
import time

from sm_container.harness.checkpoints.prefix import Prefix
from sm_container.testing.chaos.stored import stored_checkpoints

_LOOK_SECONDS = 0.1
_LOOK_PART = 0.01
"""Of the time since the start, where that is more: in a long run each look into S3 is paid for."""


class Arrivals:
    """Looks into S3 while a job runs: when the first checkpoint came, and how many there were at
    once. ``first`` is in seconds after the start, None while there is none."""

    def __init__(self, prefix: Prefix) -> None:
        self.first: float | None = None
        self.most = 0
        self._prefix = prefix
        self._began = 0.0
        self._end = threading.Event()
        self._fault: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="arrivals", daemon=True)

    def start(self) -> None:
        self._began = time.monotonic()
        self._thread.start()

    def end(self) -> None:
        """Raises StorageError where S3 could not be asked."""
        self._end.set()
        if self._thread.ident is not None:
            self._thread.join()
        if self._fault is not None:
            raise self._fault

    def _pause(self) -> float:
        return max(_LOOK_SECONDS, _LOOK_PART * (time.monotonic() - self._began))

    def _run(self) -> None:
        try:
            while not self._end.wait(self._pause()):
                whole = [each for each in stored_checkpoints(self._prefix) if each.is_committed]
                self.most = max(self.most, len(whole))
                if whole and self.first is None:
                    self.first = time.monotonic() - self._began
        except Exception as fault:  # noqa: BLE001 - raised again by whoever ends this
            self._fault = fault
