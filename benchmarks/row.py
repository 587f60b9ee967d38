"""One line of the results: our time, the rival's, and whether the target was met."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One comparison, both sides measured in the same run on the same machine.

    ``ratio`` says how many times as fast as the rival we are: 4 is a quarter of its time, 0.9 is
    a ninth more. Make rows with `at_least`, `at_most` or `within`, which work out ``ratio`` and
    ``met``.
    """

    work: str
    ours_seconds: float
    rival: str
    rival_seconds: float
    ratio: float
    target: str
    met: bool
    note: str = ""

    @classmethod
    def at_least(
        cls,
        work: str,
        ours_seconds: float,
        rival: str,
        rival_seconds: float,
        times: float,
        note: str = "",
    ) -> Row:
        """A row whose target is a speed: at least ``times`` the rival's."""
        ratio = rival_seconds / ours_seconds
        target = f"at least {times:g}x"
        return cls(work, ours_seconds, rival, rival_seconds, ratio, target, ratio >= times, note)

    @classmethod
    def at_most(
        cls,
        work: str,
        ours_seconds: float,
        rival: str,
        rival_seconds: float,
        times: float,
        note: str = "",
    ) -> Row:
        """A row whose target is a cost: at most ``times`` the rival's time."""
        ratio = rival_seconds / ours_seconds
        target = f"at most {times:g} times as long"
        met = ours_seconds <= times * rival_seconds
        return cls(work, ours_seconds, rival, rival_seconds, ratio, target, met, note)

    @classmethod
    def within(
        cls,
        work: str,
        ours_seconds: float,
        rival: str,
        rival_seconds: float,
        seconds: float,
        note: str = "",
    ) -> Row:
        """A row whose target is an overhead: at most ``seconds`` above the rival's time."""
        ratio = rival_seconds / ours_seconds
        met = ours_seconds - rival_seconds <= seconds
        target = f"at most {seconds:g} s more"
        return cls(work, ours_seconds, rival, rival_seconds, ratio, target, met, note)
