"""One file of records into another, with a bar where there is a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sm_container.cli.errors import EXIT_INPUT, Complaint
from sm_container.cli.progress import Bars
from sm_container.cli.recordio.opening import opened
from sm_container.cli.stream import Stream
from sm_container.cli.text import one_line
from sm_container.harness.sizes import size
from sm_container.records.batch import LABEL
from sm_container.records.convert import convert, copy_records, whole_or_not_at_all
from sm_container.records.errors import OnFault
from sm_container.records.formats import format_of


def convert_file(
    source: str, target: str, content_type: str | None, given: Mapping[str, Any]
) -> None:
    """Convert as the options say, and say what came of it on stderr.

    Raises RecordError, FormatError; Complaint where the options do not go together.
    """
    to = given["to"]
    if target == "-" and to is None:
        raise Complaint(["say what the output is to hold, with --to"], EXIT_INPUT)
    if given["label"] is not None and given["no_label"]:
        raise Complaint(["--label and --no-label exclude each other"], EXIT_INPUT)
    if target != "-" and Path(target).is_dir():
        raise Complaint([f"{target} is a folder, and {source} is not: name a file"], EXIT_INPUT)
    if target != "-" and not Path(target).absolute().parent.is_dir():
        raise Complaint([f"{Path(target).parent}: no such folder"], EXIT_INPUT)
    options: dict[str, Any] = {
        "label": None if given["no_label"] else given["label"] or LABEL,
        "columns": _names(given["columns"]),
        "on_fault": OnFault(given["on_fault"]),
    }
    err = Stream(sys.stderr)
    if "-" in (source, target):
        rows = _through(source, target, content_type, to, options)
        err.line(_records(rows))
        return
    with opened(source, content_type) as found:
        from_ = content_type or found.format.content_type
    if not err.is_terminal:
        done = convert(source, target, from_=from_, to=to, **options)
    else:
        bars, name = Bars(err), one_line(Path(source).name, 40)
        options["progress"] = lambda at, total: bars.show(name, at, total)
        try:
            done = convert(source, target, from_=from_, to=to, **options)
        finally:
            bars.close()
    err.line(f"{target}: {_records(done.rows)}, {size(done.written)}")


def _through(
    source: str, target: str, content_type: str | None, to: str | None, options: Mapping[str, Any]
) -> int:
    write_as = format_of(to, target)
    with opened(source, content_type) as found:
        read = (found.source, found.name, found.format)
        if target != "-":
            with whole_or_not_at_all(target) as sink:
                return copy_records(*read, sink, write_as, **options)
        try:
            rows = copy_records(*read, sys.stdout.buffer, write_as, **options)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            # Who reads the output has what they wanted, as in `... | head`.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        return rows


def _records(count: int) -> str:
    return f"{count:,} record{'' if count == 1 else 's'}"


def _names(columns: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in columns.split(",")) if columns else ()
