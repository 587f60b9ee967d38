"""A file of records, or the standard input, opened with the format that it is in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from typing import cast

from sm_container.cli.recordio.guess import LOOK, guessed
from sm_container.records.format import Format
from sm_container.records.formats import format_of


@dataclass(frozen=True)
class Opened:
    """A source that stands at its first byte, what errors call it, and its format."""

    source: BufferedReader
    name: str
    format: Format


@contextmanager
def opened(file: str, content_type: str | None) -> Iterator[Opened]:
    """Open a file, or the input for ``-``. Raises FormatError where its format is not known."""
    if file == "-":
        # The input is a buffered reader wherever there is one.
        source = cast(BufferedReader, sys.stdin.buffer)
        yield Opened(source, "the input", _format(source, None, content_type))
        return
    with open(file, "rb") as source:
        yield Opened(source, file, _format(source, file, content_type))


def _format(source: BufferedReader, name: str | None, content_type: str | None) -> Format:
    return format_of(content_type) if content_type else guessed(name, source.peek(LOOK)[:LOOK])
