from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sm_container.harness.inputs.fastfile.device import may_mount, unmount, unmount_below
from sm_container.harness.inputs.fastfile.errors import MountError
from sm_container.harness.inputs.fastfile.mounts import find_mount, mounts_below

pytestmark = pytest.mark.root

NAMES = ["plain", "sp ace", "ta\tb", "li\nne", "back\\slash", "ünï", "\\040", "b#;$(x)"]


@pytest.fixture
def folder(hostile_tmp_path: Path) -> Iterator[Path]:
    """A folder with a mount at each name, and one below and one above another."""
    if not may_mount():
        pytest.skip("only root may mount")
    for name in [*NAMES, "sp ace/below", "plain"]:
        place = hostile_tmp_path / name
        place.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", place], check=True)
        (place / "below").mkdir()
    yield hostile_tmp_path
    for mount in mounts_below(hostile_tmp_path):
        subprocess.run(["umount", mount.path], check=True)


def test_mounts_are_found_whatever_their_names(folder: Path) -> None:
    found = mounts_below(folder)
    assert sorted(mount.path.relative_to(folder) for mount in found) == sorted(
        map(Path, [*NAMES, "sp ace/below", "plain"])
    )
    assert found[0].path == folder / "plain"  # the last one is on top
    assert {mount.kind for mount in found} == {"tmpfs"}
    status = os.stat(folder / "ta\tb")
    seen = find_mount(folder / "ta\tb")
    assert seen is not None
    assert seen.device == f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}"
    assert find_mount(folder / "no such") is None


def test_all_below_a_folder_are_unmounted_even_if_they_are_busy(folder: Path) -> None:
    with (folder / "sp ace" / "below" / "file").open("w"):
        gone = unmount_below(folder)
    assert len(gone) == len(NAMES) + 2
    assert mounts_below(folder) == []
    assert list((folder / "plain").iterdir()) == []
    assert unmount_below(folder) == []


def test_folder_itself_and_its_neighbours_are_left_alone(folder: Path) -> None:
    assert [path.name for path in unmount_below(folder / "sp ace")] == ["below"]
    assert unmount_below(folder / "plai") == []
    assert find_mount(folder / "sp ace") is not None
    assert find_mount(folder / "plain") is not None


def test_what_is_not_mounted_cannot_be_unmounted(hostile_tmp_path: Path) -> None:
    with pytest.raises(MountError, match="cannot be unmounted: "):
        unmount(hostile_tmp_path)
