"""Whether hyperparameters are taken as the service gives them: strings, and some by itself."""

from __future__ import annotations

from sm_container.testing.certify.bench import Bench
from sm_container.testing.certify.changes import with_hyperparameters
from sm_container.testing.certify.check import Check, Finding
from sm_container.testing.certify.ends import completed_or_said, shortfall
from sm_container.testing.certify.likeness import departure
from sm_container.testing.certify.words import message_of

_SOURCE = "developer guide, How Amazon SageMaker Provides Training Information"
_UNKNOWN = "certify_unknown_hyperparameter"
_TUNING = "_tuning_objective_metric"


def _strings(bench: Bench) -> Finding:
    """Every declared default, said aloud: as text, which is how all values come."""
    declared = bench.specification and bench.specification.hyperparameters
    defaults = {
        each.name: each.default
        for each in declared or ()
        if each.default is not None and each.name not in bench.request.hyperparameters
    }
    if not defaults:
        return _as_given(bench)
    result = bench.run("strings", with_hyperparameters(**defaults))
    listed = ", ".join(f"{name}={value}" for name, value in defaults.items())
    fault = shortfall(bench, result)
    if fault is not None:
        return Finding.failed(f"with the defaults {listed} given as text: {fault}")
    other = departure(bench, result)
    if other is not None:
        return Finding.failed(
            f"the defaults {listed} given as text are read as other values: {other}"
        )
    return Finding.passed(f"trains the same with its defaults given as text: {listed}")


def _as_given(bench: Bench) -> Finding:
    given = bench.request.hyperparameters
    if not given:
        return Finding.not_applicable(
            "the job has no hyperparameters, and no others with a default are declared: give some, "
            "or --algorithm FILE"
        )
    return Finding.passed(f"completes with {', '.join(given)} as text")


def _unknown(bench: Bench) -> Finding:
    result = bench.run("unknown", with_hyperparameters(**{_UNKNOWN: "1"}))
    return completed_or_said(
        bench, result, _names_it, f"with the unknown hyperparameter {_UNKNOWN}"
    )


def _names_it(failure: str) -> bool:
    return _UNKNOWN in message_of(failure)


def _tuning(bench: Bench) -> Finding:
    metrics = [each.name for each in bench.request.metric_definitions]
    value = metrics[0] if metrics else "validation:loss"
    result = bench.run("tuning", with_hyperparameters(**{_TUNING: value}), is_alike=True)
    fault = shortfall(bench, result)
    if fault is not None:
        return Finding.failed(f"with {_TUNING}={value}: {fault}")
    return Finding.passed(f"completes with {_TUNING}={value}")


CHECKS = (
    Check(
        "hyperparameters-strings",
        "Hyperparameters are read as the strings that they are",
        "The service hands every value over as a string, numbers and booleans too: 'False' is a "
        "string that is true.",
        "Convert each value by what it means; a declaration with sm.Algorithm does it.",
        _SOURCE,
        _strings,
    ),
    Check(
        "hyperparameters-unknown",
        "An unknown hyperparameter is survived, or refused by its name",
        "Toolkits add hyperparameters of their own, and people misspell them: a stack trace helps "
        "neither.",
        "Ignore what you do not know, or name it in /opt/ml/output/failure.",
        "the project's own rule",
        _unknown,
    ),
    Check(
        "hyperparameters-tuning",
        "A tuning job's own hyperparameter is survived",
        f"Every training job of a tuning job has {_TUNING} beside yours.",
        f"Ignore {_TUNING}, and whatever else begins with an underscore.",
        "HyperParameterTuningJobConfig, HyperParameterTuningJobObjective; its name is observed",
        _tuning,
    ),
)
