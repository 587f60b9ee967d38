"""Findings as lines for a person, as they come, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sm_container.cli.diagnosis.finding import Finding, State
from sm_container.cli.stream import Stream
from sm_container.cli.text import one_line

_COLOURS = {State.OK: "green", State.WARNING: "yellow", State.PROBLEM: "red"}


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
    out.line(
        f"{finding.state.value:<8} {finding.subject:<16} {one_line(finding.what, 500)}",
        fg=_COLOURS[finding.state],
    )
    if finding.what_to_do:
        out.line(f"{'':<25} {finding.what_to_do}")
