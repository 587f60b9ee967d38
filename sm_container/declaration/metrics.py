"""A metric as an author declares it. Source: AlgorithmSpecification, MetricDefinitions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sm_container.contract.metrics import LINE_ENDS, REGEX_LIMIT, MetricDefinition, definition_for
from sm_container.declaration.errors import DeclarationError

GOALS = ("Minimize", "Maximize")


@dataclass(frozen=True)
class Metric:
    """A value that the algorithm reports.

    ``goal`` (Minimize or Maximize) makes it an objective for tuning jobs. ``regex`` is for a
    metric that a program prints in a form of its own; without it ``job.metrics.log`` writes the
    lines and the definition is made to match.
    """

    name: str
    goal: str | None = None
    regex: str | None = None

    def __post_init__(self) -> None:
        try:
            definition_for(self.name)
        except ValueError as error:
            raise DeclarationError(f"Metric: {error}") from None
        if self.goal is not None and self.goal not in GOALS:
            raise DeclarationError(f"Metric({self.name!r}): goal is one of {', '.join(GOALS)}")
        if self.regex is not None:
            self._check(self.regex)

    def _check(self, regex: str) -> None:
        where = f"Metric({self.name!r}): regex"
        if not 1 <= len(regex) <= REGEX_LIMIT or not LINE_ENDS.isdisjoint(regex):
            raise DeclarationError(
                f"{where} must have 1 to {REGEX_LIMIT} characters and no end of a line"
            )
        try:
            groups = re.compile(regex).groups
        except re.error as error:
            raise DeclarationError(f"{where} is not a regular expression: {error}") from None
        if groups < 1:
            raise DeclarationError(f"{where} needs a group (...) around the value")

    @property
    def definition(self) -> MetricDefinition:
        """The definition by which the service finds the metric's values in the log."""
        if self.regex is not None:
            return MetricDefinition(self.name, self.regex)
        return definition_for(self.name)
