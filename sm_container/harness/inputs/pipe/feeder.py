"""Feeding a Pipe-mode channel: a FIFO an epoch, for as long as somebody reads.

A thread a channel. It waits for the reader of an epoch, streams the share, and goes on to the next,
whose FIFO was there in advance. What its reader leaves early is over; a channel that nobody opens
waits, and holds nothing up.

Source: developer guide, "Access Training Data", Pipe mode.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sm_container.contract.layout import Layout
from sm_container.harness.inputs.pipe.channel import PipeChannel
from sm_container.harness.inputs.pipe.counters import PipeCounters
from sm_container.harness.inputs.pipe.fifo import Fifo
from sm_container.harness.inputs.pipe.source import Sources
from sm_container.harness.inputs.pipe.stop import Stop, StoppedError
from sm_container.harness.inputs.pipe.stream import stream_epoch
from sm_container.harness.inputs.pipe.trace import Trace
from sm_container.harness.inputs.pipe.writer import FifoWriter, ReaderGoneError

Fault = Callable[[str, Exception], None]
"""Told the channel, and why it cannot be fed any more."""


class EpochError(Exception):
    """An epoch cannot be sent to its end: which, at which object, and why (``fault``)."""

    def __init__(self, epoch: int, uri: str | None, fault: Exception) -> None:
        super().__init__(epoch, uri, fault)
        self.epoch = epoch
        self.uri = uri
        self.fault = fault

    def __str__(self) -> str:
        why = str(self.fault) or type(self.fault).__name__
        at = "" if self.uri is None or self.uri in why else f", at {self.uri}"
        return f"epoch {self.epoch}{at}: {why}"


class PipeFeeder:
    """Feeds one channel into the folder that ``folder`` is open on. ``spool`` is a folder for what
    must be unpacked before it is sent."""

    def __init__(
        self,
        channel: PipeChannel,
        folder: int,
        sources: Sources,
        spool: Path,
        stop: Stop,
        fault: Fault,
    ) -> None:
        self.channel = channel
        self.counters = PipeCounters()
        self.trace: Trace | None = None
        """What was sent of the epoch that was begun last."""
        self._folder = folder
        self._sources = sources
        self._spool = spool
        self._stop = stop
        self._fault = fault
        self._fifos: list[Fifo] = []
        self._thread = threading.Thread(target=self._run, name=f"pipe {channel.name}", daemon=True)

    def prepare(self) -> None:
        """Make the FIFOs of the first epoch and the next. Raises FifoError."""
        for epoch in (0, 1):
            self._make(epoch)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Wait for the thread, once the stop is set, and remove the FIFOs that are left."""
        if self._thread.ident is not None:
            self._thread.join()
        while self._fifos:
            fifo = self._fifos.pop()
            fifo.remove()
            fifo.close()

    def _run(self) -> None:
        with suppress(StoppedError):
            try:
                for epoch in itertools.count():
                    self._feed(epoch)
            except StoppedError:
                raise
            except Exception as fault:  # noqa: BLE001 - whatever it is, the job must not train on
                self._stop.check()  # what was read ahead is gone then, which is no fault
                self._fault(self.channel.name, fault)

    def _feed(self, epoch: int) -> None:
        if len(self._fifos) < 2:
            self._make(epoch + 1)
        fifo = self._fifos[0]
        with fifo.opened(self._stop) as descriptor:
            self.counters.begun += 1
            began, before = time.monotonic(), self.counters.seconds
            writer = FifoWriter(descriptor, self._stop, self.counters)
            trace = self.trace = Trace(epoch)
            try:
                with suppress(ReaderGoneError):
                    stream_epoch(self.channel, trace, self._sources, writer, self._spool)
                    self.counters.finished += 1
            except Exception as fault:  # noqa: BLE001 - told, and held
                self._hold(fault, trace)
            finally:
                writer.end()
                self.counters.seconds = before + time.monotonic() - began
        self._fifos.pop(0).close()

    def _hold(self, fault: Exception, trace: Trace) -> None:
        """Tell of a fault while the FIFO stays open: its reader must not take the stop for the end
        of the data, and the job is about to be ended."""
        if not isinstance(fault, StoppedError):
            self._stop.check()
            self._fault(self.channel.name, EpochError(trace.epoch, trace.uri, fault))
            self._stop.wait()
        raise StoppedError

    def _make(self, epoch: int) -> None:
        # Any layout will do: the folder is known by its descriptor.
        name = Layout().channel_fifo(self.channel.name, epoch).name
        self._fifos.append(Fifo(self._folder, name))
