"""The life of a job, with real programs: every way it can end, and what is written down of it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import tarfile
import threading
from typing import Any

import psutil
import pytest

from sm_container.contract.outcome import OUT_OF_MEMORY_REASON
from sm_container.harness.engines.engine import Exit
from sm_container.harness.engines.leftovers import eventually
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import JobStatus, SecondaryStatus
from sm_container.harness.life.faults import INTERNAL_ERROR, reason_of_exit
from sm_container.harness.life.launch import exit_code
from sm_container.harness.life.stopping import catching_interrupts
from sm_container.harness.store.folder import JobLostError
from sm_container.harness.store.series import points
from tests.storage.servers import use_endpoint


def statuses(record: JobRecord) -> list[str]:
    return [transition.status.value for transition in record.transitions]


def test_a_program_trains_and_its_model_is_saved(desk: Any) -> None:
    record = desk.run("echo started; echo weights > /opt/ml/model/weights; echo to stderr >&2")

    assert record.status is JobStatus.COMPLETED
    assert statuses(record) == [
        "Starting",
        "Starting",
        "Downloading",
        "Training",
        "Training",
        "Uploading",
        "Completed",
    ]
    assert exit_code(record) == record.exit_code == 0
    archive = desk.folder / "output" / "job" / "output" / "model.tar.gz"
    assert record.model_artifacts.endswith(str(archive))
    with tarfile.open(archive) as tar:
        assert tar.getnames() == ["weights"]
    assert sorted(desk.job().log("algo-1").read_text().splitlines()) == ["started", "to stderr"]
    assert bytes(desk.watched.output) == desk.job().log("algo-1").read_bytes()
    assert desk.job().read() == record == desk.watched.records[-1]
    assert record.training_seconds == 1


@pytest.mark.parametrize("code", [1, 3, 41, 255])
def test_a_programs_own_exit_code_is_a_failure(desk: Any, code: int) -> None:
    record = desk.run(f"echo kept > /opt/ml/model/kept; exit {code}")

    assert (record.status, record.secondary_status) == (JobStatus.FAILED, SecondaryStatus.FAILED)
    assert record.failure_reason == f"AlgorithmError: , exit code: {code}"
    assert exit_code(record) == code
    assert statuses(record)[-2:] == ["Uploading", "Failed"]
    assert (desk.folder / "output" / "job" / "output" / "model.tar.gz").exists()


def test_the_failure_file_is_the_reason(desk: Any) -> None:
    record = desk.run("printf \"KeyError: 'träin'\" > /opt/ml/output/failure; exit 2")
    assert record.failure_reason == "AlgorithmError: KeyError: 'träin', exit code: 2"


def test_a_failure_file_that_leads_elsewhere_is_not_read(desk: Any) -> None:
    secret = desk.folder / "failure"
    secret.write_text("a secret")
    record = desk.run(
        f"rm -r /opt/ml/output; ln -s '{desk.folder.parent}'/* /opt/ml/output; exit 1"
    )
    assert record.failure_reason == "AlgorithmError: , exit code: 1"


def test_out_of_memory_is_said_in_the_services_words() -> None:
    assert reason_of_exit(Exit(137, out_of_memory=True), "text") == OUT_OF_MEMORY_REASON
    assert reason_of_exit(Exit(0), "a failure file of a job that went well") is None


def test_a_stop_request_gives_the_program_its_grace(desk: Any) -> None:
    desk.watched.at_output = lambda data: desk.job().stop_request.touch()

    record = desk.run(
        "trap 'echo saved > /opt/ml/model/saved; exit 7' TERM; echo ready\n"
        "while :; do sleep 0.05; done",
    )

    assert (record.status, record.secondary_status) == (JobStatus.STOPPED, SecondaryStatus.STOPPED)
    assert statuses(record)[-3:] == ["Stopping", "Uploading", "Stopped"]
    assert record.failure_reason is None
    assert exit_code(record) == 130
    with tarfile.open(desk.folder / "output" / "job" / "output" / "model.tar.gz") as tar:
        assert tar.getnames() == ["saved"]


def test_what_outlasts_the_grace_is_killed(desk: Any) -> None:
    desk.watched.at_output = lambda data: desk.interrupts.received.append(signal.SIGINT)
    record = desk.run("trap '' TERM; echo ready; sleep 300 & wait; wait; wait", grace_seconds=0.3)
    assert record.status is JobStatus.STOPPED
    assert record.exit_code == 128 + signal.SIGKILL


def test_a_second_interrupt_kills_at_once(desk: Any) -> None:
    def interrupt(data: bytes) -> None:
        desk.interrupts.received.append(signal.SIGINT)

    desk.watched.at_output = interrupt
    record = desk.run(
        "trap 'echo once more' TERM; echo ready; while :; do sleep 0.05; done", grace_seconds=3600.0
    )
    assert record.status is JobStatus.STOPPED
    assert record.exit_code == 128 + signal.SIGKILL


def test_the_time_limit(desk: Any) -> None:
    document = desk.document(StoppingCondition={"MaxRuntimeInSeconds": 1})
    record = desk.run("exec sleep 300", document, grace_seconds=0.0)
    assert record.secondary_status is SecondaryStatus.MAX_RUNTIME_EXCEEDED
    assert record.status is JobStatus.STOPPED
    assert exit_code(record) == 124


def test_a_job_that_is_stopped_before_its_program_starts(desk: Any) -> None:
    desk.interrupts.received.append(signal.SIGTERM)
    record = desk.run("echo never > /opt/ml/model/never")
    assert statuses(record) == ["Starting", "Starting", "Stopping", "Stopped"]
    assert exit_code(record) == 130
    assert not desk.job().log("algo-1").exists()


def test_an_upload_that_fails_is_the_callers_fault(desk: Any) -> None:
    output = shlex.quote(str(desk.folder / "output"))
    record = desk.run(
        f"echo weights > /opt/ml/model/weights; echo a file where a folder should be > {output}"
    )
    assert record.status is JobStatus.FAILED
    assert record.failure_reason is not None
    assert record.failure_reason.startswith("ClientError: Artifact upload failed:")
    assert exit_code(record) == 125


def test_a_second_interrupt_ends_an_upload_that_hangs(desk: Any, monkeypatch: Any) -> None:
    document = desk.document(OutputDataConfig={"S3OutputPath": "s3://bucket/models"})
    with socket.create_server(("127.0.0.1", 0)) as server, catching_interrupts() as interrupts:
        use_endpoint(monkeypatch, f"http://127.0.0.1:{server.getsockname()[1]}")

        def interrupt() -> None:
            with server.accept()[0] as asked:  # and never answered
                asked.recv(1)
                os.kill(os.getpid(), signal.SIGINT)
                assert eventually(lambda: interrupts.wants_stop, 10)  # else the two are one
                os.kill(os.getpid(), signal.SIGINT)
                assert eventually(lambda: interrupts.wants_kill, 10)

        desk.interrupts = interrupts
        helper = threading.Thread(target=interrupt)
        helper.start()
        record = desk.run("echo weights > /opt/ml/model/weights", document)
        helper.join()
    assert statuses(record)[-2:] == ["Uploading", "Stopped"]
    assert "its artifacts were not saved" in record.fault
    assert exit_code(record) == 130


def test_a_folder_deleted_by_hand_ends_the_job(desk: Any) -> None:
    # Moved away, it is gone in one step.
    desk.watched.at_output = lambda data: os.rename(desk.job().path, desk.folder / "away")
    with pytest.raises(JobLostError, match="was deleted while job job ran"):
        desk.run("echo ready; exec sleep 300.125")
    assert desk.watched.records[-1].status is JobStatus.IN_PROGRESS  # it was never told an end
    assert ["sleep", "300.125"] not in [
        each.info["cmdline"] for each in psutil.process_iter(["cmdline"])
    ]
    assert desk.store.summaries() == []


def test_data_that_vanishes_is_a_failed_download(desk: Any) -> None:
    data = desk.folder / "data"
    data.mkdir()
    (data / "a").write_text("a")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"file://{data}/"}}
    document = desk.document(
        InputDataConfig=[{"ChannelName": "train", "DataSource": source}],
    )
    prepared = desk.prepared("true", document)
    (data / "a").unlink()

    from sm_container.harness.life.launch import create_job
    from sm_container.harness.life.training import run_job

    folder, ownership = create_job(prepared)
    with ownership:
        record = run_job(prepared, folder, desk.watched, desk.interrupts)

    assert statuses(record)[-2:] == ["Downloading", "Failed"]
    assert record.failure_reason is not None
    assert record.failure_reason.startswith("ClientError: Data download failed:")
    assert exit_code(record) == 125


def test_a_defect_of_ours_is_recorded_and_raised(desk: Any, monkeypatch: Any) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr("sm_container.harness.life.training.save_artifacts", broken)
    with pytest.raises(ZeroDivisionError):
        desk.run("true")
    record = desk.job().read()
    assert record.status is JobStatus.FAILED
    assert record.failure_reason == INTERNAL_ERROR


def test_inputs_are_read_only_and_the_users_own_files_stay_theirs(desk: Any) -> None:
    data = desk.folder / "data"
    data.mkdir()
    (data / "a").write_text("a")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"file://{data}/"}}
    document = desk.document(InputDataConfig=[{"ChannelName": "train", "DataSource": source}])
    record = desk.run(
        "cd /opt/ml/input/data/train; echo changed > a; rm -f a; touch b; cat a; echo\n"
        "ls /opt/ml/input/data",
        document,
    )
    assert record.status is JobStatus.COMPLETED
    assert (data / "a").read_text() == "a"
    lines = desk.job().log("algo-1").read_text().splitlines()
    assert "a" in lines
    assert "train-manifest" in lines
    assert "b" not in os.listdir(data)


def test_metrics_come_from_the_log(desk: Any) -> None:
    document = desk.document()
    document["AlgorithmSpecification"]["MetricDefinitions"] = [
        {"Name": "loss", "Regex": r"loss=(\S+)"}
    ]
    record = desk.run("echo loss=0.5; echo loss=0.25 >&2", document)
    [metric] = record.final_metrics
    assert metric.name == "loss"
    assert record.training_started is not None
    assert record.training_started <= metric.timestamp + 0.001


def test_the_tree_is_what_the_request_says(desk: Any) -> None:
    document = desk.document(
        HyperParameters={"eta": "0.3", "name": "ü"},
        Environment={"ONE": "1"},
        CheckpointConfig={"S3Uri": f"file://{desk.folder}/kept", "LocalPath": "/opt/ml/state"},
        TensorBoardOutputConfig={"S3OutputPath": "s3://bucket/tb", "LocalPath": "/tb"},
    )
    desk.run(
        "env | sort",
        document,
    )
    tree = desk.job().tree("algo-1")
    config = {file.name: json.loads(file.read_text()) for file in (tree / "input/config").iterdir()}
    assert config["hyperparameters.json"] == {"eta": "0.3", "name": "ü"}
    assert config["inputdataconfig.json"] == {}
    assert config["resourceconfig.json"]["current_host"] == "algo-1"
    assert config["resourceconfig.json"]["current_instance_type"] == "ml.m5.large"
    assert config["checkpointconfig.json"] == {"LocalPath": "/opt/ml/state"}
    assert config["tensorboardoutputconfig.json"]["LocalPath"] == "/tb"
    assert config["metric-definition-regex.json"] == []
    assert config["init-config.json"]["hostConfig"] == {"clusterSize": 1, "hostNumber": 0}
    assert config["trainingjobconfig.json"]["TrainingJobName"] == "job"
    assert "debughookconfig.json" not in config
    assert (tree / "state").is_dir()
    log = desk.job().log("algo-1").read_text()
    assert "TRAINING_JOB_NAME=job\n" in log
    assert "TRAINING_JOB_ARN=arn:aws:sagemaker:us-east-1:000000000000:training-job/job\n" in log
    assert "ONE=1\n" in log


def metrics(desk: Any, *definitions: tuple[str, str]) -> dict[str, Any]:
    document: dict[str, Any] = desk.document()
    document["AlgorithmSpecification"]["MetricDefinitions"] = [
        {"Name": name, "Regex": regex} for name, regex in definitions
    ]
    return document


def test_metrics_are_in_the_record_while_the_program_runs(desk: Any) -> None:
    seen = desk.folder / "seen"

    def look() -> None:
        if eventually(lambda: any(each.final_metrics for each in desk.watched.records), 30):
            seen.touch()

    watcher = threading.Thread(target=look)
    watcher.start()
    record = desk.run(
        f"echo loss=0.5; while ! [ -e {shlex.quote(str(seen))} ]; do sleep 0.05; done\n"
        "echo loss=0.25",
        metrics(desk, ("loss", r"loss=(\S+)")),
    )
    watcher.join()
    live = next(each for each in desk.watched.records if each.final_metrics)
    assert live.secondary_status is SecondaryStatus.TRAINING
    assert [each.value for each in live.final_metrics] == [0.5]
    assert [each.value for each in record.final_metrics] == [0.25]
    assert [point["Value"] for point in points(desk.job().metrics("algo-1"))] == [0.5, 0.25]
    assert desk.job().read() == record


def test_metrics_of_a_job_that_fails_on_our_side_are_kept(desk: Any) -> None:
    document = metrics(desk, ("loss", r"loss=(\S+)"))
    output = shlex.quote(str(desk.folder / "output"))
    record = desk.run(f"echo loss=1; echo a file > {output}; echo x > /opt/ml/model/x", document)
    assert record.status is JobStatus.FAILED
    assert [each.value for each in record.final_metrics] == [1.0]


def test_a_pattern_that_takes_forever_holds_nothing_up(desk: Any) -> None:
    document = metrics(desk, ("slow", r"(?=(?:a|a)*;)(\d)"), ("loss", r"loss=(\S+)"))
    record = desk.run(f"echo {'a' * 64}; echo loss=1", document)
    assert record.status is JobStatus.COMPLETED
    assert [each.name for each in record.final_metrics] == ["loss"]
    [note] = [each for each in record.notes if "metric 'slow'" in each]
    assert "on a line of 64 bytes, which was passed over" in note
