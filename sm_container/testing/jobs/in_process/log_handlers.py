"""The root logger as a program of its own would find it, for the time of a job.

pytest's handlers would keep what an algorithm logs out of its log, and ``logging.basicConfig`` from
doing anything. Handlers for a standard stream hold the stream that pytest had put there.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from sm_container.testing.jobs.in_process.output import Taking

_OF_PYTEST = "_pytest."


@contextmanager
def of_its_own(taken: Taking) -> Iterator[None]:
    """While the block runs no handler of pytest's is there, and those for the standard streams
    write to the job's log. Afterwards the handlers and the level are as before."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = [each for each in handlers if not _is_of_pytest(each)]
    moved: list[tuple[logging.StreamHandler[TextIO], TextIO]] = []
    for handler in root.handlers:
        for before, own in taken.streams.values():
            if isinstance(handler, logging.StreamHandler) and handler.stream is before:
                handler.setStream(own)
                moved.append((handler, before))
    try:
        yield
    finally:
        for handler, stream in moved:
            handler.setStream(stream)
        root.handlers[:] = handlers
        root.setLevel(level)


def _is_of_pytest(handler: logging.Handler) -> bool:
    return type(handler).__module__.startswith(_OF_PYTEST)
