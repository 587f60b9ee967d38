"""Checkpoints as objects: what is the newest, and what a torn upload leaves."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sm_container.contract.checkpoint_manifest import MANIFEST_NAME
from sm_container.contract.checkpoints import CheckpointName
from sm_container.harness.checkpoints.prefix import Prefix
from sm_container.storage.store import Stores
from sm_container.testing.chaos.stored import stored_checkpoints, tear


@pytest.fixture
def folder(hostile_tmp_path: Path) -> Path:
    return hostile_tmp_path / "kept"


@pytest.fixture
def prefix(folder: Path) -> Prefix:
    return Prefix(str(folder), Stores().open)


def put(path: Path, moment: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("state")
    os.utime(path, (moment, moment))


def test_nothing_is_stored_and_nothing_torn(prefix: Prefix) -> None:
    assert stored_checkpoints(prefix) == []
    assert tear(prefix, 0.5) is None


def test_the_newest_by_the_time_that_it_came(prefix: Prefix, folder: Path) -> None:
    for name, moment in (("b", 1), ("a;$(x)", 3), ("c", 2)):
        put(folder / name / "state", moment)
    found = stored_checkpoints(prefix)
    assert [each.name for each in found] == ["b", "c", "a;$(x)"]
    assert tear(prefix, 0.0) == "a;$(x)/state"
    assert [each.name for each in stored_checkpoints(prefix)] == ["b", "c"]


@pytest.mark.parametrize("choice", [0.0, 0.4, 0.999])
def test_one_file_of_this_librarys_last_step_is_missing(
    prefix: Prefix, folder: Path, choice: float
) -> None:
    for step, moment in ((3, 9), (20, 1)):
        for name in ("state", "more", MANIFEST_NAME):
            put(folder / str(CheckpointName(step)) / name, moment)
    put(folder / "other", 99)
    torn = tear(prefix, choice)
    assert torn is not None
    assert torn.startswith(f"{CheckpointName(20)}/")
    assert not (folder / torn).exists()
    assert [(each.step, len(each.objects)) for each in stored_checkpoints(prefix)] == [
        (3, 3),
        (20, 2),
    ]


def test_what_has_no_manifest_is_not_committed(prefix: Prefix, folder: Path) -> None:
    put(folder / str(CheckpointName(1)) / "state", 1)
    assert [each.is_committed for each in stored_checkpoints(prefix)] == [False]


def test_a_lone_object_is_never_half(prefix: Prefix, folder: Path) -> None:
    put(folder / "state.json", 1)
    assert tear(prefix, 0.5) is None
    assert (folder / "state.json").read_text() == "state"
