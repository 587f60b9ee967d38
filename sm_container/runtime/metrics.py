"""``job.metrics``: reports values in lines that the service's definitions find in the log.

Source: CreateTrainingJob, AlgorithmSpecification, MetricDefinitions.
"""

from __future__ import annotations

import os
import re
import sys
import weakref
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, SupportsFloat

from sm_container.contract.metrics import MetricDefinition, metric_line

_STDOUT = 1


class MetricLog:
    """Writes metric lines to what was the standard output when this was made.

    Each line is one ``os.write`` of less than a pipe's atomic size, so lines of many threads
    and processes never mix. Nothing is held between calls but the names seen. A forked process
    goes on with it; pickled to a spawned one, it writes to that one's standard output.
    """

    def __init__(
        self, definitions: Iterable[MetricDefinition] = (), descriptor: int = _STDOUT
    ) -> None:
        self._definitions = tuple(definitions)
        self._patterns = {each.name: each.regex for each in self._definitions}
        self._descriptor = self._kept(descriptor)
        self._seen: dict[str, object] = {}

    def log(
        self,
        values: Mapping[str, SupportsFloat] | None = None,
        /,
        *,
        step: int | None = None,
        **named: SupportsFloat,
    ) -> None:
        """Report values by name, ``nan`` and ``inf`` included; all are of the same ``step``.

        Names that no keyword can be go in a mapping: ``log({"validation:rmse": 0.3}, step=7)``.
        Raises ValueError or TypeError, before anything is written, for a name that the service
        would refuse or a value that is not a number. A metric that is not declared is written
        all the same, with one warning that the service will not pick it up. Where the standard
        output is closed, or nobody reads it any more, that is one warning too: training goes on.
        """
        lines = {
            name: metric_line(name, value, step)
            for name, value in {**(values or {}), **named}.items()
        }
        with suppress(AttributeError, OSError, ValueError):  # whoever printed it will be told
            sys.stdout.flush()  # what was printed before stands before
        for name, line in lines.items():
            if self._is_new(name):
                self._warn_if_lost(name, line)
            self._write(f"{line}\n".encode("ascii"))

    def __reduce__(self) -> tuple[type[MetricLog], tuple[Any, ...]]:
        return type(self), (self._definitions,)

    def _kept(self, descriptor: int) -> int | None:
        """A copy of a descriptor, which stays whatever the program does with its own.

        The number of one that was closed soon is another file's, which is not to get our lines.
        """
        try:
            copy = os.dup(descriptor)
        except OSError:
            return None
        weakref.finalize(self, os.close, copy)
        return copy

    def _is_new(self, name: str) -> bool:
        mine = object()
        return self._seen.setdefault(name, mine) is mine  # one step, also among threads

    def _warn_if_lost(self, name: str, line: str) -> None:
        if not self._patterns or re.search(self._patterns.get(name, r"(?!)"), line):
            return
        _warn(
            "metric %s is in the log only: %s",
            name,
            "its own regex does not match the lines of metrics.log"
            if name in self._patterns
            else "declare it with Metric() and the service will pick it up",
        )

    def _write(self, line: bytes) -> None:
        try:
            if self._descriptor is None:
                raise OSError("it was closed when the program began")
            _write(self._descriptor, line)
        except OSError as fault:
            if self._is_new(""):  # which is no metric's name
                reason = fault.strerror or fault
                _warn("metrics cannot be written to the standard output: %s", reason)


def _warn(message: str, *details: object) -> None:
    import logging

    logging.getLogger("sm_container").warning(message, *details)


def _write(descriptor: int, content: bytes) -> None:
    """Write all of it; waits where the descriptor was made non-blocking by somebody else."""
    while content:
        try:
            content = content[os.write(descriptor, content) :]
        except BlockingIOError:
            _wait_until_writable(descriptor)


def _wait_until_writable(descriptor: int) -> None:
    import select

    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    poll.poll()
