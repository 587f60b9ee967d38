"""A folder in which everything can be anything at any moment."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path, PurePosixPath

import pytest

from sm_container.harness.checkpoints.folder import Folder, NotAFileError, Version

SHOWN = PurePosixPath("/opt/ml/checkpoints")


@pytest.fixture
def folder(hostile_tmp_path: Path) -> Folder:
    folder = Folder(hostile_tmp_path, ("a", "b"), SHOWN)
    folder.make_empty()
    return folder


def test_what_stands_there_is_seen_as_what_it_is(folder: Folder) -> None:
    (folder.path / "deep/er").mkdir(parents=True)
    (folder.path / "deep/er/file").write_text("content")
    (folder.path / "link").symlink_to("deep/er/file")
    (folder.path / "folder link").symlink_to("deep")
    os.mkfifo(folder.path / "fifo")
    sight = folder.look()
    status = (folder.path / "deep/er/file").stat()
    assert sight.files == {"deep/er/file": Version(status.st_ino, 7, status.st_mtime_ns)}
    assert sight.odd == {
        "link": "a link has no bytes of its own",
        "folder link": "a link has no bytes of its own",
        "fifo": "it is no regular file",
    }
    assert folder.look(("deep", "link", "gone", "gone/too", "fifo/below")).files.keys() == {
        "deep/er/file"
    }
    assert folder.version("deep/er/file") == sight.files["deep/er/file"]
    assert folder.version("deep") is None


def test_a_file_is_read_and_nothing_else(folder: Folder) -> None:
    (folder.path / "file").write_text("content")
    (folder.path / "link").symlink_to("file")
    (folder.path / "folder").mkdir()
    os.mkfifo(folder.path / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        here = os.open(folder.path, os.O_RDONLY)
        listening.bind(f"/proc/self/fd/{here}/socket")
        os.close(here)
    with folder.open("file") as file:
        (folder.path / "file").unlink()  # whatever becomes of its name
        (folder.path / "file").write_text("another")
        assert file.path.read_text() == "content"
        assert file.version().size == 7
    for name in ("gone", "link", "folder/gone", "file/below", "link/below"):
        with pytest.raises(FileNotFoundError), folder.open(name):
            pass
    for name in ("folder", "fifo", "socket"):
        with pytest.raises(NotAFileError), folder.open(name):
            pass


def test_no_step_of_the_way_is_a_link(folder: Folder, hostile_tmp_path: Path) -> None:
    (hostile_tmp_path / "outside/b").mkdir(parents=True)
    (hostile_tmp_path / "outside/b/secret").write_text("a secret")
    (folder.path / "inner").symlink_to(hostile_tmp_path / "outside")
    assert folder.look(("inner/b", "inner/b/secret")).files == {}
    with pytest.raises(FileNotFoundError), folder.open("inner/b/secret"):
        pass
    assert folder.identity() is not None
    (hostile_tmp_path / "a").rename(hostile_tmp_path / "moved")
    assert folder.identity() is None
    (hostile_tmp_path / "a").symlink_to("outside")
    assert folder.identity() is None
    assert folder.look().files == {}
    with pytest.raises(FileNotFoundError), folder.open("secret"):
        pass


def test_a_folder_that_is_swapped_for_a_link_again_and_again(
    folder: Folder, hostile_tmp_path: Path
) -> None:
    """Never is anything read through the link, however the look and the swap fall together."""
    outside = hostile_tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("a secret")
    inner, aside = folder.path / "inner", folder.path / "aside"
    inner.mkdir()
    (inner / "own").write_text("own")
    ended = threading.Event()

    def swap() -> None:
        while not ended.is_set():
            inner.rename(aside)
            inner.symlink_to(outside)
            inner.unlink()
            aside.rename(inner)

    swapping = threading.Thread(target=swap)
    swapping.start()
    try:
        for _ in range(2000):
            found = folder.look().files
            assert found.keys() <= {"inner/own", "aside/own"}
            with pytest.raises(FileNotFoundError), folder.open("inner/secret"):
                pass
    finally:
        ended.set()
        swapping.join()


def test_what_is_too_deep_for_a_key_is_not_looked_for(folder: Folder) -> None:
    here = os.open(folder.path, os.O_RDONLY)
    for _ in range(600):
        os.mkdir("dd", dir_fd=here)
        deeper = os.open("dd", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)
    sight = folder.look()
    assert sight.files == {}
    [(name, why)] = sight.odd.items()
    assert len(name) == 1025
    assert "1024 bytes" in why


def test_no_descriptor_is_left_open(folder: Folder) -> None:
    (folder.path / "deep/er").mkdir(parents=True)
    (folder.path / "deep/er/file").write_text("content")
    before = os.listdir("/proc/self/fd")
    folder.look()
    folder.look(("gone/x", "deep/er/file/x"))
    with folder.open("deep/er/file"):
        pass
    assert os.listdir("/proc/self/fd") == before
