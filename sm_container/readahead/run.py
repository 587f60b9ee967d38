"""Objects that are read whole, one after another: one window over all of them.

What will be read is known, so nothing has to be found out: the window is as long as it may be from
the first read on, and goes on into the next objects where one ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sm_container.readahead.window import Window


class Run:
    """How far into the objects of one order is asked for."""

    def __init__(self) -> None:
        self._frontier: Window | None = None

    def wanted(self, window: Window, longest: int) -> tuple[Window, int, int] | None:
        """The next part to ask for before it is wanted, of which object, while ``window`` is read;
        within ``longest`` bytes, if any."""
        at = self._frontier
        if at is None or at.base < window.base or window.asked < window.size:
            at = window
        while at.asked >= at.size and at.following is not None:
            at = at.following
        self._frontier = at
        ahead = at.base + at.asked - (window.base + window.position)
        size, room = min(window.part, at.size - at.asked), longest - ahead
        # Whole parts, or objects, as soon as they fit; less only where little is ahead.
        if at.is_closed or size <= 0 or room <= 0 or (room < size and ahead >= longest / 2):
            return None
        return at, at.asked, at.asked + min(size, room)
