from __future__ import annotations

import os
from pathlib import Path

import pytest

from sm_container.harness.inputs.file.placement import Placement, place, takes_space
from sm_container.storage.errors import StorageError
from sm_container.storage.objects import ignore


@pytest.fixture
def source(hostile_tmp_path: Path) -> Path:
    path = hostile_tmp_path / "source"
    path.write_text("bytes")
    path.chmod(0o644)
    return path


@pytest.fixture
def folder(hostile_tmp_path: Path) -> Path:
    path = hostile_tmp_path / "folder"
    path.mkdir()
    return path


def test_a_link_takes_no_space(source: Path, folder: Path) -> None:
    counts: list[int] = []
    place(source, folder / "a", Placement.LINK, counts.append)
    assert (folder / "a").samefile(source)
    assert counts == [5]
    assert not takes_space(source, folder, Placement.LINK)


def test_a_copy_can_be_written_without_harm(source: Path, folder: Path) -> None:
    place(source, folder / "a", Placement.COPY, ignore)
    (folder / "a").write_text("changed")
    assert source.read_text() == "bytes"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o4755])
def test_a_file_that_is_not_for_all_to_read_is_copied(
    source: Path, folder: Path, mode: int
) -> None:
    source.chmod(mode)
    place(source, folder / "a", Placement.LINK, ignore)
    assert not (folder / "a").samefile(source)
    assert (folder / "a").stat().st_mode & 0o7777 == 0o644
    assert source.stat().st_mode & 0o7777 == mode


def test_the_file_of_another_user_is_copied(
    source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: source.stat().st_uid + 1)
    place(source, folder / "a", Placement.LINK, ignore)
    assert not (folder / "a").samefile(source)


def test_a_link_is_placed_as_the_file_it_leads_to(source: Path, folder: Path) -> None:
    link = source.with_name("link")
    link.symlink_to("source")
    place(link, folder / "a", Placement.LINK, ignore)
    assert not (folder / "a").is_symlink()
    assert (folder / "a").samefile(source)


def test_another_file_system_gets_a_copy(source: Path) -> None:
    other = Path("/dev/shm")
    if other.stat().st_dev == source.stat().st_dev:
        pytest.fail("/dev/shm is not a file system of its own here")
    target = other / f"sm-container-test-{os.getpid()}"
    try:
        assert takes_space(source, other, Placement.LINK)
        place(source, target, Placement.LINK, ignore)
        assert target.read_text() == "bytes"
    finally:
        target.unlink(missing_ok=True)


@pytest.mark.parametrize("placement", Placement)
def test_nothing_is_overwritten(source: Path, folder: Path, placement: Placement) -> None:
    (folder / "a").write_text("another's")
    with pytest.raises(StorageError):
        place(source, folder / "a", placement, ignore)
    assert (folder / "a").read_text() == "another's"
    assert os.listdir(folder) == ["a"]
