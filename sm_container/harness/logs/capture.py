"""Capturing a host's output: two pipes into one file, no byte lost, lines never torn apart.

Beside ``<host>.log`` stands ``<host>.log.times``: 16 bytes for each write to the log, the offset it
began at and the time in milliseconds since the epoch, so that every line has a time without a
byte being added to what the algorithm wrote.
"""

from __future__ import annotations

import os
import selectors
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

TIMES_ENTRY = struct.Struct("<QQ")
_CHUNK = 256 * 1024
# A line longer than this is written before its end is seen, so that memory stays bounded.
LONGEST_HELD_LINE = 16 * 1024 * 1024

Sink = Callable[[bytes], None]


def times_of(log: Path) -> Path:
    return log.with_name(log.name + ".times")


def capture(stdout: int, stderr: int, log: Path, live: Sink | None = None) -> None:
    """Copy both streams into ``log`` until both have ended, then close them.

    Order holds within each stream; lines of the two are never mixed within a line, but for one of
    more than 16 MiB, which is written before it has ended. ``live`` gets the same bytes that go to
    the log, at the same time. A stream that ends without a newline gets one, since the other
    stream's next line would otherwise continue it.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        open(log, "ab", buffering=0) as file,
        open(times_of(log), "ab", buffering=0) as times,
        selectors.PollSelector() as selector,  # epoll takes no /dev/null, which an engine may give
    ):
        held = {stdout: b"", stderr: b""}
        for descriptor in held:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                descriptor = key.fd
                chunk = os.read(descriptor, _CHUNK)
                whole, held[descriptor] = _whole_lines(held[descriptor], chunk)
                if not chunk:
                    selector.unregister(descriptor)
                    os.close(descriptor)
                    whole, held[descriptor] = _ended(held[descriptor]), b""
                if whole:
                    _write(file, times, whole)
                    if live is not None:
                        live(whole)


def _whole_lines(held: bytes, chunk: bytes) -> tuple[bytes, bytes]:
    """What can be written now, and what waits for the rest of its line."""
    end = chunk.rfind(b"\n") + 1
    if end:
        return held + chunk[:end], chunk[end:]
    if len(held) + len(chunk) > LONGEST_HELD_LINE:
        return held + chunk, b""
    return b"", held + chunk


def _ended(held: bytes) -> bytes:
    return held + b"\n" if held else b""


def _write(file: BinaryIO, times: BinaryIO, data: bytes) -> None:
    times.write(TIMES_ENTRY.pack(file.seek(0, os.SEEK_END), time.time_ns() // 1_000_000))
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
