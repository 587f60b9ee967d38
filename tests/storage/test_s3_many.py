"""Many objects, and very large ones: in bounded memory, without a descriptor left open."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.storage.servers import rclone, use_endpoint

PROGRAM = """
import json, os, resource, sys
from pathlib import Path
from sm_container.storage.objects import Download
from sm_container.storage.s3 import S3Store

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10

store, folder = S3Store("bucket"), Path(sys.argv[1])
store.exists("nothing")
before, descriptors = peak(), len(os.listdir("/proc/self/fd"))
count = sum(1 for _ in store.list(""))
listed = peak()
keys, arrived = [], 0
def advance(more):
    global arrived
    arrived += more
def downloads():
    for number, found in enumerate(store.list("")):
        yield Download(found, folder / str(number))
store.download_all(downloads(), advance=advance)
print(json.dumps({
    "count": count, "arrived": arrived, "before": before, "listed": listed, "peak": peak(),
    "descriptors": len(os.listdir("/proc/self/fd")) - descriptors,
}))
"""


def copied(root: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    target.mkdir()
    with rclone(root) as endpoint:
        use_endpoint(monkeypatch, endpoint)
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, target], capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    said: dict[str, int] = json.loads(done.stdout)
    return said


def fill(bucket: Path, count: int) -> None:
    for number in range(count):
        folder = bucket / f"{number // 1000:03}"
        if number % 1000 == 0:
            folder.mkdir(parents=True)
        (folder / f"{number:06}").write_bytes(number.to_bytes(4, "big"))


def check_many(tmp_path: Path, hostile: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    fill(hostile / "bucket", count)
    said = copied(hostile, tmp_path / "copies", monkeypatch)
    assert (said["count"], said["arrived"]) == (count, 4 * count)
    assert said["listed"] - said["before"] < 24  # MiB, whatever the count
    assert said["peak"] - said["before"] < 48
    assert said["descriptors"] <= 32  # the connections that the store keeps
    copies = tmp_path / "copies"
    assert len(os.listdir(copies)) == count
    for number in (0, 1, count // 2, count - 1):
        assert int.from_bytes((copies / str(number)).read_bytes(), "big") == number


def test_ten_thousand_objects(
    tmp_path: Path, hostile_tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_many(tmp_path, hostile_tmp_path, monkeypatch, 10_000)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_hundred_thousand_objects(
    tmp_path: Path, hostile_tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_many(tmp_path, hostile_tmp_path, monkeypatch, 100_000)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_an_object_of_a_gibibyte(
    tmp_path: Path, hostile_tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (hostile_tmp_path / "bucket").mkdir()
    with (hostile_tmp_path / "bucket" / "sparse").open("wb") as stream:
        stream.truncate(1 << 30)
        stream.seek(700 << 20)
        stream.write(b"a mark")
    said = copied(hostile_tmp_path, tmp_path / "copies", monkeypatch)
    assert said["arrived"] == 1 << 30
    assert said["peak"] - said["before"] < 100
    with (tmp_path / "copies" / "0").open("rb") as stream:
        stream.seek(700 << 20)
        assert stream.read(6) == b"a mark"
