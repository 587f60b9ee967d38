"""What TARGET means."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sm_container.cli.errors import Complaint
from sm_container.cli.target import ambiguity, settled


@pytest.fixture
def here(hostile_tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(hostile_tmp_path)
    (hostile_tmp_path / "train.py").touch()
    (hostile_tmp_path / "code").mkdir()
    (hostile_tmp_path / "code" / "train").touch(0o755)
    (hostile_tmp_path / "empty").mkdir()
    (hostile_tmp_path / "notes.txt").touch(0o644)
    return hostile_tmp_path


@pytest.mark.parametrize("word", ["train.py", "./train.py", "code", "code/train", "code/"])
def test_what_is_there_is_a_program(here: Path, word: str) -> None:
    assert settled(word) == os.path.abspath(here / word)


@pytest.mark.parametrize(
    "word",
    [
        "xgboost",
        "xgboost:1.7",
        "localhost/algorithm:latest",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/image@sha256:0123",
    ],
)
def test_anything_else_is_an_image(here: Path, word: str) -> None:
    assert settled(word) == word
    assert ambiguity(word) is None


@pytest.mark.parametrize("word", ["./nowhere", "/nowhere/at/all", "../nowhere", "~/nowhere.sh"])
def test_what_can_only_be_a_path_must_be_there(here: Path, word: str) -> None:
    with pytest.raises(Complaint, match="there is no such program or folder") as raised:
        settled(word)
    assert raised.value.exit_code == 2


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("empty", "has neither an executable train nor a train.py"),
        ("notes.txt", "notes.txt is not executable; chmod"),
        ("", "TARGET is empty"),
    ],
)
def test_what_is_there_must_be_a_program(here: Path, word: str, said: str) -> None:
    with pytest.raises(Complaint, match=said) as raised:
        settled(word)
    assert raised.value.exit_code == 2


def test_a_missing_script_could_be_an_image(here: Path) -> None:
    with pytest.raises(Complaint, match=r"write other\.py:latest"):
        settled("other.py")


def test_a_word_that_is_both_is_explained(here: Path) -> None:
    assert "write code:latest" in (ambiguity("code") or "")
    assert ambiguity("./code") is None
    assert ambiguity("train.py") is None
