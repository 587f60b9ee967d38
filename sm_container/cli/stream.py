"""A standard stream whose reader may go away while a job runs: the job is not lost with it."""

from __future__ import annotations

import io
import os
import threading
from typing import IO, TextIO, cast

import click


class Stream:
    """Writes until the first fault, then drops what it is given; ``fault`` says why.

    Every write is flushed, and may come from any thread.
    """

    def __init__(self, file: TextIO) -> None:
        self.fault: OSError | None = None
        self._file = file
        self._lock = threading.Lock()
        self.is_terminal = file.isatty()
        self.has_colour = self.is_terminal and not os.environ.get("NO_COLOR")

    def write(self, data: bytes) -> None:
        with self._lock:
            if self.fault is not None:
                return
            try:
                self._file.flush()
                self._file.buffer.write(data)
                self._file.buffer.flush()
            except OSError as fault:
                self.fault = fault
                _silence(self._file)

    def line(self, text: str = "", **style: bool | str) -> None:
        """Write a line of text, styled where that can be seen."""
        shown = click.style(text, **style) if style and self.has_colour else text  # type: ignore[arg-type]
        self.write(f"{shown}\n".encode(self.encoding, "backslashreplace"))

    @property
    def encoding(self) -> str:
        return self._file.encoding or "utf-8"

    def text(self) -> IO[str]:
        """This stream as a text file, for who draws on it."""
        return cast(IO[str], _Text(self))


class _Text(io.TextIOBase):
    """A text file whose characters go through a stream, and never fail."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._stream.is_terminal

    def write(self, text: str) -> int:
        self._stream.write(text.encode(self.encoding, "backslashreplace"))
        return len(text)


def _silence(file: TextIO) -> None:
    """Let what is still in the file's buffer go nowhere, or the interpreter fails at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, file.fileno())
    finally:
        os.close(nowhere)
