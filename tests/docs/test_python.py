"""Python in the documentation runs and prints what it says; whole programs train."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pytest_examples import EvalExample, find_examples

from sm_container.algorithm.job import Job
from sm_container.contract.layout import Layout
from tests.docs.blocks import NOT_BY_ITSELF, ROOT, Block, blocks, followed, pages

WHOLE_PROGRAMS = ("README.md", "tutorial.md")

STEPS = followed()
BLOCKS = [
    block
    for block in blocks("python")
    if block.runs and not (block.page in STEPS and "title" in block.settings)
]
"""Those to be run in this process: the files that a reader saves are run by the page's commands."""
PAGES = sorted({block.page for block in BLOCKS})
PROGRAMS = [
    block
    for block in blocks("python")
    if block.runs and "algorithm.main()" in block.text and block.page.name in WHOLE_PROGRAMS
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_prints_what_it_says(page: Path, eval_example: EvalExample, job: Job[Any]) -> None:
    """A page is read from its top: each block knows what those before it have defined."""
    names: dict[str, Any] = {"job": job}
    for example in find_examples(str(page)):
        settings = example.prefix_settings()
        is_file_of_steps = page in STEPS and "title" in settings
        if settings.get("run") not in NOT_BY_ITSELF and not is_file_of_steps:
            names |= eval_example.run_print_check(example, module_globals=dict(names))


@pytest.mark.parametrize("program", PROGRAMS, ids=str)
def test_a_whole_program_trains(program: Block, layout: Layout) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program.text], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert list(layout.model.iterdir())
    assert "[metric] train:rmse=" in done.stdout


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_it_is_python(block: Block) -> None:
    """Also what needs something that is not here to be run."""
    compile(block.text, str(block), "exec")


def test_there_is_something_to_try() -> None:
    assert {block.page.name for block in PROGRAMS} >= {"README.md", "tutorial.md"}
    assert set(PAGES) <= set(pages())
