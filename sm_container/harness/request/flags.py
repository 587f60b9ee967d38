"""Values of flags: pairs, durations, paths. What cannot be read says what to write."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from sm_container.harness.request.extensions import absolute
from sm_container.harness.request.wording import display

_DURATION = re.compile(r"([0-9]{1,12})([smhd]?)", re.ASCII)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 60 * 60, "d": 24 * 60 * 60}


class FlagError(ValueError):
    """One or more flags that cannot be read."""

    def __init__(self, *faults: str) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@contextmanager
def noted(faults: list[str]) -> Iterator[None]:
    """Take a FlagError down in `faults`, so that the flags after it are read too."""
    try:
        yield
    except FlagError as error:
        faults += error.faults


def pair(flag: str, text: str, form: str) -> tuple[str, str]:
    """``KEY=VALUE`` in two; the value may hold more equals signs, and be empty.

    Raises:
        FlagError: there is no equals sign, or no key before it.
    """
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise FlagError(f"{flag} '{display(key)}': write {flag} {form}")
    return key, value


def seconds(flag: str, text: str) -> int:
    """A duration in seconds: ``900``, ``90s``, ``15m``, ``2h`` or ``1d``.

    Raises:
        FlagError: the text is none of these.
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise FlagError(f"{flag} '{display(text)}': write seconds, or 90s, 15m, 2h, 1d")
    return int(found[1]) * _UNITS[found[2]]


def expanded(source: str) -> str:
    """Data on this machine as an absolute path (``~`` is the home folder), any other as it is."""
    if source == "~" or source.startswith("~/"):
        source = os.path.expanduser(source)
    return absolute(source)


def at_commas(text: str) -> list[str]:
    """The parts of a flag's value between single commas; a comma written twice is just one."""
    parts = [""]
    for piece in re.split(r"(,,|,)", text):
        if piece == ",":
            parts.append("")
        else:
            parts[-1] += "," if piece == ",," else piece
    return parts
