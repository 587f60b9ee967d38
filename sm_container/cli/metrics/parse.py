"""Finding metrics in logs that are there already, with a bar on a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sm_container.cli.errors import EXIT_INPUT, Complaint
from sm_container.cli.home import open_store
from sm_container.cli.metrics.definitions import definitions, require_one_source
from sm_container.cli.metrics.forms import as_csv, as_json, as_table
from sm_container.cli.progress import Bars
from sm_container.cli.stream import Stream
from sm_container.cli.text import one_line
from sm_container.contract.metrics import MetricDefinition
from sm_container.harness.metrics.block import LogReader
from sm_container.harness.metrics.parser import Parser
from sm_container.harness.metrics.tally import Tally
from sm_container.harness.store.folder import JobFolder

_INPUT = "-"


def print_metrics(log: str | None, given: Mapping[str, Any], *, form: str) -> None:
    """Say what is in a log, or in those of a job; ``form`` is table, json or csv.

    Raises:
        Complaint, RequestError, DocumentError, ContractError: for what the options say.
        ParserError, OSError: where a log cannot be read to its end.
    """
    require_one_source(given)
    job = None if given["job"] is None else open_store().find(given["job"])
    wanted = definitions(given, job)
    tallies = _tallies(wanted, _logs(log, job))
    lines = {"json": as_json, "csv": as_csv, "table": as_table}[form]
    out = Stream(sys.stdout)
    for line in lines(tallies):
        out.line(line)


def _logs(log: str | None, job: JobFolder | None) -> list[str]:
    if log is not None:
        return [log]
    if job is None:
        raise Complaint(["name a log to look into, or a job with --job"], EXIT_INPUT)
    return [str(job.log(host)) for host in job.hosts_with_logs()]


def _tallies(wanted: Sequence[MetricDefinition], logs: Sequence[str]) -> dict[str, Tally]:
    """All metrics in their order, those without a value too; the notes are said on the way."""
    tallies = {each.name: Tally() for each in wanted}
    err = Stream(sys.stderr)
    with closing(Parser(wanted)) as parser:
        for log in logs:
            for name, tally in _of_one_log(parser, log, err).items():
                tallies[name] = tallies[name].beside(tally)
    for note in parser.notes:
        err.line(f"note: {one_line(note, 500)}", fg="yellow")
    return tallies


def _of_one_log(parser: Parser, log: str, err: Stream) -> dict[str, Tally]:
    tallies: dict[str, Tally] = {}
    with _opened(log) as reader, _progress(log, err) as show:
        while (block := reader.next(is_last=True)) is not None:
            for name, tally in parser.parse(block).tallies.items():
                tallies[name] = tallies[name].followed_by(tally) if name in tallies else tally
            show(reader.position)
    return tallies


def _opened(log: str) -> LogReader:
    if log == _INPUT:
        return LogReader(os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0))
    return LogReader.open(Path(log))


@contextmanager
def _progress(log: str, err: Stream) -> Iterator[Any]:
    """Told of bytes that are done: a bar where the size is known and somebody sees it."""
    if log == _INPUT or not err.is_terminal:
        yield lambda done: None
        return
    bars, name, total = Bars(err), one_line(Path(log).name, 40), os.stat(log).st_size
    try:
        yield lambda done: bars.show(name, done, max(done, total))
    finally:
        bars.close()
