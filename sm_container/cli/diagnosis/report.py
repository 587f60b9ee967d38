"""Findings as lines for a person, as they come, or as JSON."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable

from sm_container.cli.diagnosis.finding import Finding, State
from sm_container.cli.stream import Stream
from sm_container.cli.text import one_line, wrapped

_COLOURS = {State.OK: "green", State.WARNING: "yellow", State.PROBLEM: "red"}
_INDENT = 26
_WIDE = 10_000


def print_report(findings: Iterable[Finding], out: Stream, *, as_json: bool) -> int:
    """Print all; the exit code: 1 where there is a problem."""
    shown: list[Finding] = []
    for finding in findings:
        shown.append(finding)
        if not as_json:
            _print(finding, out)
    if as_json:
        out.line(
            json.dumps(
                [
                    {
                        "Subject": each.subject,
                        "State": each.state.value,
                        "What": each.what,
                        "WhatToDo": each.what_to_do,
                    }
                    for each in shown
                ],
                indent=2,
            )
        )
    return 1 if any(each.state is State.PROBLEM for each in shown) else 0


def _print(finding: Finding, out: Stream) -> None:
    room = shutil.get_terminal_size().columns - _INDENT if out.is_terminal else _WIDE
    heading = f"{finding.state.value:<8} {finding.subject:<16} "
    for line in wrapped(one_line(finding.what, 500), room):
        out.line(f"{heading:<{_INDENT}}{line}", fg=_COLOURS[finding.state])
        heading = ""
    for line in wrapped(finding.what_to_do, room) if finding.what_to_do else ():
        out.line(f"{'':<{_INDENT}}{line}")
