"""Artifacts: what is kept, under which name, and what a hostile container cannot make of them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from sm_container.contract.layout import Layout
from sm_container.harness.outputs.artifacts import Destination, save_artifacts
from sm_container.harness.outputs.errors import ArtifactError
from sm_container.storage.store import Store, open_store


class Saving:
    """One save of the trees under a folder, with everything that it told."""

    def __init__(self, folder: Path, hosts: int = 1, compressed: bool = True) -> None:
        self.layouts = [Layout(folder / f"algo-{number + 1}") for number in range(hosts)]
        for layout in self.layouts:
            layout.base.mkdir()
            layout.create()
        self.target = folder / "output"
        self.destination = Destination(str(self.target), "job", compressed)
        self.scratch = folder / "scratch"
        self.progress: list[tuple[str, int, int]] = []

    def save(self) -> tuple[str, ...]:
        return save_artifacts(
            self.layouts,
            self.destination,
            store_of,
            self.scratch,
            lambda *told: self.progress.append(told),
        )

    @property
    def saved(self) -> Path:
        return self.target / "job" / "output"

    def members(self, archive: str = "model.tar.gz") -> dict[str, tarfile.TarInfo]:
        with tarfile.open(self.saved / archive) as tar:
            return {info.name: info for info in tar}


def store_of(uri: str) -> tuple[Store, str]:
    return open_store(uri)


def test_the_archives_root_is_the_folder_itself(hostile_tmp_path: Path) -> None:
    saving = Saving(hostile_tmp_path)
    model = saving.layouts[0].model
    (model / "deep" / "er").mkdir(parents=True)
    (model / "deep" / "er" / "weights ü").write_bytes(b"w" * 300_000)
    (model / "script").write_text("#!/bin/sh\n")
    (model / "script").chmod(0o755)
    (model / "latest").symlink_to("deep/er")
    (saving.layouts[0].output_data / "plot.png").write_bytes(b"png")

    assert saving.save() == ()

    members = saving.members()
    assert list(members) == ["deep", "deep/er", "deep/er/weights ü", "latest", "script"]
    assert members["script"].mode & 0o111
    assert members["latest"].linkname == "deep/er"
    assert {(info.uid, info.uname) for info in members.values()} == {(0, "root")}
    assert list(saving.members("output.tar.gz")) == ["plot.png"]
    assert saving.progress[-1] == ("output", 3, 3)
    assert ("model", 300_010, 300_010) in saving.progress
    assert list(saving.scratch.iterdir()) == []


def test_an_empty_folder_gives_no_object(hostile_tmp_path: Path) -> None:
    saving = Saving(hostile_tmp_path)
    (saving.layouts[0].model / "only" / "folders").mkdir(parents=True)
    assert saving.save() == ()
    assert not saving.saved.exists()
    assert saving.destination.model == f"{saving.target}/job/output/model.tar.gz"


def test_files_as_they_are(hostile_tmp_path: Path) -> None:
    saving = Saving(hostile_tmp_path, compressed=False)
    (saving.layouts[0].model / "a").mkdir()
    (saving.layouts[0].model / "a" / "b").write_text("b")
    (saving.layouts[0].model / "link").symlink_to("/etc/passwd")
    (saving.layouts[0].output_data / "c").write_text("c")

    notes = saving.save()

    files = sorted(str(f.relative_to(saving.saved)) for f in saving.saved.rglob("*") if f.is_file())
    assert files == ["data/c", "model/a/b"]
    assert len(notes) == 1
    assert "link was not uploaded" in notes[0]


def test_hosts_are_merged_and_a_clash_is_told(hostile_tmp_path: Path) -> None:
    saving = Saving(hostile_tmp_path, hosts=2)
    first, second = (layout.model for layout in saving.layouts)
    (first / "same").write_text("first")
    (second / "same").write_text("second")
    (second / "other").write_text("")
    for folder in (first, second):
        (folder / "shared").mkdir()

    notes = saving.save()

    with tarfile.open(saving.saved / "model.tar.gz") as tar:
        assert tar.getnames() == ["same", "shared", "other"]
        same = tar.extractfile("same")
        assert same is not None
        assert same.read() == b"first"
    assert len(notes) == 1
    assert "give each host's files names of their own" in notes[0]


def test_what_is_no_file_is_left_out_and_told(hostile_tmp_path: Path) -> None:
    saving = Saving(hostile_tmp_path)
    model = saving.layouts[0].model
    os.mkfifo(model / "pipe")
    (model / "file").write_text("kept")
    with socket.socket(socket.AF_UNIX) as listener:
        before = os.getcwd()
        os.chdir(model)
        try:
            listener.bind("socket")
        finally:
            os.chdir(before)
        notes = saving.save()
    assert list(saving.members()) == ["file"]
    assert sorted(note.partition(" was ")[0].rpartition("/")[2] for note in notes) == [
        "pipe",
        "socket",
    ]


def test_a_model_folder_that_became_a_link_is_not_followed(hostile_tmp_path: Path) -> None:
    saving = Saving(hostile_tmp_path)
    secret = hostile_tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("secret")
    saving.layouts[0].model.rmdir()
    saving.layouts[0].model.symlink_to(secret)
    saving.save()
    assert not saving.saved.exists()


def test_hard_links_keep_their_bytes(hostile_tmp_path: Path) -> None:
    saving = Saving(hostile_tmp_path)
    (saving.layouts[0].model / "a").write_text("content")
    os.link(saving.layouts[0].model / "a", saving.layouts[0].model / "b")
    saving.save()
    assert all(info.isreg() for info in saving.members().values())


LIMITED = """
import resource, sys
from pathlib import Path
from test_artifacts import Saving
from sm_container.harness.outputs.errors import ArtifactError
saving = Saving(Path(sys.argv[1]))
(saving.layouts[0].model / "weights").write_bytes(__import__("os").urandom(900_000))
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
__import__("signal").signal(__import__("signal").SIGXFSZ, __import__("signal").SIG_IGN)
try:
    saving.save()
except ArtifactError as fault:
    print(fault)
"""


def test_a_full_disk_is_an_error_and_leaves_nothing_behind(hostile_tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, str(hostile_tmp_path)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.startswith(
        f"could not save {hostile_tmp_path}/output/job/output/model.tar.gz"
    )
    assert "File too large" in run.stdout
    assert list((hostile_tmp_path / "scratch").iterdir()) == []
    assert not (hostile_tmp_path / "output").exists()


def test_an_output_that_cannot_be_written_is_an_error(hostile_tmp_path: Path) -> None:
    saving = Saving(hostile_tmp_path)
    (saving.layouts[0].model / "weights").write_text("w")
    saving.target.write_text("a file where the folder should be")
    with pytest.raises(ArtifactError, match=r"model\.tar\.gz: Not a directory"):
        saving.save()
