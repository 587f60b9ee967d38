"""What is not a whole checkpoint is never loaded: torn, half restored, damaged, foreign."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sm_container.contract.checkpoint_manifest import MANIFEST_NAME, UNFINISHED_MANIFEST_NAME
from sm_container.contract.checkpoints import UPLOADED_SUFFIX, UPLOADING_SUFFIX
from tests.runtime.checkpoints.saving import content, files, names, opened, steps

STATE = {"weights.bin": b"weights of step %d", "optimizer/state.bin": b"state of step %d"}


def state_of(step: int) -> dict[str, bytes]:
    return {name: data % step for name, data in STATE.items()}


@pytest.fixture
def folder(hostile_tmp_path: Path) -> Path:
    """The checkpoints of the steps 1 and 2."""
    for step in (1, 2):
        opened(hostile_tmp_path).save(step, files(state_of(step)))
    return hostile_tmp_path


def newest(folder: Path) -> Path:
    return folder / "sm-checkpoint-000000000002"


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


TORN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no manifest": (lambda path: (path / MANIFEST_NAME).unlink(), "is missing: the checkpoint"),
    "a manifest not renamed": (
        lambda path: (path / MANIFEST_NAME).rename(path / UNFINISHED_MANIFEST_NAME),
        "is missing: the checkpoint",
    ),
    "an empty manifest": (lambda path: (path / MANIFEST_NAME).write_bytes(b""), "is not JSON"),
    "half a manifest": (lambda path: os.truncate(path / MANIFEST_NAME, 100), "is not JSON"),
    "another manifest": (
        lambda path: shutil.copy(
            path.parent / "sm-checkpoint-000000000001" / MANIFEST_NAME, path / MANIFEST_NAME
        ),
        "is another's, by the step 1 of algo-1 in it",
    ),
    "a missing file": (lambda path: (path / "weights.bin").unlink(), "weights.bin: is not there"),
    "a missing folder": (lambda path: shutil.rmtree(path / "optimizer"), "is not there"),
    "a short file": (lambda path: os.truncate(path / "weights.bin", 3), "has 3 bytes, not 17"),
    "a long file": (lambda path: os.truncate(path / "weights.bin", 30), "has 30 bytes, not 17"),
    "another byte": (
        lambda path: (path / "weights.bin").write_bytes(b"weights of step 1"),
        "weights.bin: was changed or damaged",
    ),
    "a link": (
        lambda path: (
            (path / "weights.bin").unlink() or (path / "weights.bin").symlink_to("/dev/zero")
        ),
        "is not a regular file",
    ),
    "a file in its place": (
        lambda path: shutil.rmtree(path) or path.touch(),
        "is not a checkpoint of sm-container",
    ),
    "a link in its place": (
        lambda path: (
            shutil.move(path, path.parent.parent / "elsewhere")
            and path.symlink_to(path.parent.parent / "elsewhere")
        ),
        "is not a checkpoint of sm-container",
    ),
}


@pytest.mark.parametrize(("tear", "why"), TORN.values(), ids=TORN)
def test_a_torn_one_is_passed_over_with_one_line(
    folder: Path, tear: Callable[[Path], object], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    tear(newest(folder))
    checkpoints = opened(folder)
    for _ in range(2):
        found = checkpoints.latest()
        assert found is not None
        assert (found.step, content(found)) == (1, state_of(1))
    (line,) = lines(caplog)
    assert line.startswith(f"checkpoints: passed over: {newest(folder)}")
    assert why in line

    checkpoints.save(2, files({"weights.bin": b"anew"}))
    assert content(checkpoints.latest()) == {"weights.bin": b"anew"}
    assert content(opened(folder).latest()) == {"weights.bin": b"anew"}


def test_each_flipped_bit_is_seen(folder: Path) -> None:
    path = newest(folder) / "optimizer" / "state.bin"
    data = path.read_bytes()
    for bit in range(len(data) * 8):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        found = opened(folder).latest()
        assert found is not None
        assert found.step == 1


def test_a_damaged_one_does_not_count_among_the_newest(folder: Path) -> None:
    checkpoints = opened(folder, newest=2)
    checkpoints.save(3, files(state_of(3)))
    (folder / "sm-checkpoint-000000000003" / "weights.bin").write_bytes(b"weights of step 4")
    assert checkpoints.latest() is not None
    checkpoints.save(4, files(state_of(4)))
    assert steps(checkpoints) == [2, 4]


def test_the_name_of_a_damaged_one_is_not_damaged_for_ever(folder: Path) -> None:
    """It goes with the next save; then its step is saved again, under the same name."""
    (newest(folder) / "weights.bin").write_bytes(b"weights of step 1")
    checkpoints = opened(folder)
    assert checkpoints.latest() is not None
    checkpoints.save(1, files(state_of(1)))
    assert not newest(folder).exists()
    checkpoints.save(2, files(state_of(2)))
    assert newest(folder).exists()
    assert content(checkpoints.latest()) == state_of(2)
    checkpoints.save(3, files(state_of(3)))
    assert steps(checkpoints) == [1, 2, 3]


def test_leftovers_go_with_the_next_save_and_foreign_things_stay(folder: Path) -> None:
    (newest(folder) / MANIFEST_NAME).unlink()
    (folder / "sm-checkpoint-000000000009").mkdir()
    foreign = [
        "checkpoint-500",
        "notes.txt",
        "sm-checkpoint-x",
        "sm-checkpoint-000000000001.algo-7",
    ]
    for name in foreign:
        (folder / name).mkdir()
        (folder / name / "data").touch()
    opened(folder).save(3, files(state_of(3)))
    kept = ["sm-checkpoint-000000000001", "sm-checkpoint-000000000003"]
    assert names(folder) == sorted([*foreign, *kept])


def replace_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


UNKNOWN: dict[str, tuple[Callable[[Path], object], str]] = {
    "a later format": (
        lambda manifest: manifest.write_text('{"format":2}'),
        "install the version of sm-container that wrote it",
    ),
    "unreadable": (replace_by_a_folder, "cannot be read (Is a directory)"),
}


@pytest.mark.parametrize(("change", "why"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_may_be_whole_is_passed_over_and_stays(
    folder: Path, change: Callable[[Path], object], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    change(newest(folder) / MANIFEST_NAME)
    checkpoints = opened(folder)
    assert steps(checkpoints) == [1]
    assert why in lines(caplog)[0]
    checkpoints.save(3, files(state_of(3)))
    assert newest(folder).exists()


def test_the_platforms_markers_do_not_matter(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        path.with_name(path.name + UPLOADING_SUFFIX).touch()
        path.with_name(path.name + UPLOADED_SUFFIX).touch()
    (folder / f"notes{UPLOADED_SUFFIX}").touch()
    assert content(opened(folder).latest()) == state_of(2)
    opened(folder, newest=1, is_copied=True).save(3, files(state_of(3)))
    assert not (folder / "sm-checkpoint-000000000001").exists()
    assert lines(caplog) == []


def test_every_half_of_a_restore(folder: Path, tmp_path: Path) -> None:
    """The platform restores file by file: whatever is missing, what is left is not loaded."""
    keys = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    assert len(keys) == 6
    for bits in range(1 << len(keys)):
        restored = tmp_path / f"restored-{bits}"
        held = {key for number, key in enumerate(keys) if bits >> number & 1}
        for key in held:
            (restored / key).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / key, restored / key)
        whole = [
            step
            for step in (1, 2)
            if sum(key.parts[0].endswith(str(step)) for key in held) == len(keys) / 2
        ]
        found = opened(restored).latest()
        assert (found.step if found else None) == (max(whole) if whole else None)
        if found is not None:
            assert content(found) == state_of(found.step)


HOSTILE = ["a b", "é", "-rf", "'; rm -rf *", '"$HOME"', "new\nline", "x" * 200, "dots..", "%2F"]


def test_hostile_names_of_files_and_folders(hostile_tmp_path: Path) -> None:
    state = {f"{folder}/{name}": b"x" for folder in HOSTILE for name in HOSTILE}
    checkpoints = opened(hostile_tmp_path)
    checkpoints.save(1, files(state))
    assert content(checkpoints.latest()) == state
