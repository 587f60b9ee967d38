"""A save in a thread of its own; its error is raised where the author next calls."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading


class Background:
    """At most one piece of work at a time. A forked child has none of its parent's."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    @property
    def is_busy(self) -> bool:
        """Whether work is being done."""
        self._forget_after_fork()
        return self._thread is not None and self._thread.is_alive()

    def start(self, work: Callable[[], object]) -> None:
        """Do ``work`` in a thread; that before must have been waited for."""
        import threading

        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - raised by wait(), where it belongs
                self._error = error

        # No daemon: an interpreter that ends lets it finish.
        self._thread = threading.Thread(target=run, name="checkpoint")
        self._thread.start()

    def wait(self) -> None:
        """Wait for the work to end; raises what it raised, once."""
        self._forget_after_fork()
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
            self._process, self._thread, self._error = os.getpid(), None, None
