"""The end of a log: plain, and bounded whatever was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from sm_container.harness.report.tail import LINES, plain, tails
from sm_container.harness.store.folder import JobFolder


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;http://x\x07link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;never ended\nnext", "\nnext"),
        ("\x1b(B\x1b=x\x1b", "x"),
        ("10 %\r50 %\r100 %\ndone\r\nnext", "100 %\ndone\nnext"),
        ("</script><b>", "</script><b>"),
    ],
)
def test_plain(written: str, left: str) -> None:
    assert plain(written) == left


def log(folder: Path, host: str, content: bytes) -> JobFolder:
    job = JobFolder(folder)
    job.log(host).parent.mkdir(exist_ok=True)
    job.log(host).write_bytes(content)
    return job


def test_each_host_that_wrote(hostile_tmp_path: Path) -> None:
    log(hostile_tmp_path, "algo-1", b"one\ntwo \xff\n")
    log(hostile_tmp_path, "algo-2", b"")
    [only] = tails(log(hostile_tmp_path, "algo-3", b"x" * 10))[1:]

    first = tails(JobFolder(hostile_tmp_path))[0]
    assert (first.host, first.text, first.lines, first.is_whole) == (
        "algo-1",
        "one\ntwo �",
        2,
        True,
    )
    assert only.host == "algo-3"


def test_long_logs_and_long_lines(hostile_tmp_path: Path) -> None:
    folder = log(hostile_tmp_path, "algo-1", b"".join(b"%d\n" % n for n in range(100_000)))
    [tail] = tails(folder)
    assert tail.text.splitlines()[-1] == "99999"
    assert tail.lines == len(tail.text.splitlines()) == LINES
    assert not tail.is_whole

    [tail] = tails(log(hostile_tmp_path, "algo-1", b"y" * 5_000_000))
    assert len(tail.text) == 128 * 1024
    assert not tail.is_whole


def test_nothing_written(tmp_path: Path) -> None:
    assert tails(JobFolder(tmp_path)) == []
