"""Names of checkpoints, the platform's markers, and what it does not upload."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sm_container.contract.checkpoints import (
    STEP_LIMIT,
    CheckpointName,
    is_left_behind,
    is_upload_marker,
)

HOSTS = st.none() | st.text(max_size=20)
STEPS = st.integers(0, STEP_LIMIT - 1)


@pytest.mark.parametrize("name", ["model.sagemaker-uploading", "a/b.sagemaker-uploaded"])
def test_markers_are_no_files_of_a_checkpoint(name: str) -> None:
    assert is_upload_marker(name)
    assert is_left_behind(name)


@pytest.mark.parametrize(
    "path", ["tmp1.sagemaker-ignore", ".sagemaker-ignore/a/b", "a.sagemaker-ignore/b"]
)
def test_what_an_algorithm_has_named_so_is_not_uploaded(path: str) -> None:
    assert is_left_behind(path)
    assert not is_upload_marker(path)


@pytest.mark.parametrize(
    "path", ["model", "sagemaker-uploaded", "a.sagemaker-uploaded/b", "sagemaker-ignore"]
)
def test_all_else_is_uploaded(path: str) -> None:
    assert not is_left_behind(path)


def test_markers_are_told_from_files() -> None:
    assert is_upload_marker("weights.bin.sagemaker-uploading")
    assert is_upload_marker("weights.bin.sagemaker-uploaded")
    assert not is_upload_marker("weights.bin")
    assert not is_upload_marker("sagemaker-uploaded.bin")


def test_a_name_says_what_it_is_of() -> None:
    assert str(CheckpointName(42)) == "sm-checkpoint-000000000042"
    assert str(CheckpointName(42, attempt=2)) == "sm-checkpoint-000000000042-2"
    assert str(CheckpointName(42, host="algo-2")) == "sm-checkpoint-000000000042.algo-2"
    assert str(CheckpointName(7, 1, "../é/")) == "sm-checkpoint-000000000007-1...%2F%C3%A9%2F"


@given(STEPS, st.integers(0, 10**6), HOSTS)
def test_a_name_is_read_back(step: int, attempt: int, host: str | None) -> None:
    name = CheckpointName(step, attempt, host)
    assert CheckpointName.parse(str(name)) == name
    assert not {"/", "\0", "\n"} & set(str(name))


@given(st.characters())
def test_every_character_of_a_host_has_a_form(character: str) -> None:
    name = CheckpointName(1, host=f"a{character}")
    str(name).encode("ascii")
    assert CheckpointName.parse(str(name)) == name


@given(STEPS, STEPS, st.integers(0, 30), st.integers(0, 30), HOSTS, HOSTS)
def test_sorted_as_text_is_sorted_by_step(
    one: int, other: int, a: int, b: int, host: str | None, other_host: str | None
) -> None:
    texts = str(CheckpointName(one, a, host)), str(CheckpointName(other, b, other_host))
    if one != other:
        assert (texts[0] < texts[1]) == (one < other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "checkpoint-500",
        "sm-checkpoint-",
        "sm-checkpoint-42",
        "sm-checkpoint-0000000000042",
        "sm-checkpoint-00000000004२",
        "sm-checkpoint-000000000042-0",
        "sm-checkpoint-000000000042-01",
        "sm-checkpoint-000000000042-",
        "sm-checkpoint-000000000042/x",
        "sm-checkpoint-000000000042.algo 1",
        "sm-checkpoint-000000000042.%2f",
        "sm-checkpoint-000000000042.%FF",
        "sm-checkpoint-000000000042\n",
        "SM-checkpoint-000000000042",
    ],
)
def test_other_names_are_none(text: str) -> None:
    assert CheckpointName.parse(text) is None


@pytest.mark.parametrize("step", [-1, STEP_LIMIT])
def test_a_step_that_has_no_name_is_refused(step: int) -> None:
    with pytest.raises(ValueError, match="a checkpoint's step is 0 to 999999999999"):
        CheckpointName(step)
