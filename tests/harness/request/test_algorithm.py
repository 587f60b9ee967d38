"""What an algorithm is declared to be: from a document, or from the program itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sm_container.harness.request.algorithm import load_algorithm
from sm_container.harness.request.errors import DocumentError

DECLARED = """
import sm_container as sm
from words import NAME

algorithm = sm.Algorithm(NAME, channels=[sm.Channel("train", ["text/csv"])])


@algorithm.train
def train(job):
    raise AssertionError("it is asked, and not trained")


if __name__ == "__main__":
    algorithm.main()
"""


def test_a_program_says_what_its_document_says(hostile_tmp_path: Path) -> None:
    program = hostile_tmp_path / "train.py"
    program.write_text(DECLARED)
    (hostile_tmp_path / "words.py").write_text("NAME = 'said'\n")
    document = hostile_tmp_path / "algorithm.json"
    words = [sys.executable, str(program), "describe"]
    document.write_bytes(subprocess.run(words, capture_output=True, check=True).stdout)

    found = load_algorithm(program)

    assert found["AlgorithmName"] == "said"
    assert found == load_algorithm(document) == json.loads(document.read_text())


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import nothing_of_that_name", "ended with: ModuleNotFoundError: No module named"),
        ("raise SystemExit(3)", "ended with: exit code 3"),
        ("print('training')", "printed no document"),
        ("print([1])", "printed no document"),
    ],
)
def test_a_program_without_a_declaration(hostile_tmp_path: Path, program: str, said: str) -> None:
    path = hostile_tmp_path / "train.py"
    path.write_text(program)

    with pytest.raises(DocumentError, match=r"`python train.py describe`") as raised:
        load_algorithm(path)

    assert said in str(raised.value)
    assert "declares an sm.Algorithm" in str(raised.value)


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"none.py: there is no such file"):
        load_algorithm(tmp_path / "none.py")
