"""What a job has left, as a test reads it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sm_container.testing.jobs.describing import StartedJob, shortened
from sm_container.testing.jobs.result import JobResult
from sm_container.testing.jobs.training_job import TrainingJob

FAILING = """
import pathlib, sys
print("first line")
print("last line")
pathlib.Path("/opt/ml/output/failure").write_text("the reason\\nin two lines")
sys.exit(4)
"""
LEAVING = """
import pathlib
model = pathlib.Path("/opt/ml/model")
(model / "deep").mkdir()
(model / "deep" / "weights").write_text("1 2")
(model / "card.txt").write_text("card")
pathlib.Path("/opt/ml/output/data/plot").write_text("plot")
"""


def run(make: Callable[..., TrainingJob], folder: Path, text: str, **fields: object) -> JobResult:
    program = folder / "train.py"
    program.write_text(text)
    return make(program, **fields).run()


@pytest.fixture(scope="module")
def failed(
    training_job_factory: Callable[..., TrainingJob], tmp_path_factory: pytest.TempPathFactory
) -> JobResult:
    environment = {"API_TOKEN": "do-not-show"}
    folder = tmp_path_factory.mktemp("failing")
    return run(training_job_factory, folder, FAILING, environment=environment)


def test_a_failed_job_in_words(failed: JobResult) -> None:
    text = failed.describe()

    assert text.splitlines()[:3] == [
        "status: Failed (Failed), exit code 4",
        "reason: AlgorithmError: the reason",
        "in two lines, exit code: 4",
    ]
    assert "failure file: the reason\nin two lines\n" in text
    assert "command: env " in text
    assert "do-not-show" not in text
    assert failed.name in str(failed.folder.path)
    assert f"job folder: {failed.folder.path}\n" in text
    # Order holds within each of the two streams.
    assert {"first line", "last line"} <= set(text.splitlines()[-3:])
    assert failed.describe(lines=1).splitlines()[-2] == "log, the last 1 of 3 lines:"


def test_a_failed_job_as_it_is_shown(failed: JobResult) -> None:
    assert repr(failed) == (
        f"<JobResult {failed.name}: Failed, exit code 4: AlgorithmError: the reason in two lines, "
        "exit code: 4>"
    )
    assert failed.status.because() == [
        f"{failed.name}: AlgorithmError: the reason",
        "in two lines, exit code: 4",
        f"its log: {failed.folder.log('algo-1')}",
    ]


def test_what_a_failed_job_has_not(failed: JobResult) -> None:
    assert (failed.has_model, failed.model_files(), failed.metrics) == (False, [], {})
    with pytest.raises(FileNotFoundError, match=f"{failed.name} saved no model"):
        _ = failed.model
    with pytest.raises(LookupError, match="run it with checkpoints=True"):
        _ = failed.checkpoints


@pytest.mark.parametrize("compression", ["GZIP", "NONE"])
def test_artifacts_are_opened(
    training_job: Callable[..., TrainingJob], hostile_tmp_path: Path, compression: str
) -> None:
    request = {"OutputDataConfig": {"CompressionType": compression}}

    result = run(training_job, hostile_tmp_path, LEAVING, request=request)

    assert result.model_files() == ["card.txt", "deep/weights"]
    assert (result.model / "deep" / "weights").read_text() == "1 2"
    assert (result.output / "plot").read_text() == "plot"


def test_artifacts_in_what_stands_for_s3(
    training_job: Callable[..., TrainingJob], hostile_tmp_path: Path
) -> None:
    root = hostile_tmp_path / "s3"
    (root / "bucket").mkdir(parents=True)
    request = {"OutputDataConfig": {"S3OutputPath": "s3://bucket/jobs"}}

    result = run(
        training_job, hostile_tmp_path, LEAVING, request=request, options={"s3_root": str(root)}
    )

    assert result.model_files() == ["card.txt", "deep/weights"]


def test_a_job_that_was_never_made(tmp_path: Path) -> None:
    from sm_container.harness.store.folder import JobFolder

    assert "was not made" in StartedJob(JobFolder(tmp_path / "job")).describe()


def test_a_long_text_on_one_line() -> None:
    assert shortened("a\n b", 5) == "a b"
    assert shortened("abcdef", 5) == "abcd…"
