"""A thread that looks at memory, and has the main thread act before the kernel does.

The main thread is told by a signal: unlike an exception that is set from another thread, it ends
a sleep or a wait as well, and its handler runs where callbacks may.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType

from sm_container.contract.outcome import read_failure, write_failure
from sm_container.runtime.memory.budget import Memory
from sm_container.runtime.memory.errors import WHAT_TO_DO, MemoryBudgetError

_SIGNAL = signal.SIGRTMIN + 5
_SECONDS = 0.25
_CLOSE_SECONDS = 0.05  # above the soft mark


class Watch:
    """Looks while in the ``with`` block, whose main thread acts.

    At ``soft`` bytes it calls the memory's callbacks, but not while ``is_deferred``. At ``hard``
    bytes the file ``failure`` is written, so that the reason is there if the kernel is quicker, and
    MemoryBudgetError is raised. Each comes again once use has been below its mark. A failure file
    of its own is gone after the block: what is raised says more.

    Raises RuntimeError outside the main thread, which alone gets signals.
    """

    def __init__(
        self,
        memory: Memory,
        soft: int,
        hard: int,
        failure: Path,
        is_deferred: Callable[[], bool],
    ) -> None:
        self._memory = memory
        self._soft = soft
        self._hard = hard
        self._failure = failure
        self._is_deferred = is_deferred
        self._calls_due = False  # callbacks that the main thread has not called yet
        self._error: str | None = None  # to be raised by the main thread
        self._written: set[str] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="memory watch", daemon=True)

    def __enter__(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError(
                "MemoryPolicy(Enforcement.WATCH) acts in the main thread: train there, or choose "
                "ADVISE or RLIMIT"
            )
        self._main = threading.get_ident()
        self._before = signal.signal(_SIGNAL, self._act)
        self._thread.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        signal.signal(_SIGNAL, signal.SIG_IGN)  # drops one that is on its way
        signal.signal(_SIGNAL, signal.SIG_DFL if self._before is None else self._before)
        with suppress(OSError):  # it says what it says
            if read_failure(self._failure) in self._written:
                self._failure.unlink()

    def _look(self) -> None:
        seconds = _SECONDS
        is_soft = is_hard = False
        while not self._ended.wait(seconds):
            used = self._memory.used
            if used >= self._hard and not is_hard:
                self._strike(used)
            elif used >= self._soft and not is_soft:
                self._calls_due = True
                print(f"memory runs short: {self._memory.told(used)}", file=sys.stderr, flush=True)
            is_hard, is_soft = used >= self._hard, used >= self._soft
            seconds = _CLOSE_SECONDS if is_soft else _SECONDS
            if (self._calls_due or self._error) and not self._ended.is_set():
                signal.pthread_kill(self._main, _SIGNAL)

    def _strike(self, used: int) -> None:
        text = f"memory ran short: {self._memory.told(used)}; {WHAT_TO_DO}"
        shown = f"{MemoryBudgetError.__name__}: {text}"
        try:
            if self._failure.parent.parent.is_dir() and write_failure(self._failure, shown):
                self._written.add(shown)
        except OSError as error:
            print(f"cannot write {self._failure}: {error.strerror}", file=sys.stderr, flush=True)
        self._error = text

    def _act(self, number: int, frame: FrameType | None) -> None:
        """The signal's handler, in the main thread."""
        if self._ended.is_set():
            return
        text, self._error = self._error, None
        if text is not None:
            raise MemoryBudgetError(text)
        if self._calls_due and not self._is_deferred():
            self._calls_due = False
            for function in tuple(self._memory.callbacks):
                function()
