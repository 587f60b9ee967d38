"""The callback that ``xgboost.train`` calls, round by round, for XGBoostResume."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from xgboost import Booster
from xgboost.callback import EarlyStopping, TrainingCallback

if TYPE_CHECKING:
    from sm_container.runtime.checkpoints.xgboost import XGBoostResume

BOOSTER = "booster.ubj"
TRAINING = "training.json"
# What changes in an EarlyStopping while it watches.
_WATCHED = ("stopping_history", "best_scores", "current_rounds", "maximize")


def load(content: bytes) -> Booster:
    """The booster that a checkpoint holds."""
    booster = Booster()
    booster.load_model(bytearray(content))
    return booster


class Boosting(TrainingCallback):
    """The author's callbacks in their order, each round's seed before them, the save after them.

    One for all, since XGBoost 2 calls several in any order. ``stopping`` are the states of the
    callbacks that stop early.
    """

    def __init__(
        self,
        resume: XGBoostResume,
        callbacks: Sequence[TrainingCallback],
        stopping: Sequence[dict[str, Any]],
    ) -> None:
        super().__init__()
        self._resume = resume
        self._callbacks = callbacks
        self._watching = [each for each in callbacks if isinstance(each, EarlyStopping)]
        for callback, state in zip(self._watching, stopping, strict=False):
            vars(callback).update(state)
        self._seed = 0

    def before_training(self, model: Any) -> Any:
        for each in self._callbacks:
            model = each.before_training(model)
        return model

    def after_training(self, model: Any) -> Any:
        for each in self._callbacks:
            model = each.after_training(model)
        return model

    def before_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        config = model.save_config()
        if epoch == 0:
            self._seed = int(json.loads(config)["learner"]["generic_param"]["seed"])
            evals_log.update(self._resume.history)
            self._resume.history = evals_log
        # What samples columns is made with the first round and goes on from there; loading its own
        # configuration makes the booster forget that, and nothing else.
        model.load_config(config)
        model.set_param("seed", self._seed + self._resume.rounds_done + epoch)
        return any(
            each.before_iteration(model, self._told(each, epoch), evals_log)
            for each in self._callbacks
        )

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        resume = self._resume
        done = resume.rounds_done + epoch + 1
        ends = any(
            each.after_iteration(model, self._told(each, epoch), evals_log)
            for each in self._callbacks
        )
        stops = resume.stop_when()
        if ends or stops or done % resume.every == 0 or done == resume.rounds:
            self._save(model, done - 1, evals_log, ends)
        return ends or stops

    def _told(self, callback: TrainingCallback, epoch: int) -> int:
        """The number of the round since the very first start; early stopping adds to it itself."""
        return epoch if isinstance(callback, EarlyStopping) else self._resume.rounds_done + epoch

    def _save(self, model: Any, step: int, evals_log: Any, has_ended: bool) -> None:
        training = {
            "history": evals_log,
            "early_stopping": [
                {name: vars(each)[name] for name in _WATCHED} for each in self._watching
            ],
            "has_ended": has_ended,
        }
        state = {
            BOOSTER: bytes(model.save_raw("ubj")),
            TRAINING: json.dumps(training).encode(),
        }
        figures = {
            f"{data}:{metric}": values[-1]
            for data, metrics in evals_log.items()
            for metric, values in metrics.items()
        }
        self._resume.checkpoints.save(step, state, metrics=figures)
