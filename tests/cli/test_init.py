"""``sm-container init``: a whole folder, or nothing and a sentence that says why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sm_container.cli.project.starter import Starter


def init(*words: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("sm-container"), "init", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def names_in(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def test_it_says_what_to_type_next(hostile_tmp_path: Path) -> None:
    done = init("my-model", "--framework", "xgboost", folder=hostile_tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.splitlines()[1:] == [
        "  cd my-model",
        "  pip install -r requirements/desk.txt -c requirements/constraints.txt",
        "  pytest",
    ]
    for line in done.stdout.split():
        if line.startswith("requirements/"):
            assert (hostile_tmp_path / "my-model" / line).exists()


def test_the_document_is_what_was_made(hostile_tmp_path: Path) -> None:
    words = ["--framework", "sklearn", "--script-mode", "--json"]
    done = init("deep/er/my-model", *words, folder=hostile_tmp_path)

    made = json.loads(done.stdout)
    folder = hostile_tmp_path / "deep" / "er" / "my-model"
    assert (made["Name"], made["Folder"]) == ("my-model", str(folder))
    assert (made["Framework"], made["ScriptMode"]) == ("sklearn", True)
    assert made["Files"] == names_in(folder)
    assert made["Wheel"] in made["Files"]
    assert made["Next"][0] == "cd deep/er/my-model"


def test_the_path_is_quoted_for_a_shell(hostile_tmp_path: Path) -> None:
    done = init(hostile_tmp_path / "my-model", "--json", folder=hostile_tmp_path.parent)

    [cd, *_] = json.loads(done.stdout)["Next"]
    went = subprocess.run(
        ["bash", "-c", f"{cd} && pwd"],
        cwd=hostile_tmp_path.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert went.stdout.strip() == str(hostile_tmp_path / "my-model")


def test_the_current_folder_is_filled_where_it_is_empty(hostile_tmp_path: Path) -> None:
    folder = hostile_tmp_path / "my-model"
    folder.mkdir()
    before = folder.stat().st_ino

    done = init(".", "--json", folder=folder)

    assert done.returncode == 0, done.stderr
    assert folder.stat().st_ino == before
    made = json.loads(done.stdout)
    assert made["Files"] == names_in(folder)
    assert made["Next"][0].startswith("pip ")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("my_model", "use 1 to 63 letters, digits and hyphens"),
        ("-model", "No such option"),
        ("model-", "use 1 to 63 letters, digits and hyphens"),
        ("m" * 64, "use 1 to 63 letters, digits and hyphens"),
        ("My-Model", "take 'my-model'"),
        ("/", "use 1 to 63 letters, digits and hyphens"),
    ],
)
def test_a_name_that_would_be_refused_later_is_refused_now(
    name: str, reason: str, tmp_path: Path
) -> None:
    done = init(name, folder=tmp_path)

    assert done.returncode == 2
    assert reason in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_stays_as_it_is(tmp_path: Path) -> None:
    kept = tmp_path / "my-model" / "notes.txt"
    kept.parent.mkdir()
    kept.write_text("mine")

    done = init("my-model", folder=tmp_path)

    assert done.returncode == 2
    assert done.stderr == (
        f"Error: {kept.parent} holds something already; name a folder that is not there yet or is "
        "empty\n"
    )
    assert names_in(tmp_path) == ["my-model/notes.txt"]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "my-model").write_text("mine")

    done = init("my-model", folder=tmp_path)

    assert (done.returncode, "is no folder" in done.stderr) == (2, True)
    assert (tmp_path / "my-model").read_text() == "mine"


def test_a_folder_below_a_file_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")

    done = init("file/my-model", folder=tmp_path)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "cannot be written" in done.stderr


def test_an_unknown_framework_is_refused(tmp_path: Path) -> None:
    done = init("my-model", "--framework", "caffe", folder=tmp_path)

    assert done.returncode == 2
    assert "xgboost" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_files_have_the_modes_that_the_user_wants(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        assert init("my-model", folder=tmp_path).returncode == 0
    finally:
        os.umask(before)

    folder = tmp_path / "my-model"
    assert folder.stat().st_mode & 0o777 == 0o750
    assert (folder / "train.py").stat().st_mode & 0o777 == 0o640


def test_each_file_is_the_starters(tmp_path: Path) -> None:
    init("my-model", "--framework", "torch", folder=tmp_path)

    written = Starter("torch").files("my-model")
    folder = tmp_path / "my-model"
    assert {name: (folder / name).read_bytes() for name in written} == written
    assert set(names_in(folder)) - written.keys() == {path.name for path in folder.glob("*.whl")}
