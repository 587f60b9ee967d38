"""``job.stop``: the request to stop, as the algorithm sees it.

Source: StopTrainingJob: SIGTERM, then SIGKILL 120 seconds later; the model folder as it is by then
is saved.
"""

from __future__ import annotations

import math
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn, TypeVar

from sm_container.channels.stopping import StopSignal
from sm_container.contract.platform import STOP_SECONDS

Callback = TypeVar("Callback", bound=Callable[[], object])


class StopTraining(BaseException):
    """Training ends here, because it was asked to; that is no failure.

    Not an Exception: an ``except Exception`` around a step is not meant for it.
    """


class Stop:
    """The request to stop: whether it came, and what is done about it.

    ``seconds`` is the time from the request to SIGKILL. Processes that were forked from this one
    see the request too; callbacks and StopTraining are for the main thread of this one alone.
    """

    def __init__(self, seconds: float = STOP_SECONDS) -> None:
        self.signal = StopSignal(self._act)
        self._seconds = seconds
        self._callbacks: list[Callable[[], object]] = []
        self._process = os.getpid()
        self._is_raising = False
        self._has_raised = False
        self._sections = 0  # those that must be whole, and that the main thread is in

    @property
    def requested(self) -> bool:
        """Whether the job is asked to stop. Callbacks that wait for that are called now."""
        if not self.signal.is_set:
            return False
        self._act()
        return True

    @property
    def reason(self) -> str | None:
        """What is known of why: the name of the signal, such as SIGTERM; None before."""
        return signal.Signals(self.signal.number).name if self.signal.number else None

    @property
    def seconds_left(self) -> float:
        """Until SIGKILL, never below 0; ``inf`` while nothing is requested."""
        at = self.signal.set_at
        return math.inf if at is None else max(0.0, at + self._seconds - time.monotonic())

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the request, at most ``timeout`` seconds; whether it came. Looks then."""
        poll = select.poll()
        poll.register(self.signal, select.POLLIN)
        if not self.signal.is_set:
            poll.poll(None if timeout is None else math.ceil(max(0.0, timeout) * 1000))
        return self.requested

    def raise_if_requested(self) -> None:
        """Raise StopTraining if the job is asked to stop, in whatever section. Looks first."""
        if self.requested:
            self._raise()

    def callback(self, function: Callback) -> Callback:
        """Have a function called once after the request, in the main thread. A decorator.

        That is where the main thread next looks (``requested``, ``wait``,
        ``raise_if_requested``), where a loop over a channel ends for the stop, or when training
        ends; never within ``deferred()``. Several are called in the order in which they came.
        What a function raises is raised there.
        """
        self._callbacks.append(function)
        return function

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """A section that must be whole: StopTraining comes at its end, callbacks later."""
        if not self._is_here:
            yield
            return
        self._sections += 1
        try:
            yield
        finally:
            self._sections -= 1
        if self.signal.is_set:
            self._raise_if_it_may()

    @property
    def is_deferred(self) -> bool:
        """Whether the main thread is in a section that must be whole."""
        return self._sections > 0

    @contextmanager
    def raising(self) -> Iterator[None]:
        """Have the request raise StopTraining, once, in the main thread while it is in here."""
        self._is_raising = True
        try:
            if self.signal.is_set:
                self._raise_if_it_may()
            yield
        finally:
            self._is_raising = False

    def request(self, number: signal.Signals = signal.SIGTERM, at: float | None = None) -> None:
        """Ask for the end, as the signal ``number`` does that came ``at`` (``time.monotonic``).

        For a signal handler, and for tests. A second time changes nothing. Raises StopTraining
        in a main thread that is within ``raising()``; asked for by another thread, it is raised
        where the main thread next looks.
        """
        self.signal.set(number, at)
        self._raise_if_it_may()

    def was_lost(self) -> None:
        """StopTraining was raised where nobody could hear it: it is raised once more."""
        self._has_raised = False

    def run_callbacks(self) -> None:
        """Call those that are left, if there was a request; also those after one that raises."""
        if not (self.signal.is_set and self._callbacks and self._is_here):
            return
        function = self._callbacks.pop(0)
        try:
            with self.deferred():
                function()
        finally:
            self.run_callbacks()

    def _act(self) -> None:
        """What looking does."""
        if not self._sections:
            self._raise_if_it_may()
            self.run_callbacks()

    def _raise_if_it_may(self) -> None:
        may = self._is_raising and not self._has_raised and not self._sections
        if may and self._is_here:
            self._raise()

    def _raise(self) -> NoReturn:
        if self._is_here:
            self._has_raised = True  # it must not come again on the way out
        raise StopTraining(f"{self.reason}, {self.seconds_left:.0f} s are left")

    @property
    def _is_here(self) -> bool:
        is_main = threading.get_ident() == threading.main_thread().ident
        return is_main and os.getpid() == self._process

    def __reduce__(self) -> tuple[object, ...]:
        # In a process that is started anew it is one of its own, and callbacks stay here.
        return _as_it_was, (self._seconds, self.signal)


def _as_it_was(seconds: float, told: StopSignal) -> Stop:
    stop = Stop(seconds)
    stop.signal = told  # which channels that come along share
    told.heard = stop._act
    return stop
