"""A FIFO to X and y, end to end: `batches()` against a reader that throws the bytes away.

Both are fed by the same writer, a process that splices a file of the page cache into the FIFO.
Source of the form: recordio-protobuf, dense float32 of 100 features and a label, 448 bytes a frame.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np

from benchmarks.row import Row, at_least
from benchmarks.timing import side_by_side
from sm_container.channels.channel import InputChannel
from sm_container.channels.pipe import PIPE_BYTES
from sm_container.contract.inputs import ChannelConfig, InputMode
from sm_container.contract.layout import Layout
from sm_container.records.batch import Batch
from sm_container.records.protobuf import ProtobufFormat

RECORDS = 1_000_000
FEATURES = 100
ROWS = 65_536
SHARE = 0.6
MEMORY = Path("/dev/shm")
CONTENT_TYPE = "application/x-recordio-protobuf"
WRITER = """
import os, sys
source = os.open(sys.argv[1], os.O_RDONLY)
for line in sys.stdin:
    fifo = os.open(line.rstrip("\\n"), os.O_WRONLY)
    left = os.fstat(source).st_size
    while left:
        left -= os.splice(source, fifo, 1 << 20, offset_src=os.fstat(source).st_size - left)
    os.close(fifo)
"""


def rows() -> list[Row]:
    """One row: all the records of an epoch, from the opening of the FIFO to its end."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        layout = Layout(Path(folder) / "ml")
        layout.create()
        data = Path(folder) / "data"
        size = _write(data)
        channel = InputChannel("train", ChannelConfig(InputMode.PIPE, CONTENT_TYPE), layout)
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, data], stdin=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdin is not None
            send, epochs = writer.stdin, count()

            def fed(fifo: Path, read: Callable[[], int]) -> None:
                os.mkfifo(fifo)
                send.write(f"{fifo}\n")
                send.flush()
                assert read() == RECORDS
                fifo.unlink()

            def ours() -> None:
                fed(layout.channel_fifo("train", next(epochs)), lambda: _columns(channel))

            def theirs() -> None:
                fifo = layout.channel_fifo("rival", 0)
                fed(fifo, lambda: _discarded(fifo) // (size // RECORDS))

            try:
                mine, rivals = side_by_side(ours, theirs)
            finally:
                writer.kill()
    note = f"{size / mine / 1e9:.1f} of {size / rivals / 1e9:.1f} GB/s"
    return [Row("FIFO to X, y, end to end", mine, "bytes discarded", rivals, at_least(SHARE), note)]


def _write(path: Path) -> int:
    """The records of an epoch; the file's size."""
    features = np.arange(ROWS * FEATURES, dtype=np.float32).reshape(ROWS, FEATURES)
    batch = Batch({"features": features, "label": np.arange(ROWS, dtype=np.float32)})
    full, rest = divmod(RECORDS, ROWS)
    with path.open("wb") as file:
        ProtobufFormat().write([batch] * full + [batch.slice(0, rest)], file)
        return file.tell()


def _columns(channel: InputChannel) -> int:
    """Every record's X and y, as an algorithm gets them; how many there were."""
    return sum(batch.rows for batch in channel.batches(ROWS, timeout=60))


def _discarded(fifo: Path) -> int:
    """Every byte, into one buffer; how many there were."""
    buffer, size = bytearray(1 << 20), 0
    with fifo.open("rb", buffering=0) as file:
        fcntl.fcntl(file, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        while read := file.readinto(buffer):
            size += read
    return size
