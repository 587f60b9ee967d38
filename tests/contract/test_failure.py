from __future__ import annotations

import builtins
import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sm_container.contract.failure import failure_text

AUTHOR = """
import json

def load(text):
    return json.loads(text)

def prepare(text):
    try:
        return load(text)
    except ValueError as error:
        raise RuntimeError("no usable data") from error

def train(text):
    prepare(text)

def quiet():
    try:
        load("{")
    except ValueError:
        raise KeyError("train") from None

def rising(n):
    try:
        if n == 0:
            raise KeyError("the root " + "r" * 400)
        rising(n - 1)
    except LookupError as error:
        raise IndexError(f"level {n} " + "v" * 400) from error

def carried(n):
    from concurrent.futures.process import _RemoteTraceback
    error = ZeroDivisionError("division")
    error.__cause__ = _RemoteTraceback("Traceback (most recent call last):")
    raise error

def again():
    import copy
    try:
        load("{")
    except ValueError as error:
        raise copy.copy(error) from error

def deep(n):
    if n:
        deep(n - 1)
    raise ValueError("at the bottom")
"""


@pytest.fixture
def author(hostile_tmp_path: Path) -> ModuleType:
    path = hostile_tmp_path / "author.py"
    path.write_text(AUTHOR)
    spec = importlib.util.spec_from_file_location("author", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def failure_of(function: object, *arguments: object) -> str:
    try:
        function(*arguments)  # type: ignore[operator]
    except Exception as error:  # noqa: BLE001
        return failure_text(error)
    raise AssertionError("it did not fail")


def test_type_message_causes_and_the_author_s_frames(author: ModuleType) -> None:
    first, cause, *frames = failure_of(author.train, "{").splitlines()
    assert first == "RuntimeError: no usable data"
    assert cause.startswith("caused by JSONDecodeError: Expecting property name")
    assert [frame.rpartition(": ")[2] for frame in frames][:3] == [
        "return json.loads(text)",
        "return load(text)",
        "prepare(text)",
    ]
    assert "author.py:5 in load" in frames[0]
    assert not any("json/" in frame for frame in frames)


def test_a_cause_that_the_author_hides_stays_hidden(author: ModuleType) -> None:
    lines = failure_of(author.quiet).splitlines()
    assert lines[0] == "KeyError: 'train'"
    assert not any(line.startswith("caused by") for line in lines)


def test_of_a_long_chain_the_root_is_told(author: ModuleType) -> None:
    text = failure_of(author.rising, 9)
    first, nearest, root, *_ = text.splitlines()
    assert first.startswith("IndexError: level 9 v")
    assert nearest.startswith("caused by IndexError: level 8 v")
    assert root.startswith("caused by KeyError: 'the root r")
    assert "\nat " in text


def test_an_exception_that_is_raised_again_is_told_once(author: ModuleType) -> None:
    text = failure_of(author.again)
    assert text.startswith("JSONDecodeError: Expecting property name")
    assert "caused by" not in text
    assert "in load" in text


def test_what_carries_a_worker_s_traceback_is_no_cause(author: ModuleType) -> None:
    text = failure_of(author.carried, 0)
    assert text.startswith("ZeroDivisionError: division\nat ")
    assert "caused by" not in text


def test_a_long_message_has_all_the_room_there_is() -> None:
    assert len(failure_text(ValueError("é" * 5000))) == 1024


def test_the_innermost_frame_is_first(author: ModuleType) -> None:
    lines = failure_of(author.deep, 50).splitlines()
    assert lines[0] == "ValueError: at the bottom"
    assert 'raise ValueError("at the bottom")' in lines[1]


def test_without_frames_of_the_author_the_last_ones_are_shown() -> None:
    text = failure_of(json.loads, "{")
    assert "decoder.py" in text or "test_failure.py" in text


class LikeAGroup(Exception):
    """What Python 3.10 has of groups: those of other libraries, which look like this."""

    def __init__(self, message: str, exceptions: list[Exception]) -> None:
        super().__init__(message)
        self.exceptions = tuple(exceptions)


def test_a_group_goes_by_its_first_member() -> None:
    group_type = getattr(builtins, "ExceptionGroup", LikeAGroup)
    first, cause = failure_text(
        group_type("two", [ValueError("1st"), TypeError("2nd")])
    ).splitlines()
    assert first.startswith(f"{group_type.__name__}: two")
    assert cause == "caused by ValueError: 1st"


def test_an_exception_that_cannot_be_shown() -> None:
    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    assert failure_text(Broken()).endswith("Broken: (its message cannot be shown: RuntimeError)")


def test_causes_in_a_circle_end() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert failure_text(one).splitlines() == ["ValueError: one", "caused by ValueError: other"]


@given(st.text(), st.integers(1, 2000), st.integers(0, 30))
def test_it_is_never_too_long(message: str, times: int, causes: int) -> None:
    error: Exception = ValueError(message * times)
    for _ in range(causes):
        outer = RuntimeError(message * times)
        outer.__cause__ = error
        error = outer
    assert len(failure_text(error)) <= 1024


def test_a_long_message_leaves_room_for_where(author: ModuleType) -> None:
    text = failure_of(author.train, "{" + "x" * 5000)
    try:
        raise ValueError("x" * 5000)
    except ValueError as error:
        text = failure_text(error)
    assert len(text) <= 1024
    assert 'raise ValueError("x" * 5000)' in text
