"""The last words about a job."""

from __future__ import annotations

from pathlib import Path

import pytest

from sm_container.cli.summary import kept, moved, print_summary
from sm_container.harness.job.options import RunOptions
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.traffic import ChannelTraffic, CheckpointTraffic
from tests.cli.records import METRICS, job, stored
from tests.cli.test_narration import Sink


def summary(home: Path, record: JobRecord, *, with_model: bool = True, log: bytes = b"") -> str:
    out = Sink()
    print_summary(record, stored(home, record, {"algo-1": log}), out.stream, with_model)
    return out.text


def test_a_completed_job(hostile_tmp_path: Path) -> None:
    record = job(
        "done",
        "Completed",
        model_artifacts="s3://b/model.tar.gz",
        final_metrics=METRICS,
        exit_code=0,
    )

    text = summary(hostile_tmp_path / "home", record)

    assert text.splitlines()[1:] == [
        "done: Completed after 12 s",
        "  model    s3://b/model.tar.gz",
        "  metrics  train:loss  0.123457",
        "           rmse        41",
        "  time     Starting 4.0 s · Downloading 2.0 s · Training 4.0 s · Uploading 2.0 s",
    ]


def test_a_failed_job_says_what_to_do_next(hostile_tmp_path: Path) -> None:
    record = job(
        "bad", "Failed", exit_code=3, failure_reason="AlgorithmError: \x1b[2Jone\ntwo, exit code: 3"
    )

    text = summary(hostile_tmp_path / "home", record, log=b"something\n")

    assert "bad: Failed with exit code 3 after 12 s" in text
    assert "\x1b" not in text
    assert "  reason       AlgorithmError: \\x1b[2Jone\n               two, exit code: 3\n" in text
    assert "sm-container logs bad" in text
    assert "--shell" in text


def test_what_the_harness_did_wrong_is_said(hostile_tmp_path: Path) -> None:
    record = job("bad", "Failed", fault="no space left", failure_reason="InternalServerError: x")

    text = summary(hostile_tmp_path / "home", record)

    assert "cause" in text
    assert "no space left" in text
    assert "--shell" not in text


def test_a_model_that_is_not_there_is_not_shown(hostile_tmp_path: Path) -> None:
    record = job("done", "Completed", model_artifacts="s3://b/model.tar.gz")

    text = summary(hostile_tmp_path / "home", record, with_model=False)

    assert "s3://b" not in text
    assert "nothing was left in /opt/ml/model" in text


def test_notes_are_short(hostile_tmp_path: Path) -> None:
    record = job("done", "Completed", notes=tuple(f"note {number}" for number in range(9)))

    text = summary(hostile_tmp_path / "home", record)

    assert "note 4" in text
    assert "note 5" not in text
    assert "and 4 more: sm-container describe done" in text


def test_after_a_shell_no_shell_is_proposed(hostile_tmp_path: Path) -> None:
    record = job("look", "Failed", exit_code=1, options=RunOptions(target="/x", shell=True))

    assert "--shell" not in summary(hostile_tmp_path / "home", record)


def test_a_failure_without_words_says_why_it_has_none(hostile_tmp_path: Path) -> None:
    record = job("bad", "Failed", exit_code=4, failure_reason="AlgorithmError: , exit code: 4")

    text = summary(hostile_tmp_path / "home", record)

    assert "the program wrote no /opt/ml/output/failure" in text


def test_where_a_model_under_the_root_for_s3_is(hostile_tmp_path: Path) -> None:
    root = RunOptions(target="/x", s3_root="/root")
    inside = job("a", "Completed", options=root, model_artifacts="s3://b/a/model.tar.gz")
    beside = job("b", "Completed", options=root, model_artifacts="/out/b/model.tar.gz")

    assert "which is /root/b/a/model.tar.gz" in summary(hostile_tmp_path / "inside", inside)
    assert "which is" not in summary(hostile_tmp_path / "beside", beside)


def test_a_model_that_could_not_be_saved_is_still_there(hostile_tmp_path: Path) -> None:
    reason = "ClientError: Artifact upload failed:s3://b/: no AWS credentials were found"
    record = job("bad", "Failed", exit_code=0, failure_reason=reason)

    text = summary(hostile_tmp_path / "home", record)

    assert f"not saved: it is still in {hostile_tmp_path}/home/jobs/bad/hosts" in text
    kept = summary(hostile_tmp_path / "other", record, with_model=False)
    assert "not saved" not in kept


@pytest.mark.parametrize(
    ("traffic", "said"),
    [
        (ChannelTraffic("a", "h", "File", 10**9, 0.5), "File  1.0 GB in 0.5 s, 2.0 GB/s"),
        (ChannelTraffic("a", "h", "File", 0), "File  0 B in 0.0 s"),
        (
            ChannelTraffic("a", "h", "FastFile", 1_200_000),
            "FastFile  1.2 MB read, the algorithm waited 0.0 s for data",
        ),
        (
            ChannelTraffic("a", "h", "FastFile", 1_200_000, folder="/data/\x1b[2Ja"),
            "FastFile  1.2 MB in /data/\\x1b[2Ja, bound as it is",
        ),
        (ChannelTraffic("a", "h", "Pipe", 0), "Pipe  nobody read it"),
        (
            ChannelTraffic("a", "h", "Pipe", 1_200_000_000, 3.0, 3, 3, 2.0, 0.36),
            "Pipe  1.2 GB in 3 epochs, 400.0 MB/s, the algorithm waited 0.4 s for data",
        ),
        (
            ChannelTraffic("a", "h", "Pipe", 1000, 1.0, 1, 0, 1.0, 0.0),
            "Pipe  1.0 kB in 1 epoch, 1 left early, 1.0 kB/s, the algorithm waited 0.0 s for data",
        ),
    ],
)
def test_what_a_channel_moved(traffic: ChannelTraffic, said: str) -> None:
    assert moved(traffic) == said


def test_the_channels_stand_beside_one_another(hostile_tmp_path: Path) -> None:
    traffic = (
        ChannelTraffic("a", "algo-1", "FastFile", 10),
        ChannelTraffic("train", "algo-1", "Pipe", 0),
    )
    text = summary(hostile_tmp_path / "home", job("done", "Completed", traffic=traffic))
    assert "data   a      FastFile  10 B read, the algorithm waited" in text
    assert "       train  Pipe  nobody read it" in text


@pytest.mark.parametrize(
    ("traffic", "said"),
    [
        (CheckpointTraffic("algo-1"), "0 files uploaded"),
        (CheckpointTraffic("algo-1", 1, 2_000_000, 0.5), "1 file uploaded (2.0 MB in 0.5 s)"),
        (
            CheckpointTraffic("algo-1", 3, 900, 1.0, 2, 4, 1000, 12.0),
            "3 files uploaded (900 B in 1.0 s), 2 removed, 4 files restored (1.0 kB in 12 s)",
        ),
    ],
)
def test_what_went_to_s3_and_came_from_there(traffic: CheckpointTraffic, said: str) -> None:
    assert kept(traffic) == said


def test_a_line_for_the_checkpoints_of_each_host(hostile_tmp_path: Path) -> None:
    traffic = (CheckpointTraffic("algo-1", 1, 10, 0.1), CheckpointTraffic("algo-2"))
    text = summary(hostile_tmp_path / "home", job("done", "Completed", checkpoints=traffic))
    assert "checkpoints  algo-1  1 file uploaded (10 B in 0.1 s)" in text
    assert "algo-2  0 files uploaded" in text
