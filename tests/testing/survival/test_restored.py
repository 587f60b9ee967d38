"""What a start is given, and what is known of what it made of that."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sm_container.contract.checkpoint_manifest import (
    MANIFEST_NAME,
    CheckpointFile,
    CheckpointManifest,
    checksum,
)
from sm_container.contract.checkpoints import CheckpointName
from sm_container.testing.survival.restored import Restored, newest_step


def checkpoint(folder: Path, name: CheckpointName) -> Path:
    place = folder / str(name)
    place.mkdir()
    (place / "state").write_bytes(b"some state")
    file = CheckpointFile("state", 10, (checksum(place / "state", 0, 10),))
    manifest = CheckpointManifest(name.step, "algo-1", "2026-11-21T00:00:00Z", (file,))
    (place / MANIFEST_NAME).write_bytes(manifest.to_bytes())
    return place


@pytest.fixture
def folder(hostile_tmp_path: Path) -> Path:
    place = hostile_tmp_path / "checkpoints"
    place.mkdir()
    return place


@pytest.fixture
def restored(folder: Path) -> Iterator[Restored]:
    checkpoint(folder, CheckpointName(4))
    (checkpoint(folder, CheckpointName(5)) / "state").unlink()
    start = Restored(folder, folder.parent)
    yield start
    start.close()


def test_the_newest_that_is_whole(restored: Restored) -> None:
    assert restored.step == 4
    assert len(restored.files) == 3


def test_nothing_was_read(restored: Restored) -> None:
    assert restored.was_read() is False


def test_looking_at_the_manifest_is_no_reading(restored: Restored, folder: Path) -> None:
    CheckpointManifest.read(folder / str(CheckpointName(4)))
    assert restored.was_read() is False


def test_what_was_read_and_removed_was_read(restored: Restored, folder: Path) -> None:
    state = folder / str(CheckpointName(4)) / "state"
    assert state.read_bytes() == b"some state"
    state.unlink()
    assert restored.was_read() is True


def test_what_was_written_over_and_then_uploaded_was_not_read(
    restored: Restored, folder: Path
) -> None:
    state = folder / str(CheckpointName(4)) / "state"
    state.write_bytes(b"others")
    assert state.read_bytes() == b"others"
    assert restored.was_read() is False


def test_what_was_read_and_then_written_over_was_read(restored: Restored, folder: Path) -> None:
    state = folder / str(CheckpointName(4)) / "state"
    restored.watch()
    assert state.read_bytes() == b"some state"
    state.write_bytes(b"others")
    restored.end()
    state.read_bytes()
    assert restored.was_read() is True


def test_what_was_written_over_was_not_read(restored: Restored, folder: Path) -> None:
    (folder / str(CheckpointName(4)) / "state").write_bytes(b"others")
    assert restored.was_read() is False


def test_steps_that_follow_are_none_of_the_past(restored: Restored, folder: Path) -> None:
    restored.watch()
    checkpoint(folder, CheckpointName(6))
    checkpoint(folder, CheckpointName(5, attempt=1))  # it had been torn
    restored.end()
    assert restored.repeated_step is None


def test_a_step_that_is_saved_again(restored: Restored, folder: Path) -> None:
    restored.watch()
    checkpoint(folder, CheckpointName(4, attempt=1))
    checkpoint(folder, CheckpointName(3))
    restored.end()
    assert restored.repeated_step == 3


def test_a_folder_that_the_program_takes_away(restored: Restored, folder: Path) -> None:
    restored.watch()
    shutil.rmtree(folder)
    restored.end()
    assert restored.repeated_step is None


def test_an_empty_folder_and_none(folder: Path) -> None:
    start = Restored(folder, folder.parent)
    assert (start.files, start.step, start.was_read()) == ((), None, False)
    start.close()
    assert newest_step(folder / "none") is None
