"""One line of the results: our time, the rival's, and whether the target was met."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """The most that our time may be: so many ``times`` the rival's, and ``seconds`` more."""

    text: str
    times: float = 1.0
    seconds: float = 0.0


def at_least(times: float) -> Target:
    """A speed: at least ``times`` the rival's."""
    return Target(f"at least {times:g}x", times=1 / times)


def at_most(times: float) -> Target:
    """A cost: at most ``times`` the rival's time."""
    return Target(f"at most {times:g} times as long", times=times)


def within(seconds: float) -> Target:
    """An overhead: at most ``seconds`` above the rival's time."""
    return Target(f"at most {seconds:g} s more", seconds=seconds)


@dataclass(frozen=True)
class Row:
    """One comparison, both sides measured in the same run on the same machine."""

    work: str
    ours_seconds: float
    rival: str
    rival_seconds: float
    target: Target
    note: str = ""

    @property
    def ratio(self) -> float:
        """How many times as fast as the rival we are: 4 is a quarter of its time, 0.9 is a ninth
        more."""
        return self.rival_seconds / self.ours_seconds

    @property
    def met(self) -> bool:
        return self.ours_seconds <= self.target.times * self.rival_seconds + self.target.seconds
