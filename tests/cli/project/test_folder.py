"""A folder is written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from sm_container.cli.project.folder import FolderTakenError, write_folder

FILES = {"a.txt": b"a", "below/b.txt": b"b"}
IMPOSSIBLE = {**FILES, "a.txt/c.txt": b"c"}


@pytest.mark.parametrize("is_there", [False, True])
def test_files_are_written(is_there: bool, hostile_tmp_path: Path) -> None:
    folder = hostile_tmp_path / "folder"
    if is_there:
        folder.mkdir()

    write_folder(folder, FILES)

    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert found == FILES
    assert list(hostile_tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("is_there", [False, True])
def test_nothing_is_left_of_what_cannot_be_written(is_there: bool, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    if is_there:
        folder.mkdir()

    with pytest.raises(FileExistsError):
        write_folder(folder, IMPOSSIBLE)

    assert list(tmp_path.rglob("*")) == ([folder] if is_there else [])


def test_a_link_that_leads_nowhere_is_something(tmp_path: Path) -> None:
    link = tmp_path / "folder"
    link.symlink_to(tmp_path / "nowhere")

    with pytest.raises(FolderTakenError, match="is no folder"):
        write_folder(link, FILES)
