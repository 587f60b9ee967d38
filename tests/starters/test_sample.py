"""The sample data is small, and what the generator makes."""

from __future__ import annotations

from tests.starters.sample import FOLDER, files

LARGEST = 50_000


def test_it_is_as_committed() -> None:
    committed = {
        path.relative_to(FOLDER).as_posix(): path.read_text()
        for path in FOLDER.rglob("*")
        if path.is_file()
    }

    assert committed == files(), "run: python -m tests.starters.sample --update"


def test_it_is_small() -> None:
    assert sum(map(len, files().values())) < LARGEST
