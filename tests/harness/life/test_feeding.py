"""Jobs with Pipe and FastFile channels, whole: in processes and in real containers."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest

from sm_container.harness.describe import as_json, describe
from sm_container.harness.engines import process
from sm_container.harness.engines.engine import Probe
from sm_container.harness.engines.isolation import Plain
from sm_container.harness.engines.process import ProcessEngine
from sm_container.harness.inputs.errors import InputError
from sm_container.harness.inputs.fastfile import device
from sm_container.harness.inputs.fastfile.mounts import mounts_below
from sm_container.harness.job.options import RunOptions
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import JobStatus
from sm_container.harness.life import prepare as preparation
from sm_container.harness.life.faults import INTERNAL_ERROR
from sm_container.harness.life.launch import create_job, exit_code, run_detached
from sm_container.harness.life.recovery import recover_job
from sm_container.harness.life.training import run_job
from sm_container.harness.request.parse import parse_request
from tests.harness.life.test_recovery import kill_owner, started, wait_for

ROWS = "".join(f"{number},{number % 7}\n" for number in range(20_000)).encode()


def data(desk: Any, **contents: bytes) -> Path:
    folder: Path = desk.folder / "data"
    folder.mkdir()
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


def channel(name: str, uri: Path | str, mode: str, **members: Any) -> dict[str, Any]:
    source = {
        "S3DataType": members.pop("S3DataType", "S3Prefix"),
        "S3Uri": str(uri),
        "S3DataDistributionType": "FullyReplicated",
    }
    if "AttributeNames" in members:
        source["AttributeNames"] = members.pop("AttributeNames")
    return {
        "ChannelName": name,
        "InputMode": mode,
        "DataSource": {"S3DataSource": source},
        **members,
    }


def said(desk: Any) -> list[str]:
    lines: list[str] = desk.job().log("algo-1").read_text().splitlines()
    return lines


def nothing_left(desk: Any, record: JobRecord) -> None:
    tree = desk.job().tree("algo-1")
    assert [path for path in (tree / "input/data").iterdir() if path.is_fifo()] == []
    assert mounts_below(desk.job().path) == []
    assert desk.job().feed_log("algo-1").read_text() == ""
    feed = str(desk.job().feed("algo-1"))
    assert [
        p.pid for p in psutil.process_iter(["cmdline"]) if feed in (p.info["cmdline"] or ())
    ] == []


PROGRAM = """
cd /opt/ml/input/data
cat train_0 | cksum; cat train_1 | cksum; head -c 3 train_2; echo
cat fast/a fast/b | cksum; (echo x > fast/new) 2>/dev/null && echo written
ls
"""


@pytest.fixture(params=["process", pytest.param("podman", marks=pytest.mark.container)])
def engine_name(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if name == "podman":
        request.getfixturevalue("base_image")
    return name


def prepared_in(
    desk: Any, engine_name: str, script: str, request: Any, **options: Any
) -> preparation.Prepared:
    """A job of a shell script in an engine of choice."""
    if engine_name == "process":
        ready: preparation.Prepared = desk.prepared(script, request, **options)
        return ready
    image = os.environ["SM_CONTAINER_TEST_BASE_IMAGE"]
    code = desk.folder / "code"
    code.mkdir()
    (code / "program").write_text(script)
    request["InputDataConfig"].append(channel("code", code, "File"))
    request["AlgorithmSpecification"] |= {
        "TrainingImage": image,
        "ContainerEntrypoint": ["/bin/sh", "/opt/ml/input/data/code/program"],
    }
    return preparation.prepare(
        desk.home,
        parse_request(request, cache=desk.home.cache),
        RunOptions(image, engine="podman", **options),
    )


def run(desk: Any, engine_name: str, script: str, request: Any, **options: Any) -> JobRecord:
    prepared = prepared_in(desk, engine_name, script, request, **options)
    folder, ownership = create_job(prepared)
    with ownership:
        return run_job(prepared, folder, desk.watched, desk.interrupts)


@pytest.fixture(autouse=True)
def _image(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "engine_name" in request.fixturenames and "podman" in request.node.name:
        image = request.getfixturevalue("base_image")
        monkeypatch.setenv("SM_CONTAINER_TEST_BASE_IMAGE", image)


def cksum(content: bytes) -> str:
    done = subprocess.run(["cksum"], input=content, capture_output=True, check=True)
    return done.stdout.decode().strip()


@pytest.mark.parametrize("simulated", [False, True], ids=["as it is", "behind a link"])
def test_all_modes_in_one_job(desk: Any, engine_name: str, simulated: bool) -> None:
    folder = data(desk, a=ROWS, b=b"tail\n")
    request = desk.document(
        InputDataConfig=[
            channel("train", folder, "Pipe"),
            channel("fast", f"{folder}/", "FastFile"),
            channel("unread", folder, "Pipe"),
            channel("file", folder, "File"),
        ]
    )
    options = {"s3_latency_ms": 2.0, "s3_bandwidth_mbs": 200.0} if simulated else {}
    record = run(desk, engine_name, PROGRAM, request, **options)

    assert record.status is JobStatus.COMPLETED, record
    whole = cksum(ROWS + b"tail\n")
    lines = said(desk)
    assert lines[:4] == [whole, whole, "0,0", whole]
    assert "written" not in lines
    assert {"fast", "file", "train_3", "unread_0", "unread_1"} <= set(lines)
    nothing_left(desk, record)
    moved = {each.channel: each for each in record.traffic}
    size = len(ROWS) + 5
    assert (moved["file"].mode, moved["file"].size) == ("File", size)
    assert moved["train"].epochs == 3
    assert moved["train"].size >= 2 * size
    assert moved["unread"].epochs == 0
    if simulated:
        assert moved["fast"].size >= size
        assert any(note.startswith("simulated: ") for note in record.notes)
        assert not list((desk.home.cache / "objects").glob("??"))
    else:
        fast = moved["fast"]
        assert (fast.mode, fast.size, fast.folder) == ("FastFile", size, str(folder))
    assert len(record.traffic) == len(moved) == len(request["InputDataConfig"])
    told = as_json(describe(record))["SmContainer"]["Traffic"]
    assert [each["ChannelName"] for each in told] == [each.channel for each in record.traffic]
    bound = {each["ChannelName"]: each.get("BoundFolder") for each in told}
    assert bound["fast"] == (None if simulated else str(folder))
    assert {bound[name] for name in ("train", "unread", "file")} == {None}
    assert JobRecord.from_document(record.to_document()) == record


def test_fast_file_by_a_mount_where_it_is_no_whole_folder(desk: Any, engine_name: str) -> None:
    folder = data(desk, a=ROWS)
    (folder / "link").symlink_to(folder / "a")
    request = desk.document(InputDataConfig=[channel("fast", folder, "FastFile")])
    script = "cd /opt/ml/input/data/fast; cksum < link; (echo x > new) || echo refused"
    record = run(desk, engine_name, script, request)
    assert record.status is JobStatus.COMPLETED, record
    assert [cksum(ROWS), "refused"] == [line for line in said(desk) if "new" not in line]
    assert record.traffic[-1].size == len(ROWS)
    nothing_left(desk, record)


def test_without_namespaces_both_modes_are_in_the_tree(desk: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(process, "find_isolation", lambda: Plain("there are none here"))
    folder = data(desk, a=ROWS)
    request = desk.document(
        InputDataConfig=[channel("train", folder, "Pipe"), channel("fast", folder, "FastFile")]
    )
    script = 'cd "$SAGEMAKER_BASE_DIR/input/data"; cksum < train_0; cksum < fast/a'
    record = desk.run(f"{script}\n(echo x > fast/a) 2> /dev/null; exit 0", request)
    assert record.status is JobStatus.COMPLETED, record
    assert said(desk)[:2] == [cksum(ROWS)] * 2
    assert (folder / "a").read_bytes() == ROWS
    nothing_left(desk, record)


def test_what_pipe_mode_can_do_to_a_stream(desk: Any) -> None:
    folder = data(desk, a=gzip.compress(b"one"), b=gzip.compress(b"three"))
    manifest = desk.folder / "manifest"
    lines = [{"x-ref": str(folder / name), "label": number} for number, name in enumerate("ab", 1)]
    manifest.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    request = desk.document(
        InputDataConfig=[
            channel("zip", folder, "Pipe", CompressionType="Gzip"),
            channel("rec", folder, "Pipe", CompressionType="Gzip", RecordWrapperType="RecordIO"),
            channel(
                "lines",
                manifest,
                "Pipe",
                S3DataType="AugmentedManifestFile",
                AttributeNames=["label", "x-ref"],
                CompressionType="Gzip",
            ),
        ]
    )
    record = desk.run(
        "cd /opt/ml/input/data; for c in zip rec lines; do od -An -tx1 -w64 ${c}_0; done", request
    )
    assert record.status is JobStatus.COMPLETED, record
    hexed = ["".join(line.split()) for line in said(desk)]
    assert hexed == [
        b"onethree".hex(),
        "0a23d7ce03000000" + b"one\0".hex() + "0a23d7ce05000000" + b"three\0\0\0".hex(),
        b"1one2three".hex(),
    ]


def test_a_shuffle_is_done_in_pipe_mode_and_noted_in_others(desk: Any) -> None:
    folder = data(desk, **{f"k{number}": b"%d" % number for number in range(8)})
    seed = {"ShuffleConfig": {"Seed": 7}}
    request = desk.document(
        InputDataConfig=[
            channel("train", folder, "Pipe", **seed),
            channel("fast", folder, "FastFile", **seed),
        ]
    )
    record = desk.run("cd /opt/ml/input/data; cat train_0; echo; cat train_1; echo", request)
    first, second = said(desk)
    assert sorted(first) == sorted(second) == list("01234567")
    assert len({first, second, "01234567"}) == 3
    assert [note for note in record.notes if "ShuffleConfig" in note] == [
        "channel 'fast': ShuffleConfig orders streams, and files not"
    ]


def test_a_source_that_changes_between_epochs_fails_the_job(desk: Any) -> None:
    folder = data(desk, a=b"first\n")
    request = desk.document(InputDataConfig=[channel("train", folder, "Pipe")])
    record = desk.run(
        'cd /opt/ml/input/data; cat train_0; echo more >> "$SOURCE"\n'
        "cat train_1; echo trained on less > /opt/ml/model/wrong; echo over",
        request | {"Environment": {"SOURCE": str(folder / "a")}},
    )
    assert record.status is JobStatus.FAILED
    assert record.failure_reason is not None
    assert record.failure_reason.startswith("ClientError: Data download failed:channel 'train': ")
    assert "changed since it was listed" in record.failure_reason
    assert exit_code(record) == 125
    assert said(desk) == ["first"]
    nothing_left(desk, record)


def test_a_stop_ends_a_job_that_waits_for_an_epoch(desk: Any) -> None:
    folder = data(desk, a=ROWS)
    request = desk.document(InputDataConfig=[channel("train", folder, "Pipe")])
    desk.watched.at_output = lambda _: desk.interrupts.received.append(signal.SIGINT)
    record = desk.run(
        "echo ready; exec 3< /opt/ml/input/data/train_0; sleep 300", request, grace_seconds=0.0
    )
    assert record.status is JobStatus.STOPPED
    nothing_left(desk, record)


def test_a_killed_feeder_fails_the_job(desk: Any) -> None:
    folder = data(desk, a=ROWS)
    request = desk.document(InputDataConfig=[channel("train", folder, "Pipe")])

    def kill(_: bytes) -> None:
        feed = str(desk.job().feed("algo-1"))
        for each in psutil.process_iter(["cmdline"]):
            if feed in (each.info["cmdline"] or ()):
                each.kill()

    desk.watched.at_output = kill
    record = desk.run(
        "exec 3< /opt/ml/input/data/train_0; echo ready; cat <&3 > /dev/null; exit 0",
        request,
        s3_bandwidth_mbs=0.02,
    )
    # What the program took for the end of the data was none.
    assert record.status is JobStatus.FAILED
    assert record.failure_reason == INTERNAL_ERROR
    assert record.fault is not None
    assert "the feeder of the channels ended with -9" in record.fault


def test_a_file_that_cannot_be_read_in_fast_file_mode_is_noted(desk: Any) -> None:
    folder = data(desk, a=ROWS, b=b"sound\n")
    request = desk.document(
        InputDataConfig=[channel("fast", folder, "FastFile")],
        Environment={"SOURCE": str(folder / "a")},
    )
    record = desk.run(
        'cd /opt/ml/input/data/fast; echo more >> "$SOURCE"; cat a || echo refused; cat b',
        request,
        s3_latency_ms=1.0,
    )
    assert record.status is JobStatus.COMPLETED
    assert {"refused", "sound"} <= set(said(desk))
    assert any("channel 'fast': a: " in note and "changed" in note for note in record.notes)


def test_fifos_that_do_not_connect_refuse_pipe_mode(desk: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(ProcessEngine, "probe", lambda *_, **__: Probe(fifos=False))
    folder = data(desk, a=ROWS)
    request = desk.document(InputDataConfig=[channel("train", folder, "Pipe")])
    record = desk.run("echo never", request)
    assert record.status is JobStatus.FAILED
    assert "channel 'train' cannot be fed in Pipe mode" in (record.failure_reason or "")
    assert not desk.job().log("algo-1").exists()


def test_without_fuse_a_mount_is_refused_before_the_start(desk: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(device, "availability", lambda: "there is none here")
    folder = data(desk, a=ROWS)
    request = desk.document(InputDataConfig=[channel("fast", folder, "FastFile")])
    assert desk.prepared("true", request).binds == {"fast": folder}
    with pytest.raises(InputError, match="channel 'fast': FastFile mode needs FUSE, and there is"):
        desk.prepared("true", request, s3_latency_ms=1.0)


def test_a_killed_harness_leaves_nothing_that_feeds(desk: Any, engine_name: str) -> None:
    source = data(desk, a=ROWS)
    request = desk.document(
        InputDataConfig=[channel("train", source, "Pipe"), channel("fast", source, "FastFile")]
    )
    script = (
        "cat /opt/ml/input/data/fast/a > /dev/null; echo ready; "
        "sleep 300 < /opt/ml/input/data/train_0"
    )
    folder = run_detached(prepared_in(desk, engine_name, script, request, s3_latency_ms=1.0))
    wait_for("the program", lambda: started(folder, "ready"))
    assert mounts_below(folder.path)
    kill_owner(desk, folder)
    fed = folder.tree("algo-1") / "input/data"
    wait_for("the feeder's end", lambda: not list(fed.glob("train_*")))
    wait_for("the mount's end", lambda: not mounts_below(folder.path))
    found = recover_job(desk.store, folder)
    assert found is not None
    assert len(found.containers) == 1
    assert folder.read().status is JobStatus.FAILED
    assert folder.feed_log("algo-1").read_text() == ""
    desk.store.remove(folder)


def test_what_a_killed_feeder_left_is_taken_away_by_the_next(desk: Any) -> None:
    source = data(desk, a=ROWS)
    request = desk.document(
        InputDataConfig=[channel("train", source, "Pipe"), channel("fast", source, "FastFile")]
    )
    folder = run_detached(
        desk.prepared(
            "cat /opt/ml/input/data/fast/a > /dev/null; echo ready; sleep 300",
            request,
            s3_latency_ms=1.0,
        )
    )
    wait_for("the program", lambda: started(folder, "ready"))
    feed = str(folder.feed("algo-1"))
    [feeder] = [p for p in psutil.process_iter(["cmdline"]) if feed in (p.info["cmdline"] or ())]
    feeder.suspend()
    kill_owner(desk, folder)
    feeder.kill()
    feeder.wait(30)
    assert mounts_below(folder.path)
    assert recover_job(desk.store, folder) is not None
    assert mounts_below(folder.path) == []
    desk.store.remove(folder)
    assert not folder.path.exists()
