"""The errors of this room: a job's channels are not those that the algorithm can read."""

from __future__ import annotations

from collections.abc import Sequence


class ChannelError(Exception):
    """The channels of a job do not fit the algorithm; every fault says what to change."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(tuple(faults))
        self.faults = tuple(faults)

    def __str__(self) -> str:
        return "; ".join(self.faults)


class MissingChannelError(ChannelError, KeyError):
    """There is no channel of this name in the job. A KeyError too, as of any mapping."""
