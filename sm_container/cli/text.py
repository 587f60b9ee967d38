"""Durations, times and foreign text as a person reads them."""

from __future__ import annotations

import time

_UNITS = (("d", 86_400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1))


def duration(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``3 min 5 s``, ``2 h``, ``3 d 4 h``: two units at most."""
    if seconds < 9.95:
        return f"{max(0.0, seconds):.1f} s"
    whole = round(seconds)
    for unit, length, below, part in _UNITS:
        if whole >= length:
            rest = whole % length // part
            return (
                f"{whole // length} {unit} {rest} {below}" if rest else f"{whole // length} {unit}"
            )
    return f"{whole} s"


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


def printable(text: str) -> str:
    """Text that others wrote, without what would steer a terminal; lines stay lines."""
    return "".join(
        each
        if each.isprintable() or each in "\n\t"
        else each.encode("unicode_escape", "backslashreplace").decode()
        for each in text
    )


def one_line(text: str, limit: int = 200) -> str:
    """Text that others wrote, on one line and not too long."""
    line = " ".join(printable(text).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
