"""What this process and its children write, kept in a file as a job's log is."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sm_container.harness.logs.capture import capture
from sm_container.testing.jobs.in_process.output import Output, taking
from sm_container.testing.jobs.observers import Echo

_STANDARD_OUTPUT = 1


@contextmanager
def recording(log: Path) -> Iterator[None]:
    """Append all that is written to the standard output and error within the block to ``log``. It
    is also written where it would have been, line by line."""
    output, outside = Output(), os.dup(_STANDARD_OUTPUT)
    echo = Echo(outside)
    listener = threading.Thread(
        target=capture,
        args=(output.stdout, output.stderr, log, lambda data: echo.log(log.stem, data)),
        name="recording",
    )
    listener.start()
    try:
        with taking(output):
            yield
    finally:
        output.end()
        listener.join()
        os.close(outside)
