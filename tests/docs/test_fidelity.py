"""The page on fidelity names every member that has no effect or is refused."""

from __future__ import annotations

import re

import pytest

from sm_container.harness.request.standing import NOT_SIMULATED, REFUSED
from tests.docs.blocks import ROOT

PAGE = ROOT / "docs" / "fidelity.md"


def section(heading: str) -> set[str]:
    """The members, in code, of the first column of the table below a heading."""
    text = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| ")]
    return {member for cell in cells for member in re.findall(r"`([^`]+)`", cell)}


@pytest.mark.parametrize("path", NOT_SIMULATED)
def test_what_has_no_effect_is_listed(path: str) -> None:
    assert path.replace("[]", "") in section("Not simulated")


@pytest.mark.parametrize("path", REFUSED)
def test_what_is_refused_is_listed(path: str) -> None:
    assert path.replace("[]", "") in section("Refused by this version")


def test_nothing_else_is_said_to_have_no_effect() -> None:
    assert section("Not simulated") == {path.replace("[]", "") for path in NOT_SIMULATED}
