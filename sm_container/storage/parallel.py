"""Work on several threads for whoever waits in one: the waiting one alone is told and can end it.

The threads are daemons, and signals stay prompt: the caller only ever waits for an event.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

TICK_SECONDS = 0.1
_LEAVE_SECONDS = 2.0


def each(
    work: Callable[[T], None],
    tasks: Iterable[T],
    *,
    threads: int,
    tick: Callable[[], None],
    interrupt: Callable[[], None],
) -> None:
    """Do ``work`` on every task; raises the first fault of any.

    ``tick`` is called again and again in the caller's thread, and may raise to end the work.
    At a fault no further task is begun, and ``interrupt`` is to wake what hangs in a call.
    """
    crew = _Crew(work, iter(tasks))
    workers = [threading.Thread(target=crew.drain, daemon=True) for _ in range(threads)]
    try:
        for worker in workers:
            worker.start()
        for worker in workers:
            while worker.is_alive() and crew.fault is None:
                worker.join(TICK_SECONDS)
                tick()
        if crew.fault is not None:
            raise crew.fault
        tick()
    except BaseException:
        crew.ended = True
        interrupt()
        deadline = time.monotonic() + _LEAVE_SECONDS
        for worker in workers:
            if worker.ident is not None:
                worker.join(max(0.0, deadline - time.monotonic()))
        raise


class _Crew(Generic[T]):
    def __init__(self, work: Callable[[T], None], tasks: Iterator[T]) -> None:
        self._work = work
        self._tasks = tasks
        self._lock = threading.Lock()
        self.fault: BaseException | None = None
        self.ended = False

    def drain(self) -> None:
        try:
            while not self.ended:
                with self._lock:
                    try:
                        task = next(self._tasks)
                    except StopIteration:
                        return
                self._work(task)
        except BaseException as fault:  # noqa: BLE001 - raised again in the caller's thread
            with self._lock:
                if self.fault is None:
                    self.fault = fault
            self.ended = True
