"""What can be read ahead: an object whose bytes do not change, asked for by ranges."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol


class RangeSource(Protocol):
    """One object, wherever it is: a file, an object of a bucket."""

    @property
    def size(self) -> int:
        """Its bytes, known before anything is read."""

    def fill(
        self,
        start: int,
        view: memoryview,
        arrived: Callable[[int], None],
        cancelled: threading.Event,
    ) -> None:
        """Fill all of ``view`` with the bytes from ``start`` on.

        ``arrived`` is told the count of bytes that have come since it was last told, in the order
        of the object and in this thread, so that they are served before the view is full. Returns
        early where ``cancelled`` was set. Raises what speaks against reading the object at all
        (OSError, or the store's own error); passing faults were retried before that.
        """
