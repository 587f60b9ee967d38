"""Several hosts and one prefix in S3, which is what a restart gives each of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sm_container.declaration.checkpoints import SavedBy
from sm_container.runtime.checkpoints.checkpoints import Checkpoints
from tests.runtime.checkpoints.saving import content, names, opened, text

HOSTS = ("algo-1", "algo-10", "algo-2")


def each(folder: Path, host: str, newest: int = 2, is_copied: bool = False) -> Checkpoints:
    return opened(
        folder,
        host=host,
        hosts=HOSTS,
        saved_by=SavedBy.EACH_HOST,
        newest=newest,
        is_copied=is_copied,
    )


def test_the_first_host_alone_saves(hostile_tmp_path: Path) -> None:
    first = opened(hostile_tmp_path, host="algo-1", hosts=HOSTS)
    other = opened(hostile_tmp_path, host="algo-2", hosts=HOSTS)
    assert other.save(1, pytest.fail) is None
    assert not other.save_async(1, pytest.fail)
    assert names(hostile_tmp_path) == []
    first.save(1, text("one"))
    assert content(other.latest()) == {"state": b"one"}
    assert content(other.latest_everywhere()) == {"state": b"one"}


def test_each_saves_loads_and_prunes_its_own(hostile_tmp_path: Path) -> None:
    for step in range(4):
        for host in HOSTS:
            each(hostile_tmp_path, host).save(step, text(f"{step} of {host}"))
    (hostile_tmp_path / "sm-checkpoint-000000000000.algo-2").mkdir()
    each(hostile_tmp_path, "algo-1").save(4, text("4 of algo-1"))
    assert names(hostile_tmp_path) == [
        "sm-checkpoint-000000000000.algo-2",
        "sm-checkpoint-000000000002.algo-10",
        "sm-checkpoint-000000000002.algo-2",
        "sm-checkpoint-000000000003.algo-1",
        "sm-checkpoint-000000000003.algo-10",
        "sm-checkpoint-000000000003.algo-2",
        "sm-checkpoint-000000000004.algo-1",
    ]
    assert content(each(hostile_tmp_path, "algo-1").latest()) == {"state": b"4 of algo-1"}
    assert content(each(hostile_tmp_path, "algo-2").latest()) == {"state": b"3 of algo-2"}


def test_other_hosts_are_not_told_of(
    hostile_tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    each(hostile_tmp_path, "algo-1", is_copied=True).save(1, text("one"))
    assert each(hostile_tmp_path, "algo-2").latest() is None
    assert opened(hostile_tmp_path).latest() is None
    assert caplog.messages == []


def test_all_hosts_go_on_from_a_step_that_each_has(hostile_tmp_path: Path) -> None:
    for step, hosts in ((1, HOSTS), (2, HOSTS), (3, HOSTS[:2]), (4, HOSTS[:1])):
        for host in hosts:
            each(hostile_tmp_path, host, newest=9).save(step, text(f"{step} of {host}"))
    for host in HOSTS:
        found = each(hostile_tmp_path, host).latest_everywhere()
        assert content(found) == {"state": f"2 of {host}".encode()}
    shutil.rmtree(hostile_tmp_path / "sm-checkpoint-000000000001.algo-10")
    (hostile_tmp_path / "sm-checkpoint-000000000002.algo-10" / "state").unlink()
    assert all(each(hostile_tmp_path, host).latest_everywhere() is None for host in HOSTS)


@pytest.mark.parametrize(
    "host", ["../../up", "a/b", "dots..", "-rf", "ünï ✓", "new\nline", "%2e", ""]
)
def test_a_hosts_name_stays_in_the_folder(hostile_tmp_path: Path, host: str) -> None:
    folder = hostile_tmp_path / "checkpoints"
    checkpoints = opened(folder, host=host, hosts=(host,), saved_by=SavedBy.EACH_HOST)
    checkpoints.save(1, text("one"))
    assert [found.host for found in checkpoints.all()] == [host]
    assert content(checkpoints.latest()) == {"state": b"one"}
    assert names(hostile_tmp_path) == ["checkpoints"]
    assert len(names(folder)) == 1
