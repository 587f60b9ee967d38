"""What cannot come back from S3 is no part of a checkpoint."""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sm_container.contract.checkpoint_manifest import (
    MANIFEST_NAME,
    UNFINISHED_MANIFEST_NAME,
)
from sm_container.contract.checkpoints import CheckpointName
from sm_container.contract.errors import ContractError
from sm_container.runtime.checkpoints.errors import CheckpointError
from sm_container.runtime.checkpoints.finding import look
from sm_container.runtime.checkpoints.sealing import seal
from tests.runtime.checkpoints.saving import names, opened


def bind(path: Path) -> None:
    """A socket; its address is short, whatever the path is."""
    with socket.socket(socket.AF_UNIX) as made:
        here = os.open(path.parent, os.O_RDONLY)
        try:
            made.bind(f"/proc/self/fd/{here}/{path.name}")
        finally:
            os.close(here)


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a link": (lambda folder: (folder / "link").symlink_to("state"), "link: is a link"),
    "a link to a folder": (lambda folder: (folder / "link").symlink_to("/tmp"), "link: is a link"),
    "a broken link": (lambda folder: (folder / "link").symlink_to("nowhere"), "link: is a link"),
    "a FIFO": (lambda folder: os.mkfifo(folder / "fifo"), "fifo: is no regular file"),
    "a socket": (lambda folder: bind(folder / "socket"), "socket: is no regular file"),
    "a name that is not UTF-8": (
        lambda folder: (folder / os.fsdecode(b"\xff")).touch(),
        "its name is not UTF-8",
    ),
    "a marker": (lambda folder: (folder / "a.sagemaker-uploaded").touch(), "has a name of this"),
    "a marker with content": (
        lambda folder: (folder / "state.sagemaker-uploaded").write_text("state"),
        "has a name of this",
    ),
    "what is not uploaded": (
        lambda folder: (folder / "a.sagemaker-ignore").touch(),
        "a.sagemaker-ignore: has a name that the platform does not upload",
    ),
    "a folder that is not uploaded": (
        lambda folder: (
            (folder / "b.sagemaker-ignore").mkdir(),
            (folder / "b.sagemaker-ignore" / "c").touch(),
        ),
        "has a name that the platform does not upload",
    ),
    "a manifest": (lambda folder: (folder / MANIFEST_NAME).touch(), "has a name of this library"),
    "an unfinished one": (
        lambda folder: (folder / UNFINISHED_MANIFEST_NAME).touch(),
        "has a name of this library",
    ),
}


@pytest.mark.parametrize(("make", "why"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused(hostile_tmp_path: Path, make: Callable[[Path], object], why: str) -> None:
    def write(folder: Path) -> None:
        (folder / "state").touch()
        make(folder)

    with pytest.raises(CheckpointError, match=why):
        opened(hostile_tmp_path).save(1, write)
    assert names(hostile_tmp_path) == []


def test_what_is_still_written_to_is_refused(
    hostile_tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by a thread of the author's that goes on: its checkpoint would never be whole."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: late.write_bytes(b"longer"))
    late = hostile_tmp_path / "sm-checkpoint-000000000001" / "late"
    with pytest.raises(CheckpointError, match="was still written to when the function"):
        opened(hostile_tmp_path).save(1, lambda folder: (folder / "late").write_bytes(b"short"))
    assert names(hostile_tmp_path) == []


def test_a_folder_that_cannot_be_listed_is_refused(
    hostile_tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files would be left out, and nobody would miss them."""

    def write(folder: Path) -> None:
        (folder / "state").touch()
        (folder / "closed").mkdir()
        monkeypatch.setattr(os, "scandir", closed)

    scandir = os.scandir

    def closed(path: Any) -> Any:
        if Path(path).name == "closed":
            monkeypatch.undo()
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return scandir(path)

    with pytest.raises(CheckpointError, match=r"cannot be written \(.*Permission denied"):
        opened(hostile_tmp_path).save(1, write)


def test_a_large_file_has_a_checksum_a_piece(tmp_path: Path) -> None:
    folder = tmp_path / str(CheckpointName(1))
    folder.mkdir()
    large = folder / "large"
    large.write_bytes(os.urandom(2500))
    manifest = seal(folder, 1, "algo-1", {}, piece_bytes=1000)
    assert len(manifest.files[0].checksums) == 3

    (checkpoint,) = look(tmp_path, None).whole
    checkpoint.verify()
    large.write_bytes(large.read_bytes()[:-1] + bytes([large.read_bytes()[-1] ^ 1]))
    with pytest.raises(ContractError, match=r"damaged in the 1000 bytes from byte 2000"):
        checkpoint.verify()


def test_the_platforms_markers_are_passed_over(hostile_tmp_path: Path) -> None:
    """The platform uploads a file that has settled, also while the others are written."""

    def write(folder: Path) -> None:
        (folder / "below").mkdir()
        for name in ("state", "below/more"):
            (folder / name).write_text(name)
            (folder / f"{name}.sagemaker-uploaded").touch()
        (folder / "state.sagemaker-uploading").touch()

    checkpoint = opened(hostile_tmp_path).save(1, write)

    assert checkpoint is not None
    assert sorted(file.name for file in checkpoint.manifest.files) == ["below/more", "state"]


def test_markers_may_come_and_go_meanwhile(hostile_tmp_path: Path) -> None:
    folder = hostile_tmp_path / "sm-checkpoint-000000000001"
    folder.mkdir()
    for number in range(50):
        (folder / f"{number}").write_text("state")
    ended = threading.Event()

    def mark() -> None:
        while not ended.is_set():
            for number in range(50):
                (folder / f"{number}.sagemaker-uploading").touch()
                (folder / f"{number}.sagemaker-uploading").rename(
                    folder / f"{number}.sagemaker-uploaded"
                )
                (folder / f"{number}.sagemaker-uploaded").unlink()

    platform = threading.Thread(target=mark)
    platform.start()
    try:
        for _ in range(20):
            assert len(seal(folder, 1, "algo-1", {}).files) == 50
            (folder / MANIFEST_NAME).unlink()
    finally:
        ended.set()
        platform.join()
