"""The table of what hyperparameters become, held against what ``sm-train`` makes of them."""

from __future__ import annotations

import re
import shlex

import pytest

from sm_container.runtime.arguments import to_arguments
from tests.docs.blocks import ROOT

PAGE = ROOT / "docs" / "how-to" / "lists-and-booleans.md"


def rows() -> list[list[list[str]]]:
    """The code in each cell of each row."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return [
        [re.findall(r"`([^`]+)`", cell) for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("| `")
    ]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][0])
def test_sm_train_gives_the_arguments_that_the_table_has(row: list[list[str]]) -> None:
    _, [by_frameworks], [by_estimator], _, written = row
    expected = [shlex.split(each) for each in written]
    name = re.fullmatch(r"--(\w+)(?:=.*)?", expected[0][0])
    assert name is not None
    made = [to_arguments({name[1]: sent}) for sent in (by_frameworks, by_estimator)]

    assert made == (expected if len(expected) == 2 else expected * 2)
