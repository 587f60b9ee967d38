"""Tests of an algorithm as the service would treat it, run by the harness.

The fixtures come with the pytest plugin. What a test imports is here; each name is imported when it
is first used, and without pytest.
"""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    from sm_container.testing.assertions.metric import assert_metric
    from sm_container.testing.assertions.modes import assert_same_model_in_every_mode
    from sm_container.testing.assertions.resuming import Resumed, assert_resumes
    from sm_container.testing.jobs.data import Data
    from sm_container.testing.jobs.moments import MissedMomentError
    from sm_container.testing.jobs.result import JobResult
    from sm_container.testing.jobs.training_job import TrainingJob
    from sm_container.testing.local_service import (
        LocalSageMaker,
        LocalSageMakerError,
        local_sagemaker,
    )
    from sm_container.testing.opt_ml.tree import OptMl
    from sm_container.testing.parametrizing import content_types, input_modes

_HOMES = {
    "Data": "jobs.data",
    "JobResult": "jobs.result",
    "LocalSageMaker": "local_service",
    "LocalSageMakerError": "local_service",
    "MissedMomentError": "jobs.moments",
    "OptMl": "opt_ml.tree",
    "Resumed": "assertions.resuming",
    "TrainingJob": "jobs.training_job",
    "assert_metric": "assertions.metric",
    "assert_resumes": "assertions.resuming",
    "assert_same_model_in_every_mode": "assertions.modes",
    "content_types": "parametrizing",
    "input_modes": "parametrizing",
    "local_sagemaker": "local_service",
}

__all__ = [
    "Data",
    "JobResult",
    "LocalSageMaker",
    "LocalSageMakerError",
    "MissedMomentError",
    "OptMl",
    "Resumed",
    "TrainingJob",
    "assert_metric",
    "assert_resumes",
    "assert_same_model_in_every_mode",
    "content_types",
    "input_modes",
    "local_sagemaker",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
