"""Which checkpoints the policy keeps: the newest, and the best by a metric."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sm_container.runtime.checkpoints.checkpoint import Checkpoint


@dataclass(frozen=True)
class Retention:
    """How many of the newest stay, and how many of the best by ``metric``."""

    newest: int
    best: int = 0
    metric: str | None = None
    maximize: bool = False

    def kept(self, whole: Sequence[Checkpoint]) -> list[Checkpoint]:
        """Those of ``whole``, which is in order, that stay; of one step only the last saved."""
        by_step = last_of_each_step(whole)
        staying = (*by_step[-self.newest :], *self.ranked(by_step)[: self.best])
        kept = {each.path for each in staying}
        return [each for each in by_step if each.path in kept]

    def ranked(self, whole: Sequence[Checkpoint]) -> list[Checkpoint]:
        """Those that have a value of the metric, the best first; of equal ones the earliest."""
        metric = self.metric
        if metric is None:
            return []
        sign = -1 if self.maximize else 1
        valued = [
            (sign * each.metrics[metric], each.step, each)
            for each in whole
            if not math.isnan(each.metrics.get(metric, math.nan))
        ]
        return [each for _, _, each in sorted(valued, key=lambda item: item[:2])]


def last_of_each_step(whole: Sequence[Checkpoint]) -> list[Checkpoint]:
    """Of checkpoints in order, those that no later save of their step stands in place of."""
    return list({each.step: each for each in whole}.values())
