"""Removing a folder in which the platform puts its markers meanwhile."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sm_container.contract.checkpoint_manifest import MANIFEST_NAME
from sm_container.runtime.checkpoints.removal import remove
from tests.runtime.checkpoints.saving import files, opened, steps, text


@pytest.fixture
def folder(hostile_tmp_path: Path) -> Path:
    saved = opened(hostile_tmp_path).save(1, files({"a": b"a", "b/c": b"c"}))
    assert saved is not None
    return saved.path


def test_the_manifest_goes_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    removed: list[str] = []
    real = os.unlink

    def unlink(path: Any, **options: Any) -> None:
        removed.append(os.path.basename(path))
        real(path, **options)

    monkeypatch.setattr(os, "unlink", unlink)
    remove(folder)
    assert removed[0] == MANIFEST_NAME
    assert sorted(removed) == ["a", "c", MANIFEST_NAME]
    assert not folder.exists()


def marks_before_the_end(folder: Path, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Put a marker into the folder whenever it is about to go, as the platform may."""
    real = os.rmdir
    left = iter(range(times))

    def rmdir(path: Any, **options: Any) -> None:
        if os.path.basename(path) == folder.name and next(left, None) is not None:
            (folder / "a.sagemaker-uploaded").touch()
        real(path, **options)

    monkeypatch.setattr(os, "rmdir", rmdir)


def test_markers_that_come_meanwhile_go_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marks_before_the_end(folder, monkeypatch, times=3)
    remove(folder)
    assert not folder.exists()


def test_what_cannot_be_removed_is_told_and_the_save_stands(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    marks_before_the_end(folder, monkeypatch, times=99)
    checkpoints = opened(folder.parent, newest=1)
    checkpoints.save(2, text("two"))
    assert steps(checkpoints) == [2]
    assert "cannot be removed, and stays until the next save" in caplog.text

    monkeypatch.undo()
    checkpoints.save(3, text("three"))
    assert [path.name for path in folder.parent.iterdir()] == ["sm-checkpoint-000000000003"]


def test_one_that_is_gone_already(folder: Path) -> None:
    remove(folder)
    remove(folder)
