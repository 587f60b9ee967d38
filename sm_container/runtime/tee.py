"""The program's standard error on its way through the supervisor, its end kept.

A thread copies the bytes as they come, so that a reader that has stopped reading holds back the
program, as it would without a supervisor, but never the forwarding of a signal.
"""

from __future__ import annotations

import os
import select
from collections import deque
from collections.abc import Callable

TAIL_BYTES = 256 * 1024
_CHUNK = 64 * 1024
_WAIT_SECONDS = 0.1


class Tee:
    """A pipe whose bytes are copied to descriptor 2, the last ``TAIL_BYTES`` of them kept."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self._ending, self._end = os.pipe()
        self._tail: deque[bytes] = deque()
        self._kept = 0
        self._sink_open = True

    def become_stderr(self) -> None:
        """In the child: make the pipe descriptor 2."""
        os.dup2(self._write, 2)

    def start(self) -> None:
        """In the supervisor: begin to copy. Signals must be blocked, so that the thread's are."""
        import threading  # late: while the child prepares

        os.close(self._write)
        self._thread = threading.Thread(target=self._copy, name="stderr", daemon=True)
        self._thread.start()

    def finish(self, give_up: Callable[[], bool]) -> None:
        """Copy what is still in the pipe and end, though a stranger may hold the pipe open.

        Waits as long as the reader of our standard error takes, or until ``give_up()``.
        """
        os.close(self._end)
        while self._thread.is_alive() and not give_up():
            self._thread.join(_WAIT_SECONDS)

    def tail(self) -> bytes:
        """The last bytes that came, at most ``TAIL_BYTES``."""
        return b"".join(self._tail)[-TAIL_BYTES:]

    def _copy(self) -> None:
        poll = select.poll()
        poll.register(self._read, select.POLLIN)
        poll.register(self._ending, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll()}
            if self._read not in ready:
                return
            chunk = os.read(self._read, _CHUNK)
            if not chunk:
                return
            self._keep(chunk)
            self._pass_on(chunk)

    def _keep(self, chunk: bytes) -> None:
        self._tail.append(chunk)
        self._kept += len(chunk)
        while self._kept - len(self._tail[0]) >= TAIL_BYTES:
            self._kept -= len(self._tail.popleft())

    def _pass_on(self, chunk: bytes) -> None:
        """Write all of it; where nobody can read it any more, it is dropped."""
        rest = memoryview(chunk)
        while rest and self._sink_open:
            rest = rest[self._write_some(rest) :]

    def _write_some(self, content: memoryview) -> int:
        try:
            return os.write(2, content)
        except BlockingIOError:  # the descriptor was made non-blocking by whoever shares it
            waiting = select.poll()
            waiting.register(2, select.POLLOUT)
            waiting.poll()
            return 0
        except BrokenPipeError:
            self._sink_open = False
            return 0
        except OSError:  # a full disk: these bytes are lost, later ones may not be
            return len(content)
