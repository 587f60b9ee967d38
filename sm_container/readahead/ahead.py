"""Reading ahead of many handles at once: the memory and threads they share, and the next objects.

Network work happens in threads of its own, so that whoever waits here still takes signals. They
start when there is something to fetch, and end when there is nothing.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Hashable, Sequence
from types import TracebackType

from sm_container.readahead.engine import SMALLEST_MEMORY, Check, Counters, Engine
from sm_container.readahead.order import Order, Reading
from sm_container.readahead.reader import Reader
from sm_container.readahead.source import RangeSource
from sm_container.readahead.window import LONGEST, Window

MEMORY = 256 << 20
THREADS = 16
_NEXT_A_THREAD = 4

_Hint = tuple[Sequence[RangeSource], Reading]


class ReadAhead:
    """Opens objects that are read ahead, within ``memory`` bytes for all of them together.

    ``threads`` is the number of requests at once. A child of a fork has memory, threads and
    counters of its own, begun anew.

    Raises:
        ValueError: for less than 8 MiB of memory, or no thread.
    """

    def __init__(self, memory: int = MEMORY, threads: int = THREADS) -> None:
        if memory < SMALLEST_MEMORY:
            raise ValueError(f"{memory} bytes are too few: give {SMALLEST_MEMORY} at least")
        if threads < 1:
            raise ValueError("reading ahead takes a thread at least")
        self._memory = memory
        self._threads = threads
        self._hints: dict[Hashable, _Hint] = {}
        self._processes: dict[int, _Process] = {}
        self._is_closed = False

    def __enter__(self) -> ReadAhead:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[object, ...]:
        return ReadAhead, (self._memory, self._threads)

    def open(self, source: RangeSource, check: Check | None = None) -> Reader:
        """A reader of an object. Nothing is fetched before its first read.

        ``check`` is called before and again and again while a read waits, under a lock: what it
        raises ends the read.
        """
        return Reader(self, source, check)

    def hint(
        self,
        order: Sequence[RangeSource],
        of: Hashable = None,
        reading: Reading = Reading.AS_OPENED,
    ) -> None:
        """Say in which order objects will be opened, so that the next ones are fetched ahead.

        Where each is read whole and then the next, the window is as long as may be from the first
        read on, and does not end with an object. Sources are known again by equality, so they must
        be hashable. ``of`` tells several orders apart, such as the channels'; a new order takes the
        place of the old one.
        """
        self._hints[of] = order, reading
        self._process().orders.put(of, order, reading)

    def counters(self) -> Counters:
        """What was done so far, in this process."""
        return self.engine().counters()

    def close(self) -> None:
        """Cancel everything; readers raise ValueError from now on."""
        self._is_closed = True
        self.engine().close()

    def engine(self) -> Engine:
        """This process's engine."""
        return self._process().engine

    def begun(self, source: RangeSource) -> Window:
        """A window for an object whose reading begins; what was fetched ahead is in it."""
        return self._process().orders.begun(source)

    def closed(self, window: Window) -> None:
        """Forget a window that is not read any more."""
        self.engine().close_window(window)

    def _process(self) -> _Process:
        pid = os.getpid()
        process = self._processes.get(pid)
        if process is None:
            # One of several threads wins, without a lock that a fork might have left locked.
            new = _Process(self._memory, self._threads, self._hints)
            process = self._processes.setdefault(pid, new)
            self._processes = {pid: process}
            if self._is_closed:
                process.engine.close()
        return process


class _Process:
    """What belongs to one process, and is made anew after a fork."""

    def __init__(self, memory: int, threads: int, hints: dict[Hashable, _Hint]) -> None:
        self.engine = Engine(memory, threads)
        self.orders = _Orders(self.engine, _NEXT_A_THREAD * threads)
        for of, hint in list(hints.items()):
            self.orders.put(of, *hint)


class _Orders:
    """Where each object stands in the orders that were hinted at."""

    def __init__(self, engine: Engine, most: int) -> None:
        self._engine = engine
        self._most = most
        self._lock = threading.Lock()
        self._orders: dict[Hashable, Order] = {}
        self._places: dict[RangeSource, tuple[Order, int]] = {}
        self._last: dict[Order, Window] = {}

    def put(self, of: Hashable, sources: Sequence[RangeSource], reading: Reading) -> None:
        with self._lock:
            old = self._orders.get(of)
            if old is not None:
                self._forget(old)
            order = self._orders[of] = Order(sources, self._most, reading)
            for index, source in enumerate(sources):
                self._places[source] = (order, index)

    def begun(self, source: RangeSource) -> Window:
        with self._lock:
            place = self._places.get(source)
            if place is None:
                return self._engine.window(source)
            order, index = place
            window = order.next_ones.pop(index, None) or self._engine.window(source)
            window.is_open = True
            if order.run is not None:
                self._join(order, index, window)
                return window
            following = list(order.opened(index))
            # What one object had grown to, the next one begins with.
            last = self._last.get(order)
            if following and last is not None:
                window.reach = max(window.reach, last.reach)
            self._last[order] = window
            for gone in order.outdated():
                self._engine.close_window(gone)
            for number in following:
                ahead = self._engine.window(order.sources[number], is_open=False)
                if not self._engine.fetch_first(ahead):
                    break
                order.next_ones[number] = ahead
            return window

    def _join(self, order: Order, index: int, window: Window) -> None:
        """Have the window go on into those of the objects that come next."""
        for skipped in [number for number in order.next_ones if number < index]:
            self._engine.close_window(order.next_ones.pop(skipped))
        window.run, window.base, window.reach = order.run, order.bases[index], LONGEST
        for number in order.coming(index):
            following = order.next_ones.get(number)
            if following is None:
                following = self._engine.window(order.sources[number], is_open=False)
                following.run, following.base = order.run, order.bases[number]
                order.next_ones[number] = following
            window.following = window = following

    def _forget(self, order: Order) -> None:
        self._last.pop(order, None)
        for source in order.sources:
            if self._places.get(source, (None, 0))[0] is order:
                del self._places[source]
        for window in order.next_ones.values():
            self._engine.close_window(window)
