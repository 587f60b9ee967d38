"""Marks for the ways in which an algorithm's data can come."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import sm_container as sm
from sm_container.declaration.document import create_algorithm_document
from sm_container.testing import content_types, input_modes

ALGORITHM = sm.Algorithm(
    "several",
    channels=[
        sm.Channel("train", ["text/csv", "text/libsvm"], modes=["Pipe", "File"]),
        sm.Channel("validation", modes=["File", "FastFile"]),
        sm.Channel("images", ["image/png"], modes=["Pipe"], required=False),
    ],
)
DOCUMENT = create_algorithm_document(ALGORITHM.declaration)


def test_modes_of_all_required_channels_or_of_some() -> None:
    assert input_modes(ALGORITHM).args == ("input_mode", ["File"])
    assert input_modes(ALGORITHM, "train").args[1] == ["File", "Pipe"]
    assert input_modes(ALGORITHM, "images", argument="mode").args == ("mode", ["Pipe"])


def test_content_types_of_a_channel() -> None:
    assert content_types(ALGORITHM).args == ("content_type", ("text/csv", "text/libsvm"))
    assert content_types(ALGORITHM, "images").args[1] == ("image/png",)


def test_a_document_says_the_same(hostile_tmp_path: Path) -> None:
    file = hostile_tmp_path / "algorithm.json"
    file.write_text(json.dumps(DOCUMENT))

    for declared in (DOCUMENT, file, str(file)):
        assert input_modes(declared, "train").args[1] == ["File", "Pipe"]


def test_an_algorithm_that_takes_any_channel_takes_any_mode() -> None:
    assert input_modes(sm.Algorithm("any")).args[1] == ["File", "Pipe", "FastFile"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: input_modes(ALGORITHM, "test"), "no channel test; declared: train, validation"),
        (lambda: input_modes(ALGORITHM, "validation", "images"), "no input mode that all of these"),
        (lambda: content_types(ALGORITHM, "validation"), "channel validation is declared without"),
        (lambda: content_types(sm.Algorithm("any")), "declares no channels"),
    ],
)
def test_what_cannot_be(call: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()
