"""What was sent in an epoch: where in the stream each object lies, which no reader can know."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Trace:
    """The stream of one epoch: the byte at which each of its values begins, in their order.

    ``uri`` is the object that is being sent, or at which sending broke off.
    """

    epoch: int
    starts: array[int] = field(default_factory=lambda: array("Q"))
    uri: str | None = None

    @contextmanager
    def sending(self, start: int, uri: str | None) -> Iterator[None]:
        """Note that the next value begins at ``start``, and is sent while the block runs."""
        self.starts.append(start)
        self.uri = uri
        yield
        self.uri = None

    def place(self, offset: int) -> int:
        """The number of the value that has this byte; -1 before the first."""
        return bisect_right(self.starts, offset) - 1

    def to_document(self) -> dict[str, Any]:
        return {"epoch": self.epoch, "starts": self.starts.tolist()}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Trace:
        return cls(document["epoch"], array("Q", document["starts"]))
