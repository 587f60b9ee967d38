"""A FIFO that a thread reads ahead of its use: bytes come in while those before are decoded."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sm_container.channels.pipe import PIPE_BYTES, PipeReader
from sm_container.channels.stopping import StopSignal
from sm_container.records.pool import ArrayPool

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BUFFERS = 3
"""One is lent, one is being filled, and one lets either side be late for once."""
_BLOCK = 4 * PIPE_BYTES
"""What is decoded at a time: several fillings of the pipe, since each block has a cost of its own,
and no more than the processors' common cache holds."""
_HEADROOM = PIPE_BYTES
"""What of one buffer can be kept in front of the next: the part of a record that is not whole."""
_WORD = 8
_POOL = ArrayPool(spare=_BUFFERS)
"""Of the process: the next epoch needs what the last one had."""


class _Filled(NamedTuple):
    """A buffer, and where in it the bytes are that nobody has yet; none are at the end."""

    buffer: memoryview
    start: int
    stop: int


class FifoAhead(io.RawIOBase):
    """The bytes of one FIFO as a PipeReader has them, a few buffers of 4 MiB ahead.

    It lends its buffers (see `sm_container.records.format.Lender`). What the reader raises is
    raised where the bytes would be.
    """

    def __init__(
        self,
        path: Path,
        endings: tuple[StopSignal, ...] = (),
        timeout: float | None = None,
        before_wait: Callable[[], object] | None = None,
    ) -> None:
        super().__init__()
        self._is_over = StopSignal()
        self._reader = PipeReader(path, (*endings, self._is_over), timeout)
        self._before_wait = before_wait
        self._thread: threading.Thread | None = None
        self._free: SimpleQueue[memoryview | None] = SimpleQueue()
        self._filled: SimpleQueue[_Filled | BaseException] = SimpleQueue()
        self._lent: memoryview | None = None
        self._next: _Filled | None = None
        self._error: BaseException | None = None

    def readable(self) -> bool:
        return True

    def lend(self, kept: memoryview, /) -> memoryview | None:
        """The next buffer, as Lender has it."""
        if len(kept) > _HEADROOM:
            return None
        buffer, start, stop = self._waited_for()
        if start == stop:
            return kept
        first = start - len(kept)
        buffer[first:start] = kept
        if self._lent is not None:
            self._free.put(self._lent)
        self._lent, self._next = buffer, None
        return buffer[first:stop]

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill the buffer with what there is, at least one byte; 0 once the writer has ended."""
        view = memoryview(buffer).cast("B")
        filled, start, stop = self._waited_for()
        count = min(len(view), stop - start)
        view[:count] = filled[start : start + count]
        self._next = _Filled(filled, start + count, stop)
        if count and start + count == stop:
            self._free.put(filled)
            self._next = None
        return count

    def met_writer(self) -> bool:
        """Whether there is or was a writer at the other end. Ends the reading."""
        self._end()
        return self._reader.met_writer()

    def close(self) -> None:
        """Stop reading. A writer that goes on gets EPIPE, which ends its epoch."""
        if not self.closed:
            self._end()
            self._reader.close()
        super().close()

    def _waited_for(self) -> _Filled:
        """What was read next, once it was. Raises what the reader did, and again from then on."""
        if self._next is not None:
            return self._next
        if self._error is not None:
            raise self._error
        if self._thread is None:
            self._begin()
        try:
            filled = self._filled.get_nowait()
        except Empty:
            if self._before_wait is not None:
                self._before_wait()
            filled = self._filled.get()
        if isinstance(filled, BaseException):
            self._error = filled
            del filled
            raise self._error
        self._next = filled
        return filled

    def _begin(self) -> None:
        for _ in range(_BUFFERS):
            self._free.put(_POOL.empty((_HEADROOM + _WORD + _BLOCK,), np.dtype(np.uint8)).data)
        # A daemon, so that a program may end in the middle of a pass.
        self._thread = threading.Thread(
            target=self._run, name=f"reads {self._reader.path.name}", daemon=True
        )
        self._thread.start()

    def _end(self) -> None:
        self._is_over.set()
        self._free.put(None)
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        offset = 0
        try:
            while (buffer := self._free.get()) is not None:
                # Aligned in memory as in the stream, where records begin at whole words.
                start = _HEADROOM + offset % _WORD
                count = self._reader.readinto(buffer[start : start + _BLOCK])
                offset += count
                self._filled.put(_Filled(buffer, start, start + count))
                if not count:
                    return
        except BaseException as error:  # noqa: BLE001 - raised by who waits for the bytes
            self._filled.put(error)
