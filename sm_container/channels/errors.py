"""The errors of this room: a job's channels are not those that the algorithm can read."""

from __future__ import annotations

from collections.abc import Sequence


class ChannelError(Exception):
    """A channel does not fit the algorithm, or cannot be read; every fault says what to change."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(tuple(faults))
        self.faults = tuple(faults)

    def __str__(self) -> str:
        return "; ".join(self.faults)


class MissingChannelError(ChannelError, KeyError):
    """There is no channel of this name in the job. A KeyError too, as of any mapping."""


class ChannelTimeoutError(ChannelError, TimeoutError):
    """Nothing came through a channel for as long as the caller was ready to wait."""
