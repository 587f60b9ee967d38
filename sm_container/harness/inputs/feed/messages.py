"""What a feeder says: a JSON document a line, on its standard output."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from io import FileIO
from typing import Any

from sm_container.harness.inputs.pipe.trace import Trace

READY = "ready"
FAULT = "fault"
CHANNEL = "channel"
STATISTICS = "statistics"
TROUBLE = "trouble"
TRACES = "traces"

Statistics = Mapping[str, Mapping[str, float]]
"""By channel: the members of its counters."""


class Speaker:
    """Says things from any thread, to a stream without a buffer, in which what nobody hears would
    wait for the interpreter's end. ``is_heard`` turns False once nobody listens any more."""

    def __init__(self, out: FileIO) -> None:
        self._out = out
        self._lock = threading.Lock()
        self.is_heard = True

    def ready(self) -> None:
        """Everything stands where the container will look for it."""
        self._say({READY: True})

    def fault(self, channel: str, fault: Exception) -> None:
        """The channel cannot be fed any more, and the job must not go on without it."""
        text = str(fault) or type(fault).__name__
        self._say({FAULT: " ".join(text.split()), CHANNEL: channel})

    def trouble(self, channel: str, path: str, fault: Exception) -> None:
        """A file of a mount cannot be read; who reads it is told so, and may know what to do."""
        about = f"{path}: " if path else ""
        self._say({TROUBLE: f"{about}{' '.join(str(fault).split())}", CHANNEL: channel})

    def statistics(self, statistics: Statistics) -> None:
        self._say({STATISTICS: statistics})

    def traces(self, traces: Mapping[str, Trace]) -> None:
        """By channel what was sent of its last epoch."""
        self._say({TRACES: {name: trace.to_document() for name, trace in traces.items()}})

    def _say(self, document: Mapping[str, Any]) -> None:
        with self._lock:
            try:
                rest = json.dumps(document).encode() + b"\n"
                while rest:
                    rest = rest[self._out.write(rest) :]
            except BrokenPipeError:
                self.is_heard = False
