"""Boosting that goes on from where it was: the trees, the figures so far, early stopping.

xgboost is imported when it is needed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sm_container.runtime.checkpoints.checkpoint import Checkpoint
from sm_container.runtime.checkpoints.checkpoints import Checkpoints
from sm_container.runtime.checkpoints.errors import CheckpointError

if TYPE_CHECKING:
    from xgboost import Booster
    from xgboost.callback import TrainingCallback


class XGBoostResume:
    """What ``xgboost.train`` is given so that it saves every ``every`` rounds, and goes on.

    ``booster`` is for its ``xgb_model``, ``callbacks`` for its callbacks (they call the author's),
    and ``rounds_left(n)`` for its ``num_boost_round``. A checkpoint's step is its last round,
    counted from 0; its metrics are the figures of that round, as ``DATA:METRIC``.

    The model does not depend on interruptions: what is drawn at random in a round follows from the
    seed and the number of the round. Callbacks are given the round's number since the very first
    start. Early stopping goes on where its callback is among ``callbacks``, which
    ``early_stopping_rounds`` cannot; other callbacks that remember something begin anew.

    ``stop_when`` is asked after each round: where it holds, the round is saved and training ends.
    Raises CheckpointError where the latest checkpoint is of something else.
    """

    def __init__(
        self,
        checkpoints: Checkpoints,
        *,
        every: int,
        callbacks: Sequence[TrainingCallback] = (),
        stop_when: Callable[[], bool] = lambda: False,
    ) -> None:
        if every < 1:
            raise ValueError(f"every is 1 or more rounds, not {every}")
        try:
            from sm_container.runtime.checkpoints import boosting
        except ImportError as missing:
            raise CheckpointError(
                checkpoints.path, "XGBoostResume needs xgboost", "pip install xgboost"
            ) from missing
        self.checkpoints = checkpoints
        self.every = every
        self.stop_when = stop_when
        self.rounds: int | None = None
        """How many rounds there are to be, once ``rounds_left`` was asked."""
        self.rounds_done = 0
        """How many there were before this start."""
        self.history: dict[str, dict[str, list[float]]] = {}
        """The figures of all rounds since the very first, by data set and metric."""
        self.booster: Booster | None = None
        self._has_ended = False
        stopping: list[dict[str, Any]] = []
        latest = checkpoints.latest()
        if latest is not None:
            self.rounds_done = latest.step + 1
            self.booster = boosting.load(_content(latest, boosting.BOOSTER))
            training = json.loads(_content(latest, boosting.TRAINING))
            self.history, stopping = training["history"], training["early_stopping"]
            self._has_ended = training["has_ended"]
        self.callbacks: list[TrainingCallback] = [boosting.Boosting(self, callbacks, stopping)]

    def rounds_left(self, rounds: int) -> int:
        """How many of ``rounds`` are still to be boosted; 0 where a callback has ended training.

        The last of them is saved as well.
        """
        self.rounds = rounds
        return 0 if self._has_ended else max(0, rounds - self.rounds_done)


def _content(checkpoint: Checkpoint, name: str) -> bytes:
    try:
        return (checkpoint.path / name).read_bytes()
    except FileNotFoundError:
        raise CheckpointError(
            checkpoint.path, f"has no {name}", "remove the checkpoints of another algorithm"
        ) from None
