"""What a metric's pattern is to the two engines: Python's ``re``, and RE2.

Source: AlgorithmSpecification, MetricDefinitions. The service's engine is not documented; a page on
tuning calls the patterns "regular expressions in Python".
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

_WRITTEN_TAB = re.compile(r"#011(?![*+?{])")

Finder = Callable[[str], Sequence[str]]
"""The first group of each match on a line; empty where the group is not part of the match."""


class PatternError(ValueError):
    """A pattern that finds nothing: it does not compile, or has no group for the value."""


class Engine(Enum):
    """Who evaluates a pattern."""

    RE = "re"
    """Python's: its meaning is the definition. It may take time without bounds."""
    RE2 = "re2"
    """Linear in time. Its ``\\d``, ``\\w``, ``\\s`` and ``\\b`` know ASCII alone."""


def for_raw_lines(regex: str) -> str:
    """A pattern that finds in a line as it was written what it finds in the service's log.

    There a tab is ``#011``, and the patterns of the service's own algorithms are written for that.
    Source: DescribeTrainingJob of a job with the built-in XGBoost.
    """
    return _WRITTEN_TAB.sub(lambda _: r"(?:#011|\t)", regex)


def engine_for(regex: str) -> Engine:
    """The engine that takes a pattern; Python's where both do.

    Raises:
        PatternError: where neither does, or the pattern has no group.
    """
    try:
        groups, engine = python_pattern(regex).groups, Engine.RE
    except PatternError as fault:
        # One that is too large for Python may be plain text for RE2.
        other = re2_pattern(regex) if isinstance(fault.__cause__, re.error) else None
        if other is None:
            raise fault from None
        groups, engine = other.groups, Engine.RE2
    if not groups:
        raise PatternError("has no group; put the value in one, such as loss=([0-9.]+)")
    return engine


def finder(regex: str, engine: Engine) -> Finder:
    """What finds the values of a pattern that its engine takes."""
    if engine is Engine.RE2:
        return _re2_finder(re2_pattern(regex))
    pattern = python_pattern(regex)
    if pattern.groups == 1:
        return pattern.findall
    return lambda line: [groups[0] for groups in pattern.findall(line)]


def _re2_finder(pattern: Any) -> Finder:
    def found(line: str) -> list[str]:
        matches = pattern.finditer(line.encode())  # on text it would count characters, slowly
        return [(match.group(1) or b"").decode() for match in matches]

    return found


def python_pattern(regex: str) -> re.Pattern[str]:
    """The pattern as Python reads it. Raises PatternError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what a later Python may read differently
        try:
            return re.compile(regex)
        except (re.error, OverflowError, RecursionError) as fault:
            raise PatternError(f"does not compile: {fault}") from fault


def re2_pattern(regex: str) -> Any:
    """The pattern as RE2 reads it; None where it does not take it."""
    import re2

    try:
        return re2.compile(regex.encode(), re2_options())
    except re2.error:
        return None


def re2_options() -> Any:
    """Options of RE2 for one line at a time."""
    import re2

    options = re2.Options()
    options.log_errors = False  # it would write to the standard error by itself
    return options
