"""Whether hyperparameters are taken as the service gives them: strings, and some by itself."""

from __future__ import annotations

from sm_container.testing.certify.bench import Bench, Document
from sm_container.testing.certify.check import Check, Finding
from sm_container.testing.certify.ends import completed_or_said

_SOURCE = "developer guide, How Amazon SageMaker Provides Training Information"
_UNKNOWN = "certify_unknown_hyperparameter"
_TUNING = "_tuning_objective_metric"


def _strings(bench: Bench) -> Finding:
    """Every declared default, said aloud: as text, which is how all values come."""
    if bench.specification is None:
        return _as_given(bench)
    defaults = {
        each.name: each.default
        for each in bench.specification.hyperparameters or ()
        if each.default is not None and each.name not in bench.request.hyperparameters
    }
    if not defaults:
        return _as_given(bench)

    def say_defaults(document: Document) -> None:
        document["HyperParameters"] = {**defaults, **(document.get("HyperParameters") or {})}

    result = bench.run("strings", say_defaults)
    if result.status == "Completed":
        return Finding.passed(f"completes with {len(defaults)} defaults given as text")
    return Finding.failed(f"fails where {', '.join(defaults)} are given as text: {result.reason}")


def _as_given(bench: Bench) -> Finding:
    given = bench.request.hyperparameters
    if not given:
        return Finding.not_applicable("the job has no hyperparameters, and none are declared")
    return Finding.passed(f"completes with {', '.join(given)} as text")


def _unknown(bench: Bench) -> Finding:
    def add(document: Document) -> None:
        document["HyperParameters"] = {**(document.get("HyperParameters") or {}), _UNKNOWN: "1"}

    return completed_or_said(bench.run("unknown", add), _UNKNOWN, "an unknown hyperparameter")


def _tuning(bench: Bench) -> Finding:
    metrics = [each.name for each in bench.request.metric_definitions]
    metric = metrics[0] if metrics else "validation:loss"

    def tune(document: Document) -> None:
        document["HyperParameters"] = {**(document.get("HyperParameters") or {}), _TUNING: metric}

    result = bench.run("tuning", tune)
    if result.status == "Completed":
        return Finding.passed(f"completes with {_TUNING}={metric}")
    return Finding.failed(f"fails with {_TUNING}={metric}: {result.reason}")


CHECKS = (
    Check(
        "hyperparameters-strings",
        "Hyperparameters are read as the strings that they are",
        "The service hands every value over as a JSON string, numbers and booleans too.",
        "Convert each value; a declaration with sm.Algorithm does it.",
        _SOURCE,
        _strings,
    ),
    Check(
        "hyperparameters-unknown",
        "An unknown hyperparameter is survived, or refused by its name",
        "Toolkits and tuning jobs add hyperparameters of their own; a misspelt one should not be "
        "found out by a traceback.",
        "Ignore what you do not know, or name it in /opt/ml/output/failure.",
        "the project's own rule",
        _unknown,
    ),
    Check(
        "hyperparameters-tuning",
        "A tuning job's own hyperparameter is survived",
        f"Every training job of a tuning job has {_TUNING} beside yours.",
        f"Ignore {_TUNING}.",
        "HyperParameterTuningJobConfig, HyperParameterTuningJobObjective",
        _tuning,
    ),
)
