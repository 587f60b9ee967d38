"""An assertion about the values of a metric."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Protocol

from sm_container.contract.metrics import MetricDefinition

_SHOWN = 12
_RELATIVE = 1e-6
_ABSOLUTE = 1e-12


class HasMetrics(Protocol):
    """What has values of metrics: a JobResult, a tree."""

    @property
    def metrics(self) -> Mapping[str, Sequence[float]]: ...

    @property
    def metric_definitions(self) -> Sequence[MetricDefinition]: ...

    @property
    def where(self) -> str: ...


def assert_metric(
    result: HasMetrics | Mapping[str, Sequence[float]],
    name: str,
    *,
    below: float | None = None,
    above: float | None = None,
    approx: Any = None,
    decreasing: bool = False,
    increasing: bool = False,
    count: int | None = None,
) -> list[float]:
    """Assert something about a metric, and give its values in their order.

    ``below``, ``above`` and ``approx`` are held against the last value; ``approx`` is a number,
    with the relative tolerance 1e-6, or a ``pytest.approx``. ``decreasing`` values never rise and
    end lower than they began, ``increasing`` ones never fall and end higher. ``count`` is how many
    there are. Without any of them it is asserted that there are values. No comparison holds for
    ``nan``.

    Raises:
        AssertionError: for all that does not hold, at once.
    """
    __tracebackhide__ = True
    found = result if isinstance(result, Mapping) else result.metrics
    values = [float(value) for value in found.get(name, ())]
    if values or count is not None:
        faults = [
            *_faults_of_last(values, below, above, approx),
            *_faults_of_course(values, decreasing, increasing),
            *_faults_of_count(values, count),
        ]
    else:
        faults = [_why_missing(result, found, name)]
    if faults:
        where = "" if isinstance(result, Mapping) else f"\n{result.where}"
        seen = f"\nits values: {_shown(values)}" if values else ""
        raise AssertionError(f"{name} {'; and '.join(faults)}{seen}{where}")
    return values


def _faults_of_last(
    values: Sequence[float], below: float | None, above: float | None, approx: Any
) -> Iterator[str]:
    if not values and not (below is None and above is None and approx is None):
        yield "has no last value"
        return
    if below is not None and not values[-1] < below:
        yield f"is {values[-1]:g} in the end, which is not below {below:g}"
    if above is not None and not values[-1] > above:
        yield f"is {values[-1]:g} in the end, which is not above {above:g}"
    if approx is not None and not _is_near(values[-1], approx):
        yield f"is {values[-1]!r} in the end, which is not near {approx}"


def _faults_of_count(values: Sequence[float], count: int | None) -> Iterator[str]:
    if count is not None and len(values) != count:
        yield f"has {len(values)} values, not {count}"


def _faults_of_course(values: Sequence[float], decreasing: bool, increasing: bool) -> Iterator[str]:
    for wanted, word, sign in ((decreasing, "decreasing", 1), (increasing, "increasing", -1)):
        if not wanted:
            continue
        if len(values) < 2:
            yield f"has {len(values)} values, of which none can be {word}"
            continue
        for number, (one, other) in enumerate(pairwise(values), start=2):
            if not sign * other <= sign * one:
                yield f"is not {word}: value {number} is {other:g} after {one:g}"
                break
        else:
            if not sign * values[-1] < sign * values[0]:
                yield f"is not {word}: all values are {values[0]:g}"


def _is_near(value: float, approx: Any) -> bool:
    if isinstance(approx, int | float):
        return math.isclose(value, approx, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE)
    return bool(value == approx)


def _why_missing(
    result: HasMetrics | Mapping[str, Sequence[float]],
    found: Mapping[str, Sequence[float]],
    name: str,
) -> str:
    if name in found:
        return "has no values"
    others = ", ".join(f"{other} ({len(values)})" for other, values in found.items()) or "none"
    close = difflib.get_close_matches(name, found, 1)
    meant = f", perhaps {close[0]} is meant" if close else ""
    why = ""
    if not isinstance(result, Mapping):
        regexes = [each.regex for each in result.metric_definitions if each.name == name]
        why = (
            f": no line of the log is matched by its definition {regexes[0]!r}"
            if regexes
            else ": it has no definition, which sm.Metric declares or metrics={name: regex} gives"
        )
    return f"was not found{why}; metrics that were found: {others}{meant}"


def _shown(values: Sequence[float]) -> str:
    words = [f"{value:g}" for value in values]
    if len(words) > _SHOWN:
        half = _SHOWN // 2
        words = [*words[:half], f"… {len(words) - 2 * half} more …", *words[-half:]]
    return ", ".join(words)
