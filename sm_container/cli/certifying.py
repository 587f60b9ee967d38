"""What ``certify`` does, once its options are read."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sm_container.cli.batteries import delete, deleted, forget, keep, kept
from sm_container.cli.errors import EXIT_HARNESS, EXIT_INPUT, Complaint
from sm_container.cli.findings import Now, Rows
from sm_container.cli.home import open_home
from sm_container.cli.running import asked_for
from sm_container.cli.stream import Stream
from sm_container.declaration.specification import Specification
from sm_container.harness.engines.engine import EngineError, Notes
from sm_container.harness.life.stopping import raising_interrupts
from sm_container.harness.report.environment import ReportError
from sm_container.harness.request.algorithm import load_algorithm
from sm_container.testing.certify import battery
from sm_container.testing.certify.bench import Bench
from sm_container.testing.certify.check import Check, Profile, Verdict
from sm_container.testing.certify.place import left_over, own_home
from sm_container.testing.certify.report.junit import junit
from sm_container.testing.certify.report.summary import Summary

_EXIT_FOUND = 1
_MAX_RUNTIME = "30m"


def certify(
    target: str | None, arguments: tuple[str, ...], given: Mapping[str, Any], *, as_json: bool
) -> int:
    """Hold a target against the contract as the options say; the exit code of the command."""
    out, err = Stream(sys.stdout), Stream(sys.stderr)
    checks = _chosen(given)
    _require_writable(given)
    home = open_home()
    for left in left_over(home):
        delete(left, err)
    request, options = asked_for(home, target, arguments, _limited(given), err)
    specification = _specification(given["algorithm"])
    said = err if as_json else out
    with (
        raising_interrupts(),
        own_home(home, kept=given["keep"]) as own,
        kept(own, err) if given["keep"] else deleted(own, err),
    ):
        now = Now(said if said.is_terminal else err)
        bench = Bench(own, request, options, own.path, specification, _notes(now, err))
        bench.require()
        engine, profile = bench.engine.name, Profile(given["profile"])
        count = "1 check" if len(checks) == 1 else f"{len(checks)} checks"
        said.line(f"{options.target}: {count} on {engine}", bold=True)
        names = [check.name for check in checks]
        begun = time.time()
        after = keep if given["keep"] else partial(forget, bench, err)
        verdicts = _made(bench, checks, Rows(said, max(map(len, names))), now, after)
        summary = Summary(
            options.target,
            engine,
            profile,
            begun,
            verdicts,
            _image_id(bench),
            str(own.path) if given["keep"] else None,
        )
    _write_files(given, summary, err)
    if as_json:
        out.line(json.dumps(summary.to_document(), indent=2))
    said.line(f"{summary.word}: {summary}", bold=True, fg="green" if summary.is_good else "red")
    return 0 if summary.is_good else _EXIT_FOUND


def list_checks(given: Mapping[str, Any], *, as_json: bool) -> int:
    """Print the checks that would be made."""
    out = Stream(sys.stdout)
    checks = _chosen(given)
    if as_json:
        out.line(json.dumps([check.to_document() for check in checks], indent=2))
        return 0
    width = max(len(check.name) for check in checks)
    for check in checks:
        out.line(f"{check.name.ljust(width)}  {check.title}")
    return 0


def _made(
    bench: Bench,
    checks: Sequence[Check],
    rows: Rows,
    now: Now,
    after: Callable[[Verdict], None],
) -> tuple[Verdict, ...]:
    """Make the checks, and tell each verdict as it comes; ``after`` hears it last."""
    numbers = {check.name: number for number, check in enumerate(checks, 1)}
    verdicts = []
    try:
        for verdict in battery.certify(
            bench, checks, lambda check: now.show(check, numbers[check.name], len(checks))
        ):
            now.close()
            rows.add(verdict)
            verdicts.append(verdict)
            after(verdict)
    finally:
        now.close()
    return tuple(verdicts)


def _image_id(bench: Bench) -> str | None:
    """What the engine calls the image; None of a program, and where the engine does not say."""
    try:
        return None if bench.image is None else bench.image.identity
    except EngineError:
        return None  # the checks of the image have said so


def _notes(now: Now, err: Stream) -> Notes:
    def note(line: str) -> None:
        now.close()
        err.line(line, dim=True)

    return note


def _limited(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options with a time limit, which the service's default of a day is not here."""
    is_limited = given["max_runtime"] is not None or given["request"] is not None
    return given if is_limited else {**given, "max_runtime": _MAX_RUNTIME}


def _chosen(given: Mapping[str, Any]) -> list[Check]:
    known = {check.name for check in battery.BATTERY}
    unknown = [name for name in (*given["only"], *given["skip"]) if name not in known]
    if unknown:
        raise Complaint(
            [f"there is no check {name!r}: certify --list names them" for name in unknown],
            EXIT_INPUT,
        )
    checks = battery.chosen(Profile(given["profile"]), given["only"], given["skip"])
    if not checks:
        raise Complaint(["no check is left: every one is skipped"], EXIT_INPUT)
    return checks


def _require_writable(given: Mapping[str, Any]) -> None:
    """Not after minutes of checks: whether the reports can be written at all."""
    for option in ("junit", "html"):
        path = given[option]
        if path is not None and not os.access(path if path.exists() else path.parent, os.W_OK):
            raise Complaint([f"--{option} {path}: it cannot be written there"], EXIT_INPUT)
    if given["html"] is not None:
        from sm_container.testing.certify.report.page import require_page

        try:
            require_page()
        except ReportError as fault:
            raise Complaint([str(fault)], EXIT_HARNESS) from fault


def _specification(path: Path | None) -> Specification | None:
    return None if path is None else Specification.from_document(load_algorithm(path), path)


def _write_files(given: Mapping[str, Any], summary: Summary, err: Stream) -> None:
    """Raises Complaint where a file cannot be written."""
    try:
        if given["junit"] is not None:
            given["junit"].write_text(junit(summary), encoding="utf-8")
        if given["html"] is not None:
            from sm_container.testing.certify.report.page import page

            given["html"].write_text(page(summary), encoding="utf-8")
            err.line(f"page: {given['html'].absolute()}", dim=True)
    except OSError as fault:
        raise Complaint([f"{fault.filename}: {fault.strerror}"], EXIT_HARNESS) from fault
