"""Checkpoints over a job's life: restored before it, kept during it, brought over after it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from sm_container.contract.manifest import ChannelManifest
from sm_container.harness.engines.engine import EngineError
from sm_container.harness.engines.leftovers import eventually
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import JobStatus, Phase
from sm_container.harness.life.launch import exit_code
from sm_container.harness.life.stopping import catching_interrupts
from sm_container.storage.errors import StorageError
from tests.storage.servers import use_endpoint


@pytest.fixture
def kept(desk: Any) -> Path:
    """What stands for the prefix in S3."""
    (desk.folder / "s3/bucket").mkdir(parents=True)
    return Path(desk.folder / "s3/bucket/ck")


def run(desk: Any, script: str, name: str = "job", local_path: str = "", **options: Any) -> Any:
    config = {"S3Uri": "s3://bucket/ck", **({"LocalPath": local_path} if local_path else {})}
    document = desk.document(name, CheckpointConfig=config)
    return desk.run(script, document, **{"s3_root": str(desk.folder / "s3"), **options})


def files(folder: Path) -> set[str]:
    return {str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file()}


def test_a_second_job_goes_on_where_the_first_one_ended(desk: Any, kept: Path) -> None:
    first = run(
        desk,
        "cd /opt/ml/checkpoints; ls; mkdir step-1; echo one > step-1/state\n"
        "until [ -e step-1/state.sagemaker-uploaded ]; do sleep 0.05; done\n"
        "echo two > step-2; rm -r step-1",
    )
    assert first.status is JobStatus.COMPLETED
    assert files(kept) == {"step-2"}
    [traffic] = first.checkpoints
    assert (traffic.host, traffic.uploaded, traffic.removed) == ("algo-1", 2, 1)
    assert not any("CheckpointConfig" in each for each in first.not_simulated)

    second = run(desk, "cat /opt/ml/checkpoints/step-2", name="second")
    assert desk.job("second").log("algo-1").read_text() == "two\n"
    [traffic] = second.checkpoints
    assert (traffic.restored, traffic.restored_size, traffic.uploaded) == (1, 4, 0)
    assert ("checkpoints", 4, 4) in desk.watched.progressed


def test_the_tree_of_a_job_with_checkpoints(desk: Any, kept: Path) -> None:
    kept.mkdir()
    (kept / "a").write_text("a")
    run(desk, "true", local_path="/opt/ml/output")
    tree = desk.job().tree("algo-1")
    manifest = ChannelManifest.read(tree / "input/data/checkpoints-manifest")
    assert manifest == ChannelManifest("ck", ("s3://bucket/ck/a",))
    assert (tree / "output/a").read_text() == "a"
    assert (tree / "output/data").is_dir()
    assert (tree / "output/metrics/sagemaker").is_dir()


def test_a_channel_of_the_same_name_keeps_its_manifest(desk: Any, kept: Path) -> None:
    data = desk.folder / "data"
    data.mkdir()
    (data / "x").write_text("x")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"file://{data}/"}}
    document = desk.document(
        InputDataConfig=[{"ChannelName": "checkpoints", "DataSource": source}],
        CheckpointConfig={"S3Uri": "s3://bucket/ck"},
    )
    desk.run("true", document, s3_root=str(desk.folder / "s3"))
    tree = desk.job().tree("algo-1")
    manifest = ChannelManifest.read(tree / "input/data/checkpoints-manifest")
    assert [uri.rpartition("/")[2] for uri in manifest.uris] == ["x"]


def test_a_folder_elsewhere_is_mounted(desk: Any, kept: Path) -> None:
    state = desk.folder / "state"
    state.mkdir()
    (state / "of this machine").touch()
    record = run(desk, f"cd {shlex.quote(str(state))}; ls; echo 1 > a", local_path=str(state))
    assert record.status is JobStatus.COMPLETED, record
    assert desk.job().log("algo-1").read_text() == ""
    assert files(kept) == {"a"}
    assert os.listdir(state) == ["of this machine"]
    config = desk.job().tree("algo-1") / "input/config/checkpointconfig.json"
    assert json.loads(config.read_text()) == {"LocalPath": str(state)}
    assert not (desk.job().tree("algo-1") / "checkpoints").exists()


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("echo 1 > /opt/ml/checkpoints/a; exit 3", JobStatus.FAILED),
        (
            "trap 'echo 1 > /opt/ml/checkpoints/a; exit' TERM; echo ready\n"
            "while :; do sleep 0.05; done",
            JobStatus.STOPPED,
        ),
        (
            "echo 1 > /opt/ml/checkpoints/a; trap '' TERM; echo ready; sleep 300 & wait; wait",
            JobStatus.STOPPED,
        ),
    ],
)
def test_however_it_ends_what_it_left_is_brought_over(
    desk: Any, kept: Path, script: str, status: JobStatus
) -> None:
    desk.watched.at_output = lambda data: desk.job().stop_request.touch()
    record = run(desk, script, grace_seconds=0.3)
    assert record.status is status
    assert files(kept) == {"a"}


def test_what_cannot_be_brought_over_fails_the_job(desk: Any, kept: Path) -> None:
    place = shlex.quote(str(kept))
    record = run(desk, f"echo 1 > /opt/ml/checkpoints/a; echo a file > {place}")
    assert record.status is JobStatus.FAILED
    assert record.failure_reason.startswith(
        "ClientError: Artifact upload failed:s3://bucket/ck/a: "
    )
    assert exit_code(record) == 125
    assert record.checkpoints[0].uploaded == 0


def test_what_cannot_be_restored_is_a_failed_download(desk: Any, kept: Path) -> None:
    kept.mkdir()
    (kept / "a").touch()
    os.truncate(kept / "a", 8 << 40)
    record = run(desk, "echo never")
    assert statuses(record)[-2:] == ["Downloading", "Failed"]
    assert record.failure_reason.startswith("ClientError: Data download failed:")
    assert "remove old checkpoints from S3Uri" in record.failure_reason
    assert not desk.job().log("algo-1").exists()


def test_a_stop_ends_a_restore(desk: Any, kept: Path) -> None:
    kept.mkdir()
    (kept / "a").write_text("a")

    def stop(what: str, done: int, total: int) -> None:
        if what == "checkpoints":
            desk.interrupts.received.append(signal.SIGINT)

    desk.watched.progress = stop
    (kept / "b").write_bytes(bytes(1 << 20))
    record = run(desk, "echo never")
    assert statuses(record)[-3:] == ["Downloading", "Stopping", "Stopped"]
    assert not desk.job().log("algo-1").exists()


def test_a_second_interrupt_ends_the_last_upload(desk: Any, monkeypatch: Any) -> None:
    """The server lists nothing, takes an upload, and never answers."""
    listed = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 40\r\n"
        b"Connection: close\r\n\r\n<ListBucketResult></ListBucketResult>   "
    )
    document = desk.document(CheckpointConfig={"S3Uri": "s3://bucket/ck"})
    with socket.create_server(("127.0.0.1", 0)) as server, catching_interrupts() as interrupts:
        use_endpoint(monkeypatch, f"http://127.0.0.1:{server.getsockname()[1]}")

        def serve() -> None:
            with server.accept()[0] as asked:
                assert asked.recv(4096).startswith(b"GET /bucket?")
                asked.sendall(listed)
            with server.accept()[0] as asked:
                assert asked.recv(4096).startswith(b"PUT /bucket/ck/a")
                for _ in range(2):
                    count = len(interrupts.received)
                    os.kill(os.getpid(), signal.SIGINT)
                    assert eventually(lambda count=count: len(interrupts.received) > count, 10)  # type: ignore[misc]

        desk.interrupts = interrupts
        helper = threading.Thread(target=serve)
        helper.start()
        record = desk.run("echo 1 > /opt/ml/checkpoints/a", document)
        helper.join()
    assert statuses(record)[-2:] == ["Uploading", "Stopped"]
    assert "its artifacts were not saved" in record.fault
    assert exit_code(record) == 130


def test_what_can_be_known_before_is_said_before(desk: Any, kept: Path) -> None:
    with pytest.raises(EngineError, match="checkpoints cannot be at /no such place: this machine"):
        run(desk, "true", local_path="/no such place")
    document = desk.document(CheckpointConfig={"S3Uri": f"{desk.program('true')}/below"})
    with pytest.raises(StorageError, match="is not a folder"):
        desk.run("true", document)
    assert desk.store.summaries() == []


def test_a_job_that_is_deleted_by_hand_leaves_s3_alone(desk: Any, kept: Path) -> None:
    kept.mkdir()
    (kept / "restored").write_text("restored")

    def delete(data: bytes) -> None:
        os.rename(desk.job().path, desk.folder / "away")

    desk.watched.at_output = delete
    with pytest.raises(Exception, match="was deleted while job job ran"):
        run(desk, "echo ready; exec sleep 300.25")
    assert files(kept) == {"restored"}


# Spot instances

ATTEMPT = (
    "n=$(sed -n 's/.*\"jobRunNumber\": *\\([0-9]*\\).*/\\1/p' "
    "/opt/ml/input/config/init-config.json)\n"
)


def run_spot(desk: Any, script: str, local_path: str, **options: Any) -> JobRecord:
    """The first attempt is interrupted when its program has said ready."""

    def wait(record: JobRecord) -> None:
        if record.phase is Phase.TRAINING and len(record.attempts) == 1:
            assert eventually(lambda: b"ready\n" in desk.watched.output, 30)

    desk.watched.at_record = wait
    document = desk.document(
        EnableManagedSpotTraining=True,
        StoppingCondition={"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 3600},
        CheckpointConfig={"S3Uri": "s3://bucket/ck", "LocalPath": local_path},
    )
    s3_root = str(desk.folder / "s3")
    record: JobRecord = desk.run(f"{ATTEMPT}{script}", document, s3_root=s3_root, **options)
    assert record.status is JobStatus.COMPLETED, record
    assert statuses(record).count("Interrupted") == 1
    return record


@pytest.mark.parametrize("elsewhere", [False, True])
def test_an_interrupted_job_goes_on_from_what_it_left_in_its_grace(
    desk: Any, kept: Path, elsewhere: bool
) -> None:
    path = desk.folder / "state" if elsewhere else Path("/opt/ml/checkpoints")
    if elsewhere:
        path.mkdir()
    record = run_spot(
        desk,
        f"cd {shlex.quote(str(path))}; ls; [ $n = 2 ] && {{ rm a; exit 0; }}; echo 1 > a\n"
        "trap 'echo 2 > b; exit' TERM; echo ready; while :; do sleep 0.02; done",
        str(path),
        interrupt_after=(0.0,),
    )
    assert desk.job().log("algo-1").read_text().splitlines() == ["ready", "a", "b"]
    assert files(kept) == {"b"}
    [traffic] = record.checkpoints
    assert (traffic.uploaded, traffic.restored, traffic.removed) == (2, 2, 1)


def test_without_a_warning_a_job_goes_on_from_what_had_been_uploaded(desk: Any, kept: Path) -> None:
    record = run_spot(
        desk,
        "cd /opt/ml/checkpoints; ls; [ $n = 2 ] && exit 0; mkdir step; echo 1 > step/a\n"
        "until [ -e step/a.sagemaker-uploaded ]; do sleep 0.02; done\n"
        "echo changed > step/a; echo 2 > step/b; echo ready; sleep 300",
        "/opt/ml/checkpoints",
        kill_after=(0.0,),
    )
    assert desk.job().log("algo-1").read_text().splitlines() == ["ready", "step"]
    assert files(kept) == {"step/a"}
    assert (kept / "step/a").read_text() == "1\n"
    [traffic] = record.checkpoints
    assert (traffic.uploaded, traffic.restored) == (1, 1)


def statuses(record: JobRecord) -> list[str]:
    return [transition.status.value for transition in record.transitions]
