"""The page on testing: its test module is run, and it names every field and method."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from sm_container import testing
from sm_container.testing import Data, JobResult, OptMl, TrainingJob
from tests.docs.blocks import ROOT, blocks_of

PAGE = ROOT / "docs" / "testing.md"
ALGORITHM = "curve.py"
OF_THE_FIXTURE = {"home", "scratch", "target", "moments", "memory_bytes", "live", "told"}
"""Fields of a job that the fixture gives, or that a method sets."""
NOT_FOR_TESTS = {"run", "close", "name", "value", "log_of", "reason", "has_model", "where", "host"}
"""What says itself, or serves the assertions."""

pytest_plugins = ["pytester"]


def test_its_tests_pass(pytester: pytest.Pytester) -> None:
    blocks = [block for block in blocks_of(PAGE) if block.settings.get("run") == "pytest"]
    texts = [block.text for block in blocks if block.settings.get("title") != ALGORITHM]
    (algorithm,) = (block.text for block in blocks if block.settings.get("title") == ALGORITHM)
    (pytester.path / ALGORITHM).write_text(algorithm)
    (pytester.path / "test_curve.py").write_text("\n\n".join(texts))

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-q")

    written = sum(text.count("\ndef test_") + text.startswith("def test_") for text in texts)
    ways = 3 - 1  # of the one test that is parametrized
    result.assert_outcomes(passed=written + ways)


def test_blocks_that_are_not_run_are_python() -> None:
    for block in blocks_of(PAGE):
        if block.language == "python":
            compile(block.text, str(block), "exec")


def test_it_names_what_there_is() -> None:
    text = PAGE.read_text()
    code = set(re.findall(r"\w+", " ".join(re.findall(r"```.*?```|`[^`]+`", text, re.DOTALL))))
    wanted = {
        *(field.name for field in (*fields(TrainingJob), *fields(Data), *fields(JobResult))),
        *(name for kind in (TrainingJob, JobResult, OptMl) for name in vars(kind)),
        *(name for name in testing.__all__ if name.islower()),
    }

    unnamed = {name for name in wanted - code if not name.startswith("_")}
    assert unnamed <= OF_THE_FIXTURE | NOT_FOR_TESTS | {"metric_definitions"}


def test_the_page_is_where_it_is_looked_for() -> None:
    assert isinstance(PAGE, Path)
    assert "(testing.md)" in (ROOT / "docs" / "README.md").read_text()
    assert "(docs/testing.md)" in (ROOT / "README.md").read_text()
