"""The tutorial, the how-to pages and those on migration, followed as a reader would."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from engine_fixtures import isolation_of

from tests.docs.blocks import ROOT, Block, blocks_of, followed
from tests.docs.following import Desk, check_quoted

TUTORIAL = ROOT / "docs" / "tutorial.md"
OTHERS = [page for page in followed() if page != TUTORIAL and any(blocks_of(page))]
WITH_CONTAINERS = [
    page
    for page in (TUTORIAL, *OTHERS)
    if any(block.settings.get("run") == "container" for block in blocks_of(page))
]


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture
def desk(hostile_tmp_path: Path) -> Desk:
    folder = hostile_tmp_path / "desk"
    folder.mkdir()
    return Desk(folder)


def test_following_the_tutorial_works(desk: Desk) -> None:
    desk.follow(blocks_of(TUTORIAL))

    assert len(desk.ran) == sum(can_run_anywhere(block) for block in blocks_of(TUTORIAL)) > 12


def test_the_front_page_has_the_program_that_is_certified() -> None:
    first, *_, last = programs_of(TUTORIAL)

    assert programs_of(ROOT / "README.md") == [last] != [first]


def programs_of(page: Path) -> list[str]:
    return [block.text for block in blocks_of(page) if block.settings.get("title") == "train.py"]


@pytest.mark.parametrize("page", OTHERS, ids=named)
def test_following_a_page_works(page: Path, desk: Desk) -> None:
    isolation_of("bubblewrap")  # their programs name /opt/ml, as programs in images do

    desk.follow(blocks_of(page))

    assert len(desk.ran) == sum(can_run_anywhere(block) for block in blocks_of(page)) > 0


@pytest.mark.container
@pytest.mark.parametrize("page", WITH_CONTAINERS, ids=named)
def test_following_a_page_works_with_an_engine(
    page: Path, desk: Desk, base_image: str, library_image: str
) -> None:
    desk.has_engine, desk.base_image, desk.library_image = True, base_image, library_image
    images = set(re.findall(r"\b(?:howto|tutorial)-\w+:1\b", page.read_text(encoding="utf-8")))
    assert images

    try:
        desk.follow(blocks_of(page))
    finally:
        subprocess.run(["podman", "rmi", "--force", *images], capture_output=True, check=False)

    assert any(block.settings.get("run") == "container" for block in desk.ran)


def can_run_anywhere(block: Block) -> bool:
    is_command = block.language == "sh" and "title" not in block.settings
    return is_command and "run" not in block.settings


def test_a_quotation_that_nobody_said_is_found() -> None:
    block = Block(TUTORIAL, 1, "text", {}, "reason  Algorithm\n        Error\n...\nmodel  none\n")

    check_quoted(block, "reason Algorithm Error\nlog none\nmodel none\n")
    with pytest.raises(AssertionError, match="nobody said 'model none'"):
        check_quoted(block, "model none\nreason Algorithm Error\n")


def test_a_command_that_ends_otherwise_is_found(desk: Desk) -> None:
    block = Block(TUTORIAL, 1, "sh", {"exit": "3"}, "exit 4\n")

    with pytest.raises(AssertionError, match="4, not 3"):
        desk.follow([block])
