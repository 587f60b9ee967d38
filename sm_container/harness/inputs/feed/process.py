"""A host's feeder as the harness holds it: a process that ends with this one, however that ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from sm_container.harness.inputs.feed.messages import (
    CHANNEL,
    FAULT,
    READY,
    STATISTICS,
    TRACES,
    TROUBLE,
    Statistics,
)
from sm_container.harness.inputs.feed.plan import FeedPlan
from sm_container.harness.inputs.pipe.trace import Trace

_LEAVE_SECONDS = 10.0
_TICK_SECONDS = 0.01


def feed_command(document: Path) -> list[str]:
    """The feeder's argument vector."""
    return [sys.executable, "-m", "sm_container.harness.inputs.feed", str(document)]


class FeedError(Exception):
    """A channel cannot be fed: the job must not go on."""


class FeederLostError(FeedError):
    """The feeder is gone, and nothing was wrong with what it fed."""


@dataclass
class _Said:
    """What the feeder has said so far."""

    is_ready: bool = False
    faults: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    statistics: Statistics = field(default_factory=dict)
    traces: dict[str, Trace] = field(default_factory=dict)


class Feed:
    """A running feeder. ``document`` is where its plan is written, ``log`` what it says beside."""

    def __init__(self, plan: FeedPlan, document: Path, log: Path) -> None:
        plan.write(document)
        self._log = log
        self._said = _Said()
        self._is_closing = self._is_killed = False
        with open(log, "ab") as errors:
            self._process = subprocess.Popen(
                feed_command(document),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,  # Ctrl-C at the terminal is the harness's to act on
            )
        assert self._process.stdout is not None
        self._listener = threading.Thread(
            target=self._listen, args=(self._process.stdout,), name="feeder's words", daemon=True
        )
        self._listener.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def statistics(self) -> Statistics:
        """By channel, as last said; after `close`, as it was in the end."""
        return self._said.statistics

    @property
    def traces(self) -> Mapping[str, Trace]:
        """By channel what was sent of its last epoch; after `close`."""
        return self._said.traces

    @property
    def troubles(self) -> tuple[str, ...]:
        """What could not be read so far, of which the algorithm was told."""
        return tuple(self._said.troubles)

    def wait_until_ready(self, tick: Callable[[], None]) -> None:
        """Wait until FIFOs and mounts stand; ``tick`` is called meanwhile, and may raise.

        Raises:
            FeedError: where they cannot be made.
        """
        while not self._said.is_ready:
            self.check()
            tick()
            time.sleep(_TICK_SECONDS)

    def check(self) -> None:
        """Raise FeedError where a channel cannot be fed any more; after `close`, where one could
        not be fed to the end. FeederLostError where that is the feeder's own fault."""
        code = self._process.poll()
        if code is not None:
            self._listener.join()  # its last words may be a fault
        if self._said.faults:
            raise FeedError("; ".join(self._said.faults))
        ended_by_us = self._is_closing and (code == 0 or self._is_killed)
        if code is not None and not ended_by_us:
            raise FeederLostError(f"the feeder of the channels ended with {code}; see {self._log}")

    def close(self) -> None:
        """End it, and wait until it has taken away what it made. Idempotent."""
        self._is_closing = True
        assert self._process.stdin is not None
        self._process.stdin.close()
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                self._process.wait(_LEAVE_SECONDS)
            except subprocess.TimeoutExpired:
                self._is_killed = number == signal.SIGKILL
                self._process.send_signal(number)
        self._process.wait()
        self._listener.join()

    def _listen(self, said: IO[bytes]) -> None:
        with said:
            for line in said:
                self._hear(json.loads(line))

    def _hear(self, document: dict[str, Any]) -> None:
        if FAULT in document:
            self._said.faults.append(f"channel {document[CHANNEL]!r}: {document[FAULT]}")
        if TROUBLE in document:
            self._said.troubles.append(f"channel {document[CHANNEL]!r}: {document[TROUBLE]}")
        if STATISTICS in document:
            self._said.statistics = document[STATISTICS]
        if TRACES in document:
            traces = document[TRACES].items()
            self._said.traces = {name: Trace.from_document(each) for name, each in traces}
        if READY in document:
            self._said.is_ready = True
