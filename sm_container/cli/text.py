"""Durations, times and foreign text as a person reads them."""

from __future__ import annotations

import time

from sm_container.harness.text import duration, printable

__all__ = ["clock", "duration", "moment", "one_line", "printable", "wrapped"]


def clock(moment: float) -> str:
    """The local time of day of an epoch second."""
    return time.strftime("%H:%M:%S", time.localtime(moment))


def moment(epoch: float) -> str:
    """The local date and time of an epoch second."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(epoch))


def wrapped(text: str, room: int) -> list[str]:
    """Text in lines of ``room`` characters, cut at blanks alone: paths and commands stay whole."""
    import textwrap

    lines = textwrap.wrap(text, max(room, 20), break_long_words=False, break_on_hyphens=False)
    return lines or [""]


def one_line(text: str, limit: int = 200) -> str:
    """Text that others wrote, on one line and not too long."""
    line = " ".join(printable(text).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
