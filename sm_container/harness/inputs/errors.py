"""What speaks against a channel's data, found before anything starts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Answer(Enum):
    """How the service would answer: it refuses the request, or it takes it and the job fails."""

    REFUSED = ""
    FAILED = "ClientError: Data download failed:"


@dataclass(frozen=True)
class InputFault:
    """One fault of a channel's data, in the service's words where it has some."""

    channel: str
    answer: Answer
    sentence: str

    def __str__(self) -> str:
        # A key may hold line ends, and bytes that no terminal can print.
        text = f"channel {self.channel!r}: {self.answer.value}{self.sentence}"
        return " ".join(text.encode("utf-8", "backslashreplace").decode().split())


class InputError(Exception):
    """The data of one or more channels cannot be had; ``faults`` has every fault found."""

    def __init__(self, faults: Iterable[InputFault]) -> None:
        self.faults = tuple(faults)
        super().__init__(*self.faults)

    def __str__(self) -> str:
        return "; ".join(str(fault) for fault in self.faults)
