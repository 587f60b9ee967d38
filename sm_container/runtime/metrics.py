"""``job.metrics``: reports values in lines that the service's definitions find in the log.

Source: CreateTrainingJob, AlgorithmSpecification, MetricDefinitions.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from typing import SupportsFloat

from sm_container.contract.metrics import MetricDefinition, metric_line

_STDOUT = 1


class MetricLog:
    """Writes metric lines to the standard output.

    Each line is one ``os.write`` of less than a pipe's atomic size, so lines of many threads
    and forked processes never mix. Nothing is held between calls but the names seen.
    """

    def __init__(
        self, definitions: Iterable[MetricDefinition] = (), descriptor: int = _STDOUT
    ) -> None:
        self._patterns = {definition.name: definition.regex for definition in definitions}
        self._descriptor = descriptor
        self._seen: set[str] = set()

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
        all the same, with one warning that the service will not pick it up.
        """
        lines = {
            name: metric_line(name, value, step)
            for name, value in {**(values or {}), **named}.items()
        }
        if sys.stdout is not None and not sys.stdout.closed:
            sys.stdout.flush()  # what was printed before stands before
        for name, line in lines.items():
            if name not in self._seen:
                self._seen.add(name)
                self._warn_if_lost(name, line)
            _write(self._descriptor, f"{line}\n".encode("ascii"))

    def _warn_if_lost(self, name: str, line: str) -> None:
        if not self._patterns or re.search(self._patterns.get(name, r"(?!)"), line):
            return
        import logging

        logging.getLogger("sm_container").warning(
            "metric %s is in the log only: %s",
            name,
            "its own regex does not match the lines of metrics.log"
            if name in self._patterns
            else "declare it with Metric() and the service will pick it up",
        )


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
