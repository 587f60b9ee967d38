"""The page on certify has every check, in the words that the command has for it."""

from __future__ import annotations

import re

from sm_container.testing.certify.battery import BATTERY
from sm_container.testing.certify.check import Profile
from tests.docs.blocks import ROOT

PAGE = ROOT / "docs" / "certify.md"
ROW = re.compile(r"\| `([a-z-]+)`( \*)? \| (.+) \| (.+) \|")


def test_every_check_is_on_the_page() -> None:
    rows = [match.groups() for line in PAGE.read_text().splitlines() if (match := ROW.match(line))]

    assert sorted(rows) == sorted(
        (
            check.name,
            " *" if check.profile is Profile.MARKETPLACE else None,
            check.title,
            check.source,
        )
        for check in BATTERY
    )
