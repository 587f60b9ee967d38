"""A channel that is fed here, and readers of its FIFOs in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sm_container.harness.inputs.pipe.channel import PipeChannel
from sm_container.harness.inputs.pipe.feeder import EpochError, PipeFeeder
from sm_container.harness.inputs.pipe.source import Sources
from sm_container.harness.inputs.pipe.stop import Stop
from sm_container.readahead.ahead import ReadAhead
from sm_container.storage.store import Stores


@dataclass
class Feeding:
    """Channels that are fed into ``folder``."""

    folder: Path
    stop: Stop
    sources: Sources
    descriptor: int
    ahead: ReadAhead
    faults: list[tuple[str, Exception]] = field(default_factory=list)
    feeders: list[PipeFeeder] = field(default_factory=list)
    told: threading.Event = field(default_factory=threading.Event)

    def feed(self, channel: PipeChannel) -> PipeFeeder:
        feeder = PipeFeeder(
            channel, self.descriptor, self.sources, self.folder.parent, self.stop, self._fault
        )
        self.feeders.append(feeder)
        feeder.prepare()
        feeder.start()
        return feeder

    def read(self, name: str) -> bytes:
        """A whole epoch, read by another process."""
        done = subprocess.run(["cat", name], cwd=self.folder, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fault(self) -> tuple[str, Exception]:
        assert self.told.wait(60), "no fault was told"
        return self.faults[0]

    def epoch_fault(self) -> tuple[EpochError, Exception]:
        """The fault of an epoch, and what it came from."""
        _, fault = self.fault()
        assert isinstance(fault, EpochError)
        return fault, fault.fault

    def end(self) -> None:
        self.stop.set()
        self.ahead.close()
        for feeder in self.feeders:
            feeder.close()

    def _fault(self, channel: str, fault: Exception) -> None:
        self.faults.append((channel, fault))
        self.told.set()


def open_below(folder: Path) -> list[str]:
    """The open files, folders and FIFOs of this process below a folder."""
    found = []
    for number in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # the descriptor of the look itself
            found.append(os.readlink(f"/proc/self/fd/{number}"))
    return [path for path in found if path.startswith(str(folder))]


@pytest.fixture
def feeding(hostile_tmp_path: Path) -> Iterator[Feeding]:
    """Whatever a test does, all ends, and neither a descriptor nor a FIFO is left."""
    folder = hostile_tmp_path / "data"
    folder.mkdir()
    descriptor = os.open(folder, os.O_PATH)
    ahead = ReadAhead()
    feeding = Feeding(folder, Stop(), Sources(Stores().open, ahead), descriptor, ahead)
    yield feeding
    feeding.end()
    feeding.stop.close()
    os.close(descriptor)
    assert open_below(hostile_tmp_path) == []
    assert list(folder.iterdir()) == []


def python(code: str, *arguments: str, cwd: Path) -> subprocess.Popen[bytes]:
    """A reader that does more than cat can."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
    )
