"""What inotify says of a real folder."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sm_container.harness.checkpoints import watch as module
from sm_container.harness.checkpoints.watch import Watch, WatchError
from tests.harness.checkpoints.conftest import until


class Heard:
    """All that a watch has told so far."""

    def __init__(self, path: Path) -> None:
        self.stirred = threading.Event()
        self.watch = Watch(path, self.stirred)
        self.files: set[str] = set()
        self.folders: set[str] = set()

    def has(self, *, files: set[str] = frozenset(), folders: set[str] = frozenset()) -> bool:  # type: ignore[assignment]
        more_files, more_folders = self.watch.take()
        self.files |= more_files
        self.folders |= more_folders
        return files <= self.files and folders <= self.folders


@pytest.fixture
def heard(hostile_tmp_path: Path) -> Iterator[Heard]:
    heard = Heard(hostile_tmp_path)
    yield heard
    heard.watch.stop()


def test_it_says_where_something_has_happened(heard: Heard, hostile_tmp_path: Path) -> None:
    (hostile_tmp_path / "file").write_text("content")
    until(lambda: heard.has(files={"file"}))
    assert heard.stirred.is_set()
    (hostile_tmp_path / "folder").mkdir()
    until(lambda: heard.has(folders={"folder"}))
    (hostile_tmp_path / "folder/ünï \n✓").write_text("content")
    until(lambda: heard.has(files={"folder/ünï \n✓"}))
    (hostile_tmp_path / "folder").rename(hostile_tmp_path / "renamed")
    until(lambda: heard.has(folders={"renamed"}))
    (hostile_tmp_path / "renamed/ünï \n✓").unlink()
    until(lambda: heard.has(files={"renamed/ünï \n✓"}))


def test_it_does_not_tell_what_the_sync_itself_does(heard: Heard, hostile_tmp_path: Path) -> None:
    (hostile_tmp_path / "file").write_text("content")
    (hostile_tmp_path / "first").touch()
    until(lambda: heard.has(files={"file", "first"}))
    heard.files -= {"file"}
    (hostile_tmp_path / "file").read_text()
    (hostile_tmp_path / "file.sagemaker-uploading").touch()
    (hostile_tmp_path / "file.sagemaker-uploaded").touch()
    (hostile_tmp_path / "file.sagemaker-uploading").unlink()
    list(hostile_tmp_path.iterdir())
    (hostile_tmp_path / "last").touch()
    until(lambda: heard.has(files={"last"}))
    assert heard.files == {"first", "last"}
    assert heard.folders == set()


def test_very_many_places_are_the_whole_folder(
    heard: Heard, hostile_tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_PLACES", 10)

    def has_stirred() -> bool:
        """Asking takes what there is, and a slow watch may have told of few: stir again."""
        for number in range(20):
            (hostile_tmp_path / str(number)).write_text("stirred")
        return heard.has(folders={""})

    until(has_stirred)


def test_no_thread_is_left(hostile_tmp_path: Path) -> None:
    before = threading.active_count()
    Watch(hostile_tmp_path, threading.Event()).stop()
    with pytest.raises(WatchError) as caught:
        Watch(hostile_tmp_path / "gone", threading.Event())
    assert caught.value.is_gone
    assert threading.active_count() == before
