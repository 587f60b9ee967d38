"""Which checkpoints stay: the newest, the best by a metric, and one that is surely in S3."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sm_container.contract.checkpoint_manifest import MANIFEST_NAME
from sm_container.contract.checkpoints import UPLOADED_SUFFIX
from sm_container.runtime.checkpoints.checkpoint import Checkpoint


@dataclass(frozen=True)
class Retention:
    """How many of the newest stay, and how many of the best by ``metric``."""

    newest: int
    best: int = 0
    metric: str | None = None
    maximize: bool = False

    def kept(self, whole: Sequence[Checkpoint]) -> list[Checkpoint]:
        """Those of ``whole``, which is in order, that stay.

        Of one step only the last saved stays. Where the platform marks what it has uploaded, the
        newest that is wholly uploaded stays as well: were all that stay still on their way when
        the instance is lost, the next start would find none.
        """
        by_step = list({each.step: each for each in whole}.values())
        uploaded = [each for each in by_step if _is_uploaded(each)]
        staying = (*by_step[-self.newest :], *self.ranked(by_step)[: self.best], *uploaded[-1:])
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


def _is_uploaded(checkpoint: Checkpoint) -> bool:
    names = [MANIFEST_NAME, *(file.name for file in checkpoint.manifest.files)]
    return all((checkpoint.path / f"{name}{UPLOADED_SUFFIX}").exists() for name in names)
