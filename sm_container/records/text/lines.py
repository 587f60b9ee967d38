"""Blocks of whole lines out of any source, each with the byte at which it begins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sm_container.records.errors import FormatError, RecordError
from sm_container.records.format import Source
from sm_container.records.framing import MAGIC_WORD
from sm_container.records.refill import Refill

BLOCK = 1 << 20
LONGEST = 64 << 20
"""The longest line, in bytes: what has none shorter is not text of lines."""
MARK = b"\xef\xbb\xbf"
"""The byte order mark of UTF-8."""
_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1\x15"
"""With the first byte of the page that follows, since a column of a csv may be called so."""
_LINE = re.compile(rb"[^\n]+")
_BLANKS = b" \t\n\r\v\f"
_QUOTE = ord('"')
_NEWLINE = ord("\n")


@dataclass(frozen=True)
class Place:
    """Where a block begins: in which source, with which record, at which byte."""

    name: str
    index: int
    offset: int

    def fault(self, what: str, index: int, start: int) -> RecordError:
        """What is wrong with the record ``index``, which begins at the block's byte ``start``."""
        return RecordError(what, source=self.name, index=index, offset=self.offset + start)


def blocks_of_lines(
    source: Source, name: str, *, size: int = BLOCK, in_quotes: bool = False
) -> Iterator[tuple[int, bytes]]:
    """The source in blocks of about ``size`` bytes that end with a line, with their offsets.

    The last line needs no newline. With ``in_quotes`` a newline between quotation marks does not
    end a line. Raises RecordError where a line is longer than ``LONGEST`` bytes, and FormatError
    for what is packed with gzip or begins as RecordIO or parquet does.
    """
    refill = Refill(source, size)
    wanted = size
    while True:
        while len(refill) < wanted and refill.more():
            pass
        block = bytes(refill.view[:wanted])
        if not block:
            return
        offset = refill.offset
        if offset == 0 and block.startswith(_GZIP):
            raise FormatError(
                f"{name} is packed with gzip: unpack it, end its name with .gz, or let Pipe mode "
                "unpack it with CompressionType Gzip"
            )
        if offset == 0 and (found := _other_format(block)):
            raise FormatError(
                f"{name} begins as {found} does, and is read as lines of text: correct its content "
                "type"
            )
        end = len(block) if len(block) < wanted else _end_of_lines(block, in_quotes)
        if end == 0 and wanted >= LONGEST:
            raise RecordError(
                f"no line ends within {LONGEST} bytes from here", source=name, offset=offset
            )
        wanted = size if end else 2 * wanted
        refill.consume(end)
        if end:
            yield offset, block[:end]


def _other_format(start: bytes) -> str | None:
    """The format of records that no text begins like: neither is UTF-8, or a line of it."""
    if start.startswith(MAGIC_WORD):
        return "RecordIO"
    return "parquet" if start.startswith(_PARQUET) else None


def lines_of(block: bytes, delimiter: str = "") -> Iterator[tuple[int, bytes]]:
    """Each line that is not blank, without its end, with the byte at which it begins."""
    for found in _LINE.finditer(block):
        line = found[0]
        if not is_blank(line, delimiter):
            yield found.start(), line.rstrip(b"\r")


def is_blank(text: bytes, delimiter: str = "") -> bool:
    """Whether there are only blanks in it. Where a tab parts the fields, a line of tabs is a row in
    which all are missing."""
    return not text.strip(_BLANKS.replace(delimiter.encode(), b"") if delimiter else _BLANKS)


def without_byte_order_mark(offset: int, block: bytes) -> tuple[int, bytes]:
    """A source's first block without the mark that some editors put before text of UTF-8."""
    return (3, block[3:]) if offset == 0 and block.startswith(MARK) else (offset, block)


def _end_of_lines(block: bytes, in_quotes: bool) -> int:
    """Where the last whole line ends; 0 where none does."""
    if not in_quotes or b'"' not in block:
        return block.rfind(b"\n") + 1
    data = np.frombuffer(block, np.uint8)
    newlines = np.flatnonzero(data == _NEWLINE)
    quotes_before = np.searchsorted(np.flatnonzero(data == _QUOTE), newlines)
    outside = newlines[quotes_before % 2 == 0]
    return int(outside[-1]) + 1 if len(outside) else 0
