"""What the harness and its parser of metrics say to each other: a line of JSON, then bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

_SIZES = "sizes"


@dataclass(frozen=True)
class Message:
    """A few facts, and parts whose bytes are nobody's business on the way."""

    facts: Mapping[str, Any]
    parts: tuple[bytes, ...] = ()

    def send(self, stream: BinaryIO) -> None:
        """Raises BrokenPipeError where nobody listens."""
        head = {**self.facts, _SIZES: [len(part) for part in self.parts]}
        stream.write(json.dumps(head).encode() + b"\n")
        for part in self.parts:
            stream.write(part)
        stream.flush()

    @classmethod
    def receive(cls, stream: BinaryIO) -> Message | None:
        """The next one; None where the other side has ended, be it within a message."""
        line = stream.readline()
        if not line.endswith(b"\n"):
            return None
        facts = json.loads(line)
        sizes = facts.pop(_SIZES)
        parts = tuple(stream.read(size) for size in sizes)
        return cls(facts, parts) if [len(part) for part in parts] == sizes else None
