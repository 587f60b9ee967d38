"""What a sync has moved so far, counted by several threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sm_container.harness.job.traffic import CheckpointTraffic


class Tally:
    """The traffic of one host in one attempt."""

    def __init__(self, host: str) -> None:
        self._lock = threading.Lock()
        self._traffic = CheckpointTraffic(host)
        self._uploads = 0
        self._since = 0.0
        self._sent = 0

    @property
    def traffic(self) -> CheckpointTraffic:
        with self._lock:
            return self._traffic

    @property
    def sent(self) -> int:
        """The bytes on their way so far, also those of files that are not whole yet."""
        return self._sent

    def restored(self, files: int, size: int, seconds: float) -> None:
        with self._lock:
            self._traffic = replace(
                self._traffic, restored=files, restored_size=size, restoring=seconds
            )

    @contextmanager
    def uploading(self) -> Iterator[None]:
        """The time in which there is at least one such block."""
        with self._lock:
            self._uploads += 1
            if self._uploads == 1:
                self._since = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._uploads -= 1
                if self._uploads == 0:
                    took = time.monotonic() - self._since
                    self._traffic = replace(self._traffic, uploading=self._traffic.uploading + took)

    def send(self, size: int) -> None:
        with self._lock:
            self._sent += size

    def uploaded(self, size: int) -> None:
        with self._lock:
            self._traffic = replace(
                self._traffic,
                uploaded=self._traffic.uploaded + 1,
                uploaded_size=self._traffic.uploaded_size + size,
            )

    def removed(self) -> None:
        with self._lock:
            self._traffic = replace(self._traffic, removed=self._traffic.removed + 1)
