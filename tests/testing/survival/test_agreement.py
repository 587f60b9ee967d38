"""Whether two models are the same."""

from __future__ import annotations

import hashlib
import math
import tarfile
from pathlib import Path

import pytest

from sm_container.testing.survival.agreement import Criterion, Outcome, compare
from tests.cli.records import METRICS, job

MODEL = {"a": "1", "b": "2"}


def outcome(model: dict[str, str], **metrics: float) -> Outcome:
    return Outcome(model, metrics)


@pytest.mark.parametrize("is_archive", [True, False])
def test_the_outcome_of_a_job(hostile_tmp_path: Path, is_archive: bool) -> None:
    model = hostile_tmp_path / "model"
    (model / "a folder").mkdir(parents=True)
    (model / "a folder" / "weights").write_bytes(b"weights")
    artifacts = model
    if is_archive:
        (model / "link").symlink_to("a folder")
        artifacts = hostile_tmp_path / "model.tar.gz"
        with tarfile.open(artifacts, "w:gz") as archive:
            archive.add(model, arcname="")
    found = Outcome.of(
        job("one", "Completed", model_artifacts=str(artifacts), final_metrics=METRICS)
    )
    assert found.model["a folder/weights"] == hashlib.sha256(b"weights").hexdigest()
    assert ("link" in found.model) is is_archive
    assert found.metrics == {"train:loss": 0.123456789, "rmse": 41.0}


@pytest.mark.parametrize(
    ("expected", "found", "criterion", "how"),
    [
        (outcome(MODEL), outcome(dict(MODEL)), Criterion(), "model agrees"),
        (outcome({}, e=1), outcome({}, e=1), Criterion(0.0), "metrics agree"),
        (outcome(MODEL, e=1), outcome({"a": "9"}, e=1.05), Criterion(0.1), "metrics agree"),
        (outcome(MODEL, e=math.nan), outcome({}, e=math.nan), Criterion(0.1), "metrics agree"),
        (outcome(MODEL, e=1, f=1), outcome({}, e=1, f=2), Criterion(0.1, ("e",)), "metrics agree"),
    ],
)
def test_they_agree(expected: Outcome, found: Outcome, criterion: Criterion, how: str) -> None:
    assert compare(expected, found, criterion).how == how
    assert compare(expected, found, criterion).agrees


@pytest.mark.parametrize(
    ("expected", "found", "criterion", "how"),
    [
        (outcome(MODEL, e=1), outcome({"a": "1"}, e=1), Criterion(), "model differs: b"),
        (outcome({}), outcome({}), Criterion(), "no model to compare"),
        (outcome(MODEL), outcome({}), Criterion(0.1), "no metrics"),
        (outcome(MODEL, e=1), outcome({}, e=1.2), Criterion(0.1), "e is 1.2, not 1"),
        (outcome(MODEL, e=1), outcome({}), Criterion(0.1), "metric e was not found"),
        (outcome(MODEL, e=1), outcome({}, e=1), Criterion(0.1, ("g",)), "metric g was not found"),
    ],
)
def test_they_differ(expected: Outcome, found: Outcome, criterion: Criterion, how: str) -> None:
    found_out = compare(expected, found, criterion)
    assert not found_out.agrees
    assert how in found_out.how
