"""What ``certify`` does, once its options are read, and how its verdicts look to a person."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sm_container.cli.errors import EXIT_HARNESS, EXIT_INPUT, Complaint
from sm_container.cli.home import open_home
from sm_container.cli.orphans import end_orphans
from sm_container.cli.removal import Refused, remove
from sm_container.cli.running import asked_for
from sm_container.cli.stream import Stream
from sm_container.cli.text import duration, one_line
from sm_container.declaration.specification import Specification
from sm_container.harness.job.options import RunOptions
from sm_container.harness.report.environment import ReportError
from sm_container.harness.request.document import load_document
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.home import Home
from sm_container.harness.store.jobs import JobStore
from sm_container.testing.certify import battery
from sm_container.testing.certify.bench import Bench
from sm_container.testing.certify.check import Check, Outcome, Profile, Verdict
from sm_container.testing.certify.place import left_over, own_home
from sm_container.testing.certify.report.junit import junit
from sm_container.testing.certify.report.summary import Summary

_EXIT_FOUND = 1
_MARKS = {
    Outcome.PASS: ("pass", "green"),
    Outcome.FAIL: ("FAIL", "red"),
    Outcome.NOT_APPLICABLE: ("n/a ", None),
    Outcome.ERROR: ("ERR ", "yellow"),
}


def certify(
    target: str | None, arguments: tuple[str, ...], given: Mapping[str, Any], *, as_json: bool
) -> int:
    """Hold a target against the contract as the options say; the exit code of the command."""
    out, err = Stream(sys.stdout), Stream(sys.stderr)
    checks = _chosen(given)
    home = open_home()
    request, options = asked_for(home, target, arguments, given, err)
    said = out if not as_json else err
    for left in left_over(home):
        _delete(left, err)
    with own_home(home, kept=given["keep"]) as own, _deleted(own, given["keep"], err):
        bench = Bench(
            own, request, options, own.path, _specification(given["algorithm"]), request.name
        )
        said.line(f"{options.target}: {len(checks)} checks on {bench.engine.name}", bold=True)
        verdicts = list(_told(battery.certify(bench, checks, lambda check: None), said))
        summary = _summary(options, bench, given["profile"], verdicts)
    _write_files(given, summary, err)
    if as_json:
        out.line(json.dumps(summary.to_document(), indent=2))
    said.line(f"{'certified' if summary.is_good else 'not certified'}: {summary}", bold=True)
    return 0 if summary.is_good else _EXIT_FOUND


def list_checks(profile: str, as_json: bool) -> int:
    """Print the checks of a profile."""
    out = Stream(sys.stdout)
    checks = battery.chosen(Profile(profile))
    if as_json:
        named = [{"Name": each.name, "Title": each.title, "Why": each.why} for each in checks]
        out.line(json.dumps(named, indent=2))
        return 0
    width = max(len(check.name) for check in checks)
    for check in checks:
        out.line(f"{check.name.ljust(width)}  {check.title}")
    return 0


def _chosen(given: Mapping[str, Any]) -> list[Check]:
    known = {check.name for check in battery.BATTERY}
    unknown = [name for name in (*given["only"], *given["skip"]) if name not in known]
    if unknown:
        raise Complaint(
            [f"there is no check {name!r}: certify --list names them" for name in unknown],
            EXIT_INPUT,
        )
    return battery.chosen(Profile(given["profile"]), given["only"], given["skip"])


@contextmanager
def _deleted(own: Home, kept: bool, err: Stream) -> Iterator[None]:
    """Delete the battery's home after the block, unless it is kept."""
    try:
        yield
    finally:
        if kept:
            err.line(f"kept: SM_CONTAINER_HOME={own.path} sm-container ps --all", dim=True)
        else:
            _delete(own, err)


def _delete(own: Home, err: Stream) -> None:
    """Delete a battery's home with its jobs; whatever stays is found by the next battery."""
    store = JobStore(own)
    end_orphans(store, err)
    for summary in store.summaries():
        try:
            remove(store, JobFolder(own.jobs / summary.name), err, force=True)
        except Refused as refusal:
            err.line(f"Warning: {refusal}", fg="yellow")
            return
    shutil.rmtree(own.path)


def _specification(path: Path | None) -> Specification | None:
    return None if path is None else Specification.from_document(load_document(path), path)


def _told(verdicts: Iterator[Verdict], out: Stream) -> Iterator[Verdict]:
    """The verdicts as they come, each told."""
    for verdict in verdicts:
        mark, colour = _MARKS[verdict.finding.outcome]
        took = f" ({duration(verdict.seconds)})" if verdict.jobs else ""
        out.line(
            f"{mark}  {verdict.check.name}: {one_line(verdict.finding.seen, 300)}{took}", fg=colour
        )
        if not verdict.is_good:
            out.line(f"      why:  {verdict.check.why}")
            out.line(f"      mend: {verdict.check.mend}")
        yield verdict


def _summary(
    options: RunOptions, bench: Bench, profile: str, verdicts: Sequence[Verdict]
) -> Summary:
    return Summary(
        options.target, bench.engine.name, Profile(profile), time.time(), tuple(verdicts)
    )


def _write_files(given: Mapping[str, Any], summary: Summary, err: Stream) -> None:
    """Raises Complaint where a file cannot be written."""
    try:
        if given["junit"] is not None:
            given["junit"].write_text(junit(summary), encoding="utf-8")
        if given["html"] is not None:
            from sm_container.testing.certify.report.page import page

            given["html"].write_text(page(summary), encoding="utf-8")
            err.line(f"page: {given['html'].absolute()}", dim=True)
    except (OSError, ReportError) as fault:
        raise Complaint([str(fault)], EXIT_HARNESS) from fault
