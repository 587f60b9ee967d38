"""The callbacks that ``xgboost.train`` calls, round by round, for XGBoostResume."""

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


def callbacks(
    resume: XGBoostResume, given: Sequence[TrainingCallback], stopping: Sequence[dict[str, Any]]
) -> list[TrainingCallback]:
    """All callbacks in their order. ``stopping`` are the states of those that stop early."""
    watching = [each for each in given if isinstance(each, EarlyStopping)]
    for callback, state in zip(watching, stopping, strict=False):
        vars(callback).update(state)
    counted = [
        each if isinstance(each, EarlyStopping) else _Counted(each, resume.rounds_done)
        for each in given
    ]
    return [_Begin(resume), *counted, _Save(resume, watching)]


class _Begin(TrainingCallback):
    """Gives the figures of the rounds before back, and each round a seed of its own."""

    def __init__(self, resume: XGBoostResume) -> None:
        super().__init__()
        self._resume = resume
        self._seed = 0

    def before_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        config = model.save_config()
        if epoch == 0:
            self._seed = int(json.loads(config)["learner"]["generic_param"]["seed"])
            evals_log.update(self._resume.history)
            self._resume.history = evals_log
        # Samplers of columns are made with the first round and go on from there; loading its own
        # configuration makes the booster forget them, and nothing else.
        model.load_config(config)
        model.set_param("seed", self._seed + self._resume.rounds_done + epoch)
        return False


class _Counted(TrainingCallback):
    """A callback of the author, told the round's number since the very first start.

    EarlyStopping needs none: it adds the rounds of the booster itself.
    """

    def __init__(self, callback: TrainingCallback, rounds_done: int) -> None:
        super().__init__()
        self._callback = callback
        self._rounds_done = rounds_done

    def before_training(self, model: Any) -> Any:
        return self._callback.before_training(model)

    def after_training(self, model: Any) -> Any:
        return self._callback.after_training(model)

    def before_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        return self._callback.before_iteration(model, self._rounds_done + epoch, evals_log)

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        return self._callback.after_iteration(model, self._rounds_done + epoch, evals_log)


class _Save(TrainingCallback):
    """Saves every so many rounds, at the last one, and at a stop."""

    def __init__(self, resume: XGBoostResume, watching: Sequence[EarlyStopping]) -> None:
        super().__init__()
        self._resume = resume
        self._watching = watching

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        resume = self._resume
        done = resume.rounds_done + epoch + 1
        stops = resume.stop_when()
        if stops or done % resume.every == 0 or done == resume.rounds:
            training = {
                "history": evals_log,
                "early_stopping": [
                    {name: vars(each)[name] for name in _WATCHED} for each in self._watching
                ],
            }
            figures = {
                f"{data}:{metric}": values[-1]
                for data, metrics in evals_log.items()
                for metric, values in metrics.items()
            }
            state = {
                BOOSTER: bytes(model.save_raw("ubj")),
                TRAINING: json.dumps(training).encode(),
            }
            resume.checkpoints.save(done - 1, state, metrics=figures)
        return stops
