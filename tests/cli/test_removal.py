"""``rm`` and ``prune``: what is deleted, and what is not."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sm_container.cli.pruning import disk_use
from sm_container.harness.inputs.fastfile.device import may_mount, unmount_below
from sm_container.harness.inputs.fastfile.mounts import mounts_below
from tests.cli.records import job, stored


def test_the_finished_ones_go(desk: Any, invoke: Any) -> None:
    for name, state in [("one", "Completed"), ("two", "Failed"), ("three", "Stopped")]:
        stored(desk.home, job(name, state))

    done = invoke("rm", "one", "--all-finished")

    assert done.exit_code == 0
    assert sorted(done.stdout.split()) == ["one", "three", "two"]
    assert os.listdir(desk.home / "jobs") == []


def test_nothing_named_is_nothing_done(invoke: Any) -> None:
    done = invoke("rm")

    assert done.exit_code == 2
    assert "name a JOB, or give --all-finished" in done.stderr


def test_an_unknown_job_stops_before_anything_is_deleted(desk: Any, invoke: Any) -> None:
    folder = stored(desk.home, job("one", "Completed"))

    assert invoke("rm", "one", "none").exit_code == 2
    assert folder.path.exists()


def test_folders_without_rights_are_deleted(desk: Any, invoke: Any) -> None:
    folder = stored(desk.home, job("one", "Completed"))
    locked = folder.tree("algo-1") / "model" / "locked"
    locked.mkdir(parents=True)
    (locked / "file").touch()
    locked.chmod(0)

    assert invoke("rm", "one").exit_code == 0
    assert not folder.path.exists()


def test_an_engine_that_is_gone_is_not_missed(
    desk: Any, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stored(desk.home, replace(job("one", "Completed"), engine="docker"))
    folder.tree("algo-1").mkdir(parents=True)
    monkeypatch.setenv("PATH", "/nowhere")

    done = invoke("rm", "one")

    assert (done.exit_code, done.stderr) == (0, "")
    assert not folder.path.exists()


def test_links_are_not_followed(desk: Any, invoke: Any) -> None:
    precious = desk.folder / "precious"
    precious.mkdir(mode=0o500)
    folder = stored(desk.home, job("one", "Completed"))
    folder.tree("algo-1").mkdir(parents=True)
    (folder.tree("algo-1") / "link").symlink_to(precious)

    assert invoke("rm", "one").exit_code == 0
    assert precious.stat().st_mode & 0o777 == 0o500


def test_old_jobs_and_leftovers_are_pruned(desk: Any, invoke: Any) -> None:
    old = stored(desk.home, job("old", "Completed", began=time.time() - 8 * 86_400))
    new = stored(desk.home, job("new", "Completed", began=time.time() - 6 * 86_400))
    half_made = desk.home / "jobs" / ".removing-by-a-killed-command"
    half_made.mkdir()
    os.utime(half_made, (0, 0))

    would = invoke("prune", "--dry-run")
    assert "job old" in would.stdout
    assert "would free" in would.stdout
    assert old.path.exists()
    assert half_made.exists()

    assert invoke("prune").exit_code == 0
    assert not old.path.exists()
    assert new.path.exists()
    assert not half_made.exists()
    assert invoke("prune", "--older-than", "0").exit_code == 0
    assert not new.path.exists()


def test_the_cache_is_pruned_when_asked(desk: Any, invoke: Any) -> None:
    entry = desk.home / "cache" / "objects" / "ab" / "cdef"
    entry.parent.mkdir(parents=True)
    entry.write_bytes(b"x" * 100_000)

    invoke("prune")
    assert entry.exists()
    assert "cache" in invoke("prune", "--cache", "--dry-run").stdout
    assert entry.exists()
    invoke("prune", "--cache")
    assert not entry.exists()


def test_prune_says_what_it_leaves_of_an_orphan(desk: Any, invoke: Any) -> None:
    folder = stored(desk.home, job("orphan", "InProgress"))

    done = invoke("prune", "--older-than", "0")

    assert "sm-container rm orphan" in done.stderr
    assert folder.path.exists()


@pytest.mark.parametrize("inside", [True, False])
def test_a_linked_file_counts_where_its_last_name_is(hostile_tmp_path: Path, inside: bool) -> None:
    folder = hostile_tmp_path / "folder"
    folder.mkdir()
    (folder / "file").write_bytes(b"x" * 100_000)
    os.link(folder / "file", (folder if inside else hostile_tmp_path) / "other name")

    freed = disk_use(folder)
    shutil.rmtree(folder)

    assert (freed >= 100_000) is inside


@pytest.mark.root
@pytest.mark.parametrize("words", [("rm", "one"), ("prune",), ("run", "./next")])
def test_what_is_mounted_in_a_job_that_nobody_owns_is_unmounted(
    desk: Any, words: tuple[str, ...]
) -> None:
    if not may_mount():
        pytest.skip("only root may mount")
    folder = stored(desk.home, job("one", "Failed", began=time.time()))
    place = folder.tree("algo-1") / "checkpoints"
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", place], check=True)
    desk.program("next", "true")
    try:
        done = desk.run(*words)
        assert (done.returncode, mounts_below(desk.home)) == (0, []), done.stderr
        assert folder.path.exists() is (words[0] != "rm")
    finally:
        unmount_below(desk.home)
