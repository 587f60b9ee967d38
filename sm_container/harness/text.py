"""Durations and foreign text as a person reads them, on a terminal or on a page."""

from __future__ import annotations

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


def printable(text: str) -> str:
    """Text that others wrote, without what would steer a terminal; lines stay lines."""
    return "".join(
        each
        if each.isprintable() or each in "\n\t"
        else each.encode("unicode_escape", "backslashreplace").decode()
        for each in text
    )
