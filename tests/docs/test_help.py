"""``--help`` of every command is what was committed; a change to it is seen before it is made."""

from __future__ import annotations

import pytest

from tests.docs.help_pages import FOLDER, help_pages

PAGES = help_pages()


@pytest.mark.parametrize("name", PAGES)
def test_help_is_as_committed(name: str) -> None:
    committed = FOLDER / name

    assert committed.exists(), "run: python -m tests.docs.help_pages --update"
    assert PAGES[name] == committed.read_text(encoding="utf-8"), (
        "if the change is meant, run: python -m tests.docs.help_pages --update"
    )


def test_no_page_is_of_a_command_that_is_gone() -> None:
    assert {file.name for file in FOLDER.iterdir()} == PAGES.keys()
