"""Jobs that tests run: an algorithm in this process, and the same as a program of its own."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sm_container.harness.request.errors import RequestError
from sm_container.testing.jobs.data import Data, type_of_files, write_data
from sm_container.testing.jobs.moments import MissedMomentError
from sm_container.testing.jobs.subject import TargetError
from sm_container.testing.jobs.training_job import TrainingJob
from tests.testing.jobs.curve import algorithm

Make = Callable[..., TrainingJob]
PROGRAM = Path(__file__).with_name("curve.py")
X = np.arange(20.0).reshape(-1, 1)
DATA = (X, X[:, 0] ** 2)

targets = pytest.mark.parametrize("target", [algorithm, PROGRAM], ids=["here", "program"])


@targets
@pytest.mark.parametrize("mode", ["File", "Pipe", "FastFile"])
def test_every_input_mode(training_job: Make, target: object, mode: str) -> None:
    result = training_job(
        target,
        channels={"train": DATA},
        input_mode=mode,
        metrics={"rmse": r"train:rmse=(\S+)"},
    ).run()

    assert result.status == "Completed"
    np.testing.assert_allclose(np.load(result.model / "curve.npy"), [0, 0, 1], atol=1e-9)
    assert result.metrics["rmse"] == [pytest.approx(0, abs=1e-9)]


@targets
def test_an_interruption_at_a_line_of_the_log(training_job: Make, target: object) -> None:
    job = training_job(target, channels={"train": DATA}, hyperparameters={"epochs": 6})

    result = job.interrupt_after("epoch 1").interrupt_after("epoch 3").run()

    assert result.status == "Completed"
    assert result.starts == 3
    assert [line for line in result.log.splitlines() if line.startswith("epoch")] == [
        f"epoch {number} of 6" for number in range(6)
    ]


def test_a_kill_is_of_a_process_of_its_own(training_job: Make) -> None:
    job = training_job(algorithm, channels={"train": DATA}, hyperparameters={"epochs": 3})

    result = job.kill_after("epoch 0").run()

    assert result.status == "Completed"
    assert result.starts == 2


def test_checkpoints_that_are_saved_faster_than_uploaded_survive_a_kill(
    training_job: Make,
) -> None:
    job = training_job(PROGRAM.with_name("hurried.py"), checkpoints=True)

    result = job.kill_after("one is in S3").run()

    assert result.status == "Completed", result.describe()
    assert "went on" in result.log


@targets
def test_a_stop(training_job: Make, target: object) -> None:
    job = training_job(target, channels={"train": DATA}, hyperparameters={"epochs": 100})

    result = job.stop_after("epoch 1 ").run()

    assert result.status == "Stopped"
    assert result.exit_code == 0


@targets
def test_a_failure_has_its_reason(training_job: Make, target: object) -> None:
    result = training_job(target, channels={"train": DATA}, hyperparameters={"fail": True}).run()

    assert (result.status, result.exit_code) == ("Failed", 1)
    assert result.failure is not None
    assert result.failure.startswith("ValueError: the data is too small")
    assert result.failure_reason is not None
    assert "the data is too small" in result.describe()


@pytest.mark.parametrize(
    ("befalls", "missed"),
    [
        (lambda job: job.interrupt_after("epoch 9"), "its interruption at 'epoch 9'"),
        (lambda job: job.stop_after(500), "its stop after 500 s"),
        (
            lambda job: job.stop_after("epoch 9").interrupt_after("epoch 0"),
            "its stop at 'epoch 9'",
        ),
    ],
)
def test_a_moment_that_never_comes(
    training_job: Make, befalls: Callable[[TrainingJob], TrainingJob], missed: str
) -> None:
    job = training_job(algorithm, channels={"train": DATA}, hyperparameters={"epochs": 2})

    with pytest.raises(MissedMomentError, match=missed):
        befalls(job).run()


def test_a_moment_that_is_no_expression(training_job: Make) -> None:
    with pytest.raises(ValueError, match=r"'epoch \(' is no regular expression"):
        training_job(algorithm).interrupt_after("epoch (")


def test_a_request_that_the_algorithm_refuses(training_job: Make) -> None:
    with pytest.raises(RequestError, match="Required input channel: train"):
        training_job(algorithm).run()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"channels": ["train"]},
            r"channels are given by name, as a mapping, and not as \['train'\]",
        ),
        ({"hyperparameters": "epochs=3"}, "hyperparameters are given by name"),
        ({"grace": "ten"}, "grace is a number of seconds, and not 'ten'"),
        ({"options": {"s3root": "s3"}}, "options are named as those of .*; none is s3root"),
    ],
)
def test_a_field_that_is_not_what_it_should_be(
    training_job: Make, fields: dict[str, object], said: str
) -> None:
    with pytest.raises(TypeError, match=said):
        training_job(algorithm, **fields).run()


def test_an_engine_is_for_an_image(training_job: Make) -> None:
    with pytest.raises(TargetError, match="curve is no image and cannot run in podman"):
        training_job(algorithm, engine="podman")


def test_members_of_the_request_are_laid_over_the_others(training_job: Make) -> None:
    request = {"OutputDataConfig": {"CompressionType": "NONE"}, "Tags": [{"Key": "a", "Value": ""}]}

    result = training_job(algorithm, channels={"train": DATA}, request=request).run()

    assert result.status == "Completed"
    assert result.model_files() == ["curve.npy"]
    assert result.record.document["Tags"] == request["Tags"]


def test_several_hosts_are_refused(training_job: Make) -> None:
    request = {"ResourceConfig": {"InstanceCount": 2}}

    with pytest.raises(RequestError, match="use 1"):
        training_job(PROGRAM, channels={"train": DATA}, request=request).run()


def test_a_program_with_a_declaration_is_held_against_it(training_job: Make) -> None:
    job = training_job(PROGRAM, algorithm=algorithm, channels={"train": DATA})

    assert job.run().metrics["train:rmse"] == [pytest.approx(0, abs=1e-9)]
    with pytest.raises(RequestError, match="speed is not supported by curve"):
        training_job(PROGRAM, algorithm=algorithm, hyperparameters={"speed": 1}).run()


def test_data_that_is_there_is_of_the_type_that_its_files_have(
    training_job: Make, hostile_tmp_path: Path
) -> None:
    write_data(Data(DATA), hostile_tmp_path / "records", "application/x-recordio-protobuf")

    job = training_job(algorithm, channels={"train": hostile_tmp_path / "records"})
    result = replace(job, input_mode="Pipe").run()

    assert result.status == "Completed"
    (channel,) = result.record.document["InputDataConfig"]
    assert channel["ContentType"] == "application/x-recordio-protobuf"


def test_files_whose_names_say_nothing_have_no_type(tmp_path: Path) -> None:
    known = ["text/csv", "application/x-recordio-protobuf"]
    (tmp_path / "a.csv").touch()
    assert type_of_files(tmp_path, known) == type_of_files(tmp_path / "a.csv", known) == "text/csv"
    assert type_of_files(tmp_path, ["image/png"]) is None
    (tmp_path / "b").touch()
    assert type_of_files(tmp_path, known) is None
    assert type_of_files("s3://bucket/prefix", known) is None


def test_checkpoints_that_are_there_before(training_job: Make) -> None:
    result = training_job(
        algorithm,
        channels={"train": DATA},
        hyperparameters={"epochs": 3},
        checkpoints={1: {"coef": np.zeros(3)}},
    ).run()

    assert "epoch 1 of 3" not in result.log
    assert "epoch 2 of 3" in result.log
    names = {path.name for path in result.checkpoints.iterdir()}
    assert names >= {"sm-checkpoint-000000000001", "sm-checkpoint-000000000002"}


def test_packed_data_comes_unpacked_through_a_pipe(training_job: Make, tmp_path: Path) -> None:
    program = tmp_path / "train.py"
    program.write_text("print('got', open('/opt/ml/input/data/train_0').read())\n")
    data = Data({"a.txt": "one "}, "text/plain", mode="Pipe", compression="Gzip")

    assert "got one" in training_job(program, channels={"train": data}).run().log


def test_this_process_is_as_before(training_job: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def state() -> tuple[object, ...]:
        places = (os.getcwd(), os.fstat(1), os.fstat(2), sys.stdout, sys.stderr)
        return ({**os.environ}, signal.getsignal(signal.SIGTERM), *places)

    monkeypatch.setenv("SM_CHANNELS", "as before")
    before = state()

    training_job(algorithm, channels={"train": DATA}).run()

    assert state() == before
