"""What the containers of an attempt use of their instances, once a second, as a series a host.

The figures have CloudWatch's names and units: CPUUtilization is 100 for each CPU in use,
MemoryUtilization a percent of the container's limit, or of the machine's memory without one, and
DiskUtilization a percent of the disk that has the job's folder, whatever else is on it.
Source: developer guide, "Amazon SageMaker Metrics in Amazon CloudWatch", instance metrics.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any

from sm_container.harness.engines.engine import Container, EngineError, Stats
from sm_container.harness.job.traffic import ChannelTraffic
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.series import SeriesWriter
from sm_container.machine.memory import total_memory

_SECONDS = 1.0
_LEAVING_SECONDS = 2.0


class Sampling:
    """Samples in a thread of its own while in the ``with`` block: an engine may be slow to answer.

    ``containers`` are the hosts' by name. ``traffic`` is set by whoever knows it. A sampling that
    cannot write any more ends, and ``fault`` says why.
    """

    def __init__(
        self, folder: JobFolder, containers: Mapping[str, Container], seconds: float = _SECONDS
    ) -> None:
        self.traffic: Iterable[ChannelTraffic] = ()
        self.peaks: dict[str, int] = {}
        """The most memory that each host was seen to use, in bytes."""
        self.fault: str | None = None
        self._folder = folder
        self._containers = containers
        self._seconds = seconds
        self._writers = {host: SeriesWriter(folder.utilization(host)) for host in containers}
        self._before: dict[str, tuple[float, float]] = {}  # CPU seconds, and when
        self._writing = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="utilization", daemon=True)

    def __enter__(self) -> Sampling:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join(_LEAVING_SECONDS)  # an engine that does not answer keeps nobody
        with self._writing:
            for writer in self._writers.values():
                writer.close()

    def _run(self) -> None:
        while not self._ended.wait(self._seconds):
            for host, container in self._containers.items():
                try:
                    stats = container.stats()
                except EngineError:  # it answers the next time, or says the same to who waits
                    continue
                if stats is not None and not self._wrote(host, stats):
                    return

    def _wrote(self, host: str, stats: Stats) -> bool:
        """Write a point; whether there is a use in going on."""
        self.peaks[host] = max(self.peaks.get(host, 0), stats.memory_bytes)
        with self._writing:
            if self._ended.is_set():
                return False
            try:
                self._writers[host].write([self._point(host, stats)])
            except FileNotFoundError:
                return False  # the job is deleted, which others notice too
            except OSError as fault:
                self.fault = f"the use of {host} is not recorded any more: {fault.strerror}"
                return False
        return True

    def _point(self, host: str, stats: Stats) -> dict[str, Any]:
        disk = shutil.disk_usage(self._folder.path)
        limit = stats.memory_limit_bytes or total_memory()
        point: dict[str, Any] = {
            "Timestamp": time.time(),
            **self._cpu(host, stats.cpu_seconds),
            "MemoryUtilization": round(100 * stats.memory_bytes / limit, 2),
            "DiskUtilization": round(100 * disk.used / disk.total, 2),
            "MemoryBytes": stats.memory_bytes,
            "MemoryLimitBytes": limit,
            "DiskBytes": disk.used,
        }
        moved = {each.channel: each.size for each in self.traffic if each.host == host}
        if moved:
            point["ChannelBytes"] = moved
        return point

    def _cpu(self, host: str, seconds: float | None) -> dict[str, float]:
        """The CPUs that were busy since the last look; nothing at the first."""
        if seconds is None:
            return {}
        now = time.monotonic()
        before, at = self._before.get(host, (seconds, now))
        self._before[host] = seconds, now
        if now <= at:
            return {}
        return {"CPUUtilization": round(100 * max(0.0, seconds - before) / (now - at), 2)}
