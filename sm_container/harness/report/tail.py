"""The end of a host's log as plain text, however long the log and its lines are."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from sm_container.harness.store.folder import JobFolder

LINES = 200
_BYTES = 128 * 1024

# ECMA-48: control sequences; strings (OSC and its like) up to their end; other escapes.
_ESCAPE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?"
)


@dataclass(frozen=True)
class Tail:
    """``is_whole``: nothing was written before it."""

    host: str
    text: str
    lines: int
    is_whole: bool


def tails(folder: JobFolder) -> list[Tail]:
    """The last LINES lines of each host that has written something, 128 KiB of them at most."""
    return [each for host in folder.hosts_with_logs() if (each := _tail(folder, host)).text]


def plain(text: str) -> str:
    """Text as a terminal would leave it: no escape sequences, of a progress bar its last state."""
    lines = _ESCAPE.sub("", text).split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)


def _tail(folder: JobFolder, host: str) -> Tail:
    with open(folder.log(host), "rb") as file:
        begin = max(0, file.seek(0, os.SEEK_END) - _BYTES)
        file.seek(begin)
        data = file.read(_BYTES)
    lines = data.decode("utf-8", "replace").removesuffix("\n").split("\n")
    if begin and len(lines) > 1:
        lines = lines[1:]  # it began before
    shown = lines[-LINES:]
    return Tail(host, plain("\n".join(shown)), len(shown), not begin and len(shown) == len(lines))
