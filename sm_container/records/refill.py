"""A window over a source of bytes that moves on as its front is used up.

Memory is viewed where it lies, also the buffers that a source lends. Anything else is read straight
into one buffer, which grows only when it is full of bytes that have really arrived, so no length
field can make it grow.
"""

from __future__ import annotations

import numpy as np

from sm_container.records.format import Lender, Readable, Source


class Refill:
    """The bytes of a source that have arrived and are not used up yet.

    ``size`` is how many bytes the buffer holds as long as no record is larger. Raises TypeError
    for what is neither bytes nor readable, and for text.
    """

    def __init__(self, source: Source, size: int) -> None:
        self._start = 0
        self.offset = 0
        """Where the first byte of the view stands in the source."""
        self.lent = 0
        """The size of the buffer that the source lends now, which it means to be one block."""
        self._lender = source if isinstance(source, Lender) else None
        if isinstance(source, Readable):
            self._source: Readable | None = source
            self._buffer = _buffer(0 if self._lender else max(size, 8))
            self._stop = 0
        else:
            self._source = None
            self._buffer = memoryview(source).cast("B")
            self._stop = len(self._buffer)

    @property
    def view(self) -> memoryview:
        """The bytes that have arrived and are not used up, valid until ``more`` is called."""
        return self._buffer[self._start : self._stop]

    def __len__(self) -> int:
        return self._stop - self._start

    def consume(self, count: int) -> None:
        """Use up the first bytes of the view. The memory stays as it is until ``more``."""
        self._start += count
        self.offset += count

    def more(self) -> bool:
        """Wait for more bytes behind the view; False at the source's end, and from then on.

        One read: a FIFO gives what there is. Raises BlockingIOError for a source that has
        nothing and does not wait, and whatever the source raises.
        """
        if self._source is None:
            return False
        count = self._borrowed(self._lender) if self._lender else None
        if count is None:
            self._make_room()
            count = self._source.readinto(self._buffer[self._stop :])
        if count is None:
            raise BlockingIOError("the source does not wait for bytes; open it in blocking mode")
        self._stop += count
        if not count:
            self._source = None
        return count > 0

    def wait_for(self, count: int) -> bool:
        """Whether the view has as many bytes, once it has them or the source has ended."""
        while len(self) < count:
            if not self.more():
                return False
        return True

    def _borrowed(self, lender: Lender) -> int | None:
        """How many bytes came with the next lent buffer; None where the view is too large for it.

        From then on there is one buffer again, which can grow.
        """
        held, lent = len(self), lender.lend(self.view)
        if lent is None:
            self._lender, self.lent = None, 0
            return None
        self._buffer, self._start, self._stop = lent, 0, held
        self.lent = len(lent)
        return len(lent) - held

    def _make_room(self) -> None:
        """Free space behind the view: by going back to the front, or with a larger buffer."""
        held, size = len(self), len(self._buffer)
        if held == size:
            larger = _buffer(2 * size)
            larger[:held] = self._buffer
            self._buffer = larger
        elif held == 0:
            self._start = self._stop = 0
        # Moving no more than was used up since the last time keeps the cost in proportion.
        elif self._stop == size or (self._stop > size // 2 and held <= self._start):
            self._buffer[:held] = self._buffer[self._start : self._stop]
            self._start, self._stop = 0, held


def _buffer(size: int) -> memoryview:
    """Memory that the system gives page by page as it is first written to."""
    buffer: memoryview = np.empty(size, np.uint8).data
    return buffer
