"""Items made ahead of their use, by a thread: reading goes on while the algorithm computes."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Generator
from typing import Generic, TypeVar

from sm_container.channels.stopping import StopSignal

T = TypeVar("T")

_GROUP_ITEMS = 1024
_POLL_SECONDS = 0.1
"""How soon what cannot notify is heard: a signal handler, a pass that was dropped unfinished."""


class Prefetch(Generic[T]):
    """A thread that makes items until ``ahead`` groups of them wait.

    Handing an item to another thread costs more than making a small one, so they are handed over
    in groups: those made within ``group_seconds``, at most 1024. The thread ends when the items
    do, when making one raises, or soon after ``cancel``.
    """

    def __init__(self, name: str, ahead: int, group_seconds: float) -> None:
        self.name = name
        self.cancelled = StopSignal()
        self._ahead = ahead
        self._group_seconds = group_seconds
        self._groups: deque[list[T]] = deque()
        self._pending: list[T] = []
        self._changed = threading.Condition()
        self._error: BaseException | None = None
        self._has_ended = False
        self._thread: threading.Thread | None = None

    def start(self, items: Generator[T]) -> None:
        """Begin to make the items."""
        # A daemon, so that a program may end in the middle of a pass.
        self._thread = threading.Thread(
            target=self._run, args=(items,), name=self.name, daemon=True
        )
        self._thread.start()

    def take(self, stop: StopSignal) -> list[T]:
        """The next group; an empty one at the end, or once ``stop`` is set while none is there.

        Raises what making the next item raised, after all those before it.
        """
        with self._changed:
            while not self._groups and not self._has_ended and not stop.is_set:
                self._changed.wait(_POLL_SECONDS)
            if self._groups:
                self._changed.notify_all()
                return self._groups.popleft()
            error, self._error = self._error, None
        try:
            if error is not None:
                raise error
        finally:
            del error  # it holds this frame, and this frame held it
        return []

    def flush(self) -> None:
        """Hand over what there is. For the thread itself, before it has to wait for bytes."""
        if not self._pending:
            return
        group, self._pending = self._pending, []
        with self._changed:
            while len(self._groups) >= self._ahead and not self.cancelled.is_set:
                self._changed.wait(_POLL_SECONDS)
            if not self.cancelled.is_set:
                self._groups.append(group)
            self._changed.notify_all()

    def cancel(self) -> None:
        """Nobody takes any more. Does not wait for the thread: garbage collection may call it."""
        self.cancelled.set()
        self._groups.clear()

    def join(self) -> None:
        """Wait for the thread to end; not where the thread itself, collecting garbage, calls."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            with self._changed:
                self._changed.notify_all()
            thread.join()

    def _run(self, items: Generator[T]) -> None:
        try:
            self._make(items)
        except BaseException as error:  # noqa: BLE001 - raised by take(), where it belongs
            self._error = error
        finally:
            self.flush()
            with self._changed:
                self._has_ended = True
                self._changed.notify_all()

    def _make(self, items: Generator[T]) -> None:
        due = time.monotonic() + self._group_seconds
        try:
            for item in items:
                if self.cancelled.is_set:
                    return
                self._pending.append(item)
                del item  # or it would stay in memory until the next one is made
                if time.monotonic() >= due or len(self._pending) >= _GROUP_ITEMS:
                    self.flush()
                    due = time.monotonic() + self._group_seconds
        finally:
            items.close()


class InTurn(Generic[T]):
    """The same without a thread: an item is made when it is asked for."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.cancelled = StopSignal()
        self._items: Generator[T] | None = None

    def start(self, items: Generator[T]) -> None:
        """Nothing is made yet."""
        self._items = items

    def take(self, stop: StopSignal) -> list[T]:
        """The next item alone; an empty list at the end. Raises what making it raised."""
        del stop  # whoever makes the items hears of it
        for item in self._items or ():
            return [item]
        return []

    def flush(self) -> None:
        """Nothing is held back."""

    def cancel(self) -> None:
        """Nobody takes any more."""
        self.cancelled.set()
        if self._items is not None:
            self._items.close()

    def join(self) -> None:
        """There is nothing to wait for."""
