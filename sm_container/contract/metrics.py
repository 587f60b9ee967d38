"""Metric lines in the log, and the definitions by which the service finds their values.

A line is ``[metric] NAME=VALUE step=STEP``. The name is written so that no name's line can
hold another's, and so that every definition stays within the service's 500 characters.
Source: CreateTrainingJob, AlgorithmSpecification, MetricDefinitions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import SupportsFloat, SupportsIndex
from urllib.parse import quote

NAME_LIMIT = 255
REGEX_LIMIT = 500
LINE_ENDS = frozenset("\n\r\u0085\u2028\u2029")
"""What the service's pattern for both, ``.+``, does not take: a ``.`` of Java is none of these."""

_VALUE = r"(-?[0-9][0-9.e+-]*|-?inf|nan)"
_BARE = ":/@"  # beside letters, digits and _.-~, written as they are
_HEAD_OF_LONG = 40


@dataclass(frozen=True)
class MetricDefinition:
    """One entry of MetricDefinitions: the first group of ``regex`` is the value."""

    name: str
    regex: str

    def to_document(self) -> dict[str, str]:
        return {"Name": self.name, "Regex": self.regex}

    @classmethod
    def from_document(cls, document: Mapping[str, str]) -> MetricDefinition:
        return cls(document["Name"], document["Regex"])


def metric_line(name: str, value: SupportsFloat | SupportsIndex, step: int | None = None) -> str:
    """The line, without its newline, that reports one value; nan and inf included.

    Raises ValueError for a name that the service would refuse, TypeError for a value that is
    not a number.
    """
    if isinstance(value, (str, bytes)):
        raise TypeError(f"metric {name!r}: {value!r} is text; log a number")
    tail = "" if step is None else f" step={int(step)}"
    return f"[metric] {_written(name)}={float(value)!r}{tail}"


def definition_for(name: str) -> MetricDefinition:
    """The definition that finds the values of ``metric_line(name, ...)`` and of no other line.

    Its pattern reads the same to RE2, to Java and to Python's re.
    """
    return MetricDefinition(name, _regex(_written(name)))


def _regex(written: str) -> str:
    return rf"\[metric\] {written.replace('.', chr(92) + '.')}={_VALUE}"


def _written(name: str) -> str:
    """The name as it stands in a line: percent-encoded, so free of blanks, brackets and '='.

    Where that would need too long a pattern: its head and a digest of it, after a ``~~`` that
    no encoded name holds.
    """
    if not 1 <= len(name) <= NAME_LIMIT or not LINE_ENDS.isdisjoint(name):
        raise ValueError(
            f"a metric's name has 1 to {NAME_LIMIT} characters and no end of a line, "
            f"not {name[:300]!r}"
        )
    raw = name.encode("utf-8", "surrogatepass")
    written = quote(raw, safe=_BARE).replace("~", "%7E")
    if len(_regex(written)) <= REGEX_LIMIT:
        return written
    import hashlib  # loads OpenSSL: not for the names that nearly everyone uses

    return f"{written[:_HEAD_OF_LONG]}~~{hashlib.sha256(raw).hexdigest()[:24]}"
