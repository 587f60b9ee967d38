"""The page on fidelity names every member of a request, and where each claim is from."""

from __future__ import annotations

import re

import pytest

from sm_container.harness.request.standing import DONE, NOT_SIMULATED, REFUSED
from tests.docs.blocks import ROOT

PAGE = ROOT / "docs" / "fidelity.md"
SOURCE = re.compile(r"\[(?:API|guide)[^\]]*\]\[\w+\]|\bseen\b|\binferred\b")


def rows(heading: str) -> list[list[str]]:
    """The cells of the rows of all tables below a heading, without the tables' own headings."""
    text = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = text.splitlines()
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line, following in zip(lines, [*lines[1:], ""], strict=True)
        if line.startswith("| ") and not following.startswith("|---")
    ]


def section(heading: str) -> set[str]:
    """The members, in code, of the first column of the tables below a heading."""
    return {member for row in rows(heading) for member in re.findall(r"`([^`]+)`", row[0])}


@pytest.mark.parametrize("path", sorted(DONE))
def test_what_is_done_is_listed(path: str) -> None:
    """By the last part of its path: `S3Uri` is said of channels and of checkpoints."""
    assert path.replace("[]", "").rpartition(".")[2] in section("Done")


@pytest.mark.parametrize("row", rows("Done"), ids=lambda row: row[0][:50])
def test_what_is_done_has_a_source(row: list[str]) -> None:
    assert len(row) == 3, row
    assert SOURCE.search(row[2]), row


def test_every_source_that_is_named_is_given() -> None:
    text = PAGE.read_text(encoding="utf-8")
    named = set(re.findall(r"\]\[(\w+)\]", text))
    given = set(re.findall(r"^\[(\w+)\]: https://docs\.aws\.amazon\.com/", text, re.MULTILINE))

    assert named == given


@pytest.mark.parametrize("path", NOT_SIMULATED)
def test_what_has_no_effect_is_listed(path: str) -> None:
    assert path.replace("[]", "") in section("Not simulated")


@pytest.mark.parametrize("path", REFUSED)
def test_what_is_refused_is_listed(path: str) -> None:
    assert path.replace("[]", "") in section("Refused by this version")


def test_nothing_else_is_said_to_have_no_effect() -> None:
    assert section("Not simulated") == {path.replace("[]", "") for path in NOT_SIMULATED}
