"""An algorithm's CreateAlgorithm document: from a file, or from the program that declares it."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from sm_container.harness.request.document import load_document
from sm_container.harness.request.errors import DocumentError
from sm_container.harness.request.training_request import Document

_PROGRAM = ".py"
_PATIENCE = 120
"""Seconds. Imports take some; a program that trains at once is not what was meant."""


def load_algorithm(path: Path) -> Document:
    """What an algorithm is declared to be, by a document or by a Python program with a declaration,
    which is run with the one argument ``describe``.

    Source: CreateAlgorithm.

    Raises:
        DocumentError: the file cannot be read, is no document, or is a program that prints none.
    """
    if path.suffix != _PROGRAM:
        return load_document(path)
    if not path.is_file():
        raise DocumentError(f"{path}: there is no such file")
    document: Document = json.loads(_described(path.absolute()))
    return document


@cache
def _described(program: Path) -> str:
    """What a program says of itself, which is a JSON object."""
    try:
        done = subprocess.run(
            [sys.executable, str(program), "describe"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _no_document(program, f"has not ended within {_PATIENCE} s") from None
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise _no_document(program, f"ended with: {lines[-1].strip()}")
    if not _is_object(done.stdout):
        raise _no_document(program, "printed no document")
    return done.stdout


def _is_object(text: str) -> bool:
    try:
        found: Any = json.loads(text)
    except ValueError:
        return False
    return isinstance(found, dict)


def _no_document(program: Path, how: str) -> DocumentError:
    return DocumentError(
        f"{program}: `python {program.name} describe` {how}; a program that declares an "
        "sm.Algorithm and calls its main() prints its document. Where that needs packages that are "
        "not here, print it in the image, and give the file"
    )
