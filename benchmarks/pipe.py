"""Pipe mode's feeder on a local file, against `os.splice` alone: the same reader, which discards.

The reader is a process of its own that reads 1 MiB at a time. The whole of an epoch is timed, from
the reader's start to the end of the file. Both sides move a file in memory into a pipe of 1 MiB.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.row import Row, at_least
from benchmarks.timing import side_by_side
from sm_container.harness.inputs.pipe.channel import PipeChannel
from sm_container.harness.inputs.pipe.feeder import PipeFeeder
from sm_container.harness.inputs.pipe.source import Sources
from sm_container.harness.inputs.pipe.stop import Stop
from sm_container.readahead.ahead import ReadAhead
from sm_container.storage.objects import Object
from sm_container.storage.store import Stores

SIZE = 1 << 30
TIMES = 0.9
REPEATS = 7
MEMORY = Path("/dev/shm")

_READER = """
import os, sys
stream, buffer = os.open(sys.argv[1], os.O_RDONLY), bytearray(1 << 20)
while os.readv(stream, [buffer]):
    pass
"""


def rows() -> list[Row]:
    """One row: 1 GiB through a FIFO."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        folder = Path(name)
        source = folder / "source"
        with open(source, "wb") as file:
            for _ in range(SIZE >> 20):
                file.write(os.urandom(1 << 20))
        with _Feeder(folder, source) as feeder:
            ours, theirs = side_by_side(
                feeder.read_epoch, lambda: _splice(folder, source), repeats=REPEATS
            )
    return [
        Row("Pipe feeder, a local file of 1 GiB", ours, "os.splice alone", theirs, at_least(TIMES))
    ]


class _Feeder:
    """The feeder as it runs beside a container, in this process."""

    def __init__(self, folder: Path, source: Path) -> None:
        self._data = folder / "data"
        self._data.mkdir()
        object = Object(str(source)[1:], SIZE, None, source.stat().st_mtime, "/")
        self._stop = Stop()
        self._ahead = ReadAhead()
        self._feeder = PipeFeeder(
            PipeChannel("train", ((object,),)),
            os.open(self._data, os.O_PATH),
            Sources(Stores().open, self._ahead),
            folder,
            self._stop,
            _raise,
        )
        self._epoch = 0

    def read_epoch(self) -> None:
        _read(self._data / f"train_{self._epoch}").wait()
        self._epoch += 1

    def __enter__(self) -> _Feeder:
        self._feeder.prepare()
        self._feeder.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._feeder.close()
        self._ahead.close()


def _raise(channel: str, fault: Exception) -> None:
    raise fault


def _splice(folder: Path, source: Path) -> None:
    fifo = folder / "fifo"
    os.mkfifo(fifo)
    reader = _read(fifo)
    with open(source, "rb", buffering=0) as file, open(fifo, "wb", buffering=0) as pipe:
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1 << 20)
        at = 0
        while at < SIZE:
            at += os.splice(file.fileno(), pipe.fileno(), 1 << 20, offset_src=at)
    reader.wait()
    fifo.unlink()


def _read(fifo: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-I", "-S", "-c", _READER, str(fifo)])
