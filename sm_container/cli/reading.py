"""Showing the logs of a job: whole, their tail, or as they grow."""

from __future__ import annotations

import heapq
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sm_container.cli.ending import ended
from sm_container.cli.errors import EXIT_INPUT, Complaint
from sm_container.cli.narration import LogPrinter
from sm_container.cli.stream import Stream
from sm_container.harness.logs.reading import tail as tail_of
from sm_container.harness.logs.reading import timed_lines
from sm_container.harness.store.folder import JobFolder

_CHUNK = 256 * 1024
_PAUSE = 0.1


def print_logs(
    folder: JobFolder, out: Stream, *, host: str | None, tail: int | None, follow: bool
) -> None:
    """Print the logs of all hosts or of one; with ``follow`` until the job has ended.

    Raises:
        Complaint: where the job has no such host; when following, where its owner is gone.
    """
    hosts = _hosts(folder)
    if host is not None and host not in hosts:
        raise Complaint([f"job {folder.name} has no host {host!r}: {', '.join(hosts)}"], EXIT_INPUT)
    logs = {each: folder.log(each) for each in ([host] if host else hosts)}
    printer = LogPrinter(out, tuple(logs), aside=Stream(sys.stderr), job=folder.name)
    if tail is None and not follow and len(logs) > 1:
        _print_merged(logs, printer)
        return
    ends = {each: log.stat().st_size if log.exists() else 0 for each, log in logs.items()}
    if tail is not None:
        for each, log in logs.items():
            printer.write(each, tail_of(log, tail))
    else:
        ends = dict.fromkeys(logs, 0)
    if tail is None or follow:
        _print_growth(logs, ends, printer, out, _is_over(folder) if follow else lambda: True)


def _hosts(folder: JobFolder) -> tuple[str, ...]:
    resources = folder.read().document.get("ResourceConfig", {})
    count = resources.get("InstanceCount", 1)
    return tuple(f"algo-{number}" for number in range(1, count + 1))


def _is_over(folder: JobFolder) -> Callable[[], bool]:
    return lambda: ended(folder) is not None


def _print_growth(
    logs: dict[str, Path],
    ends: dict[str, int],
    printer: LogPrinter,
    out: Stream,
    is_over: Callable[[], bool],
) -> None:
    """Print from ``ends`` on, until it is over and the logs are at their end."""
    while out.fault is None:
        last = is_over()
        for host, log in logs.items():
            for chunk in _chunks(log, ends[host]):
                printer.write(host, chunk)
                ends[host] += len(chunk)
        if last:
            return
        time.sleep(_PAUSE)


def _chunks(log: Path, position: int) -> Iterator[bytes]:
    """What stands in a log from a position on, in pieces that end with a line where they can."""
    try:
        file = open(log, "rb")  # noqa: SIM115 - closed below
    except FileNotFoundError:  # the host has not started yet
        return
    with file:
        file.seek(position)
        while chunk := file.read(_CHUNK):
            if not chunk.endswith(b"\n"):
                chunk += file.readline()
            yield chunk


def _print_merged(logs: dict[str, Path], printer: LogPrinter) -> None:
    """The lines of all hosts in the order of their times."""

    def lines(host: str) -> Iterator[tuple[float, str, bytes]]:
        return ((moment, host, line) for moment, line in timed_lines(logs[host]))

    for _, host, line in heapq.merge(*map(lines, logs), key=lambda each: each[0]):
        printer.write(host, line + b"\n")
