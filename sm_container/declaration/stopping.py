"""What a request to stop does to the function that trains."""

from __future__ import annotations

from enum import Enum


class OnStop(Enum):
    """How training ends when the platform says SIGTERM."""

    COOPERATE = "cooperate"
    """It goes on until it looks at ``job.stop``, or reads a channel, whose loops end."""

    RAISE = "raise"
    """StopTraining is raised wherever its main thread is, but in sections that must be whole."""
