"""One object of a store, and an object on its way to a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PART = 8 << 20
"""Bytes of a large object that are asked for at once; its parts come in any order."""

Advance = Callable[[int], None]
"""Told how many more bytes have arrived; called in the caller's thread, also with 0, so that
whoever waits for a copy is asked again and again and may raise to end it."""


@dataclass(frozen=True, slots=True)
class Object:
    """An object as its listing shows it.

    ``size`` is in bytes; ``etag`` stands without its quotes and is None where the store has none;
    ``modified`` is in seconds since the epoch; ``base`` is what precedes the key in the URI.
    """

    key: str
    size: int
    etag: str | None
    modified: float | None
    base: str

    @property
    def uri(self) -> str:
        return self.base + self.key


@dataclass(frozen=True, slots=True)
class Download:
    """An object, and the file that is to hold it, which is not there yet."""

    object: Object
    path: Path


def in_binary_order(key: str) -> bytes:
    """What keys are sorted by: their UTF-8 bytes, as in a bucket's listing."""
    return os.fsencode(key)


def ignore(_: object) -> None:
    """For whoever does not want to be told."""
