"""The platform's side of Pipe mode for tests: an epoch a FIFO, the next one made in advance."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from sm_container.channels.channel import InputChannel
from sm_container.contract.inputs import ChannelConfig, InputMode
from sm_container.contract.layout import Layout
from sm_container.records.recordio import Multipart, RecordWriter

WAIT = 30.0


class Feeder:
    """Feeds the epochs, one after another, from a thread. ``broken`` are those closed early."""

    def __init__(self, layout: Layout, epochs: Iterable[bytes], name: str = "train") -> None:
        self.broken: list[int] = []
        self._paths = layout, name
        self._epochs = list(epochs)
        self._thread = threading.Thread(target=self._feed, daemon=True)
        self._make(0)

    def __enter__(self) -> Feeder:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self._thread.join(WAIT)
            assert not self._thread.is_alive(), "an epoch was never read"

    def _make(self, epoch: int) -> None:
        layout, name = self._paths
        if epoch < len(self._epochs):
            os.mkfifo(layout.channel_fifo(name, epoch))

    def _feed(self) -> None:
        layout, name = self._paths
        for number, stream in enumerate(self._epochs):
            file = os.open(layout.channel_fifo(name, number), os.O_WRONLY)
            self._make(number + 1)
            try:
                view = memoryview(stream)
                while view:
                    view = view[os.write(file, view) :]
            except BrokenPipeError:
                self.broken.append(number)
            finally:
                os.close(file)


def writer(path: Path, program: str) -> subprocess.Popen[bytes]:
    """A process that opens the FIFO for writing as ``fifo`` and runs the program; unbuffered."""
    text = f"import os, sys, time\nfifo = open(sys.argv[1], 'wb', buffering=0)\n{program}\n"
    return subprocess.Popen([sys.executable, "-c", text, path], stdout=subprocess.PIPE)


def channel(
    layout: Layout,
    mode: InputMode,
    content_type: str | None = None,
    wrapper: str | None = None,
    name: str = "train",
    **more: object,
) -> InputChannel:
    config = ChannelConfig(mode, content_type, "FullyReplicated", wrapper)
    return InputChannel(name, config, layout, **more)  # type: ignore[arg-type]


def framed(*payloads: bytes, multipart: Multipart = Multipart.DMLC) -> bytes:
    sink = io.BytesIO()
    out = RecordWriter(sink, multipart=multipart)
    for payload in payloads:
        out.write(payload)
    return sink.getvalue()
