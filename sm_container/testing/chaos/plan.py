"""What befalls each trial, and when: drawn from a seed, so that a plan can be had again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Fault(str, Enum):
    """A fault that a trial suffers."""

    SIGTERM = "sigterm"
    """A spot interruption with its warning: SIGTERM, the grace, SIGKILL."""
    KILL = "kill"
    """SIGKILL without a warning; S3 has what had arrived."""
    FULL_DISK = "full-disk"
    """The disk of the checkpoint folder is full from one moment on."""
    TORN_UPLOAD = "torn-upload"
    """SIGKILL, and of the newest checkpoint in S3 a file is missing."""

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS = {
    Fault.SIGTERM: "SIGTERM",
    Fault.KILL: "SIGKILL",
    Fault.FULL_DISK: "full disk",
    Fault.TORN_UPLOAD: "SIGKILL and a torn upload",
}


@dataclass(frozen=True)
class Window:
    """The seconds of training in which a fault tells something: from the first checkpoint in S3
    (0 without any) to the end of the undisturbed run."""

    begin: float
    end: float


@dataclass(frozen=True)
class PlannedTrial:
    """One trial. ``fraction`` is where in the window its fault comes, 0 to 1; ``choice``, too, is
    drawn: which file is torn."""

    number: int
    fault: Fault
    fraction: float
    choice: float

    def moment(self, window: Window) -> float:
        """Seconds after the training began."""
        return window.begin + self.fraction * (window.end - window.begin)


def plan(trials: int, faults: Sequence[Fault], seed: int) -> tuple[PlannedTrial, ...]:
    """The trials, their faults in turn, the same for the same seed."""
    draw = random.Random(seed)
    return tuple(
        PlannedTrial(number, faults[(number - 1) % len(faults)], draw.random(), draw.random())
        for number in range(1, trials + 1)
    )
