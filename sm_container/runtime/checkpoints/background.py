"""A save in a thread of its own; its error is raised where the author next calls."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable


class Background:
    """At most one piece of work at a time, whichever threads ask for it. A forked child has none
    of its parent's."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._asking = threading.RLock()  # a signal's handler may ask while its thread waits
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    @property
    def is_busy(self) -> bool:
        """Whether work is being done."""
        self._forget_after_fork()
        thread = self._thread  # another thread may take it away meanwhile
        return thread is not None and thread.is_alive()

    def start(self, work: Callable[[], object]) -> None:
        """Do ``work`` in a thread, once that of another thread has ended; raises what went wrong
        in that, and then does nothing."""

        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - raised by wait(), where it belongs
                self._error = error

        self._forget_after_fork()
        with self._asking:
            self.wait()
            # No daemon: an interpreter that ends lets it finish.
            self._thread = threading.Thread(target=run, name="checkpoint")
            try:
                self._thread.start()
            except BaseException:
                self._thread = None
                raise

    def wait(self) -> None:
        """Wait for the work to end; raises what it raised, once.

        Raises RuntimeError in the work itself, which would wait for its own end.
        """
        self._forget_after_fork()
        if self._thread is threading.current_thread():
            raise RuntimeError(
                "job.checkpoints was called by the function that writes a checkpoint in the "
                "background: call it before or after"
            )
        with self._asking:
            if self._thread is not None:
                self._thread.join()
            self._thread = None
            error, self._error = self._error, None
        try:
            if error is not None:
                raise error
        finally:
            del error  # it holds this frame, and this frame held it

    def _forget_after_fork(self) -> None:
        if self._process != os.getpid():
            # The lock too: a thread of the parent may hold it.
            vars(self).update(vars(Background()))
