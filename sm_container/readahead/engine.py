"""The threads that fetch and the memory they fetch into, shared by the windows of all handles.

A read first gets all the buffers that it needs, at once, and only then waits for bytes. So no read
holds memory while it waits for more of it, and however many handles there are, each gets on.
Memory is taken, in this order, from handles that have not been read for a while, from what lies
behind a reader, and, for a read that waits, from what is furthest ahead of other readers.
"""

from __future__ import annotations

import heapq
import itertools
import os
import threading
import time
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from enum import IntEnum

from sm_container.readahead.part import Part
from sm_container.readahead.pool import Pool, cost_of
from sm_container.readahead.source import RangeSource
from sm_container.readahead.window import LONGEST, PART, Window

SMALLEST_MEMORY = 8 << 20
_IDLE_SECONDS = 1.0
_LEAVE_SECONDS = 10.0
_CHECK_SECONDS = 0.1

Check = Callable[[], object]
"""What may end a wait by an exception; it has to be quick."""


class _Rank(IntEnum):
    """What is fetched before what."""

    WAITED_FOR = 0
    AHEAD = 1
    NEXT_FILES = 2


@dataclass(frozen=True)
class Counters:
    """What a ReadAhead has done so far: bytes, and reads of at most 1 MiB."""

    fetched: int
    """Bytes that have come from the sources."""
    hits: int
    """Reads whose bytes were there."""
    waits: int
    """Reads that had to wait."""
    peak: int
    """Bytes of memory in buffers, at most at one time."""


class Engine:
    """One process's memory and threads."""

    def __init__(self, memory: int, threads: int) -> None:
        self.pid = os.getpid()
        self._pool = Pool(memory)
        # An eighth: a read of two parts must always find room beside another's.
        self._part = min(PART, 1 << (memory // 8).bit_length() - 1)
        self._threads = threads
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._room = threading.Condition(self._lock)
        self._queue: list[tuple[int, int, Part]] = []
        self._numbers = itertools.count()
        self._alive = self._idle = 0
        self._waiting: deque[object] = deque()
        self._returning = 0
        self._windows: weakref.WeakSet[Window] = weakref.WeakSet()
        self._holding: OrderedDict[Window, None] = OrderedDict()  # the longest unused first
        self._is_closed = False
        self._fetched = self._hits = self._waits = 0

    def window(self, source: RangeSource, *, is_open: bool = True) -> Window:
        window = Window(source, self._lock, self._part)
        window.is_open = is_open
        with self._lock:
            self._windows.add(window)
        return window

    def hold(self, window: Window, offset: int, end: int, check: Check | None = None) -> list[Part]:
        """The parts that hold a range inside the object, there and pinned until `release`.

        Raises:
            ValueError: where the window was closed, before or meanwhile.
            BaseException: what the source raised for any of the bytes, or ``check`` in a wait.
        """
        with self._lock:
            parts = self._granted(window, offset, end, check)
            try:
                missing = [part for part in parts if part.filled < min(end, part.end) - part.start]
                if missing:
                    window.waited(offset)
                    for part in missing:
                        self._hasten(part)
                self._hits += not missing
                self._waits += bool(missing)
                for part in window.passed(offset, end):
                    self._drop(part)
                self._look_ahead(window)
                for part in missing:
                    self._await(window, part, min(end, part.end) - part.start, check)
            except BaseException:
                self._unpin(parts)
                raise
            return parts

    def release(self, parts: Iterable[Part]) -> None:
        """Let go of what `hold` gave."""
        with self._lock:
            self._unpin(parts)

    def fetch_first(self, window: Window) -> bool:
        """Fetch the beginning of an object that nobody reads yet; False where memory is short."""
        with self._lock:
            if self._is_closed or not window.size:
                return not self._is_closed
            size = min(window.size, window.first)
            if self._waiting or not self._make_room([size], window, must=False):
                return False
            self._start(window, 0, size, _Rank.NEXT_FILES)
            return True

    def close_window(self, window: Window) -> None:
        """Cancel what is under way for it, and wake its readers with an error."""
        with self._lock:
            self._close(window)

    def close(self) -> None:
        """Cancel everything and end the threads; those in a source's call end with it."""
        with self._lock:
            self._is_closed = True
            for window in list(self._windows):
                self._close(window)
            self._pool.clear()
            self._work.notify_all()
            self._room.notify_all()

    def counters(self) -> Counters:
        with self._lock:
            return Counters(self._fetched, self._hits, self._waits, self._pool.peak)

    def _granted(self, window: Window, offset: int, end: int, check: Check | None) -> list[Part]:
        """The parts of a range, pinned and asked for; waits for memory where there is none."""
        turn: object = None
        self._require_open(window)
        for part in window.turn(offset):
            self._drop(part)
        try:
            while True:
                self._require_open(window)
                parts = window.covering(offset, end)
                gaps = window.gaps(offset, end, parts)
                for part in parts:
                    part.pins += 1
                is_my_turn = not self._waiting or self._waiting[0] is turn
                sizes = [stop - start for start, stop in gaps]
                if not gaps or (is_my_turn and self._make_room(sizes, window, must=True)):
                    break
                self._unpin(parts)
                if turn is None:
                    turn = object()
                    self._waiting.append(turn)
                self._wait(self._room, check)
            for start, stop in gaps:
                part = self._start(window, start, stop, _Rank.WAITED_FOR)
                part.pins += 1
                parts.append(part)
        finally:
            if turn is not None:
                self._waiting.remove(turn)
                self._room.notify_all()
        window.used = time.monotonic()
        self._holding[window] = None
        self._holding.move_to_end(window)
        return sorted(parts, key=lambda part: part.start)

    def _await(self, window: Window, part: Part, count: int, check: Check | None) -> None:
        while True:
            # Said before the look: the thread that fills looks at it without the lock.
            part.wanted = min(part.wanted or count, count)
            if part.filled >= count:
                return
            if part.fault is not None:
                raise _like(part.fault) from part.fault
            self._require_open(window)
            self._wait(window.has_changed, check)

    def _wait(self, condition: threading.Condition, check: Check | None) -> None:
        """Wait until something may have changed, the lock being held."""
        if check is None:
            condition.wait()
        else:
            check()
            condition.wait(_CHECK_SECONDS)

    def _require_open(self, window: Window) -> None:
        if self._is_closed or window.is_closed:
            raise ValueError("read of a closed file")

    def _look_ahead(self, window: Window) -> None:
        longest: int | None = None
        while (wanted := window.ahead(LONGEST if longest is None else longest)) is not None:
            if longest is None:
                longest = self._share()
                continue
            target, start, end = wanted
            if self._waiting or not self._make_room([end - start], window, must=False):
                return
            self._start(target, start, end, _Rank.AHEAD)

    def _share(self) -> int:
        """What one of the handles that are being read may hold."""
        since = time.monotonic() - _IDLE_SECONDS
        active = itertools.takewhile(lambda window: window.used >= since, reversed(self._holding))
        count = max(1, sum(window.is_open for window in active))
        # A part for each of them, and one that is being read.
        return max(self._part, min(LONGEST, self._pool.memory // count - self._part))

    def _start(self, window: Window, start: int, end: int, rank: _Rank) -> Part:
        part = Part(window, start, end, self._pool.take(end - start))
        window.add(part)
        if window not in self._holding:
            self._holding[window] = None
            window.used = window.used or time.monotonic()
        self._enqueue(part, rank)
        return part

    def _enqueue(self, part: Part, rank: _Rank) -> None:
        part.rank = rank
        heapq.heappush(self._queue, (rank, next(self._numbers), part))
        if len(self._queue) > self._idle and self._alive < self._threads:
            self._alive += 1
            threading.Thread(target=self._fetch, name="readahead", daemon=True).start()
        self._work.notify()

    def _hasten(self, part: Part) -> None:
        if not part.is_begun and part.rank > _Rank.WAITED_FOR:
            self._enqueue(part, _Rank.WAITED_FOR)

    def _make_room(self, sizes: list[int], asker: Window, *, must: bool) -> bool:
        """Whether buffers of these sizes can be taken now, from others where need be."""
        need = sum(map(cost_of, sizes))
        if self._pool.available >= need:
            return True
        victims = self._victims(asker, must=must)
        while self._pool.available + self._returning < need:
            victim = next(victims, None)
            if victim is None:
                break
            self._drop(victim, from_window=True)
        return self._pool.available >= need

    def _victims(self, asker: Window, *, must: bool) -> Iterator[Part]:
        since = time.monotonic() - _IDLE_SECONDS
        behind = [window for window in self._holding if window is not asker]
        # What the asker reads next is not given up for what it reads after that.
        kin = [window for window in behind if window.run is asker.run is not None]
        others = [window for window in behind if window not in kin]
        for window in others:
            if window.used >= since:
                break
            yield from _loose(window.parts)
        for window in [*behind, asker]:
            yield from _loose(part for part in window.parts if part.end <= window.position)
        if not must:
            return
        others.sort(key=lambda window: (window.is_open, -len(window.parts)))
        for window in others:
            yield from _loose(part for part in window.parts if part.start > window.position)
        kin.sort(key=lambda window: -window.base)
        for window in [*kin, asker, *others]:
            yield from _loose(window.parts)

    def _drop(self, part: Part, *, from_window: bool = False) -> None:
        """Give up a part; its buffer is free when nobody reads or fills it any more."""
        if from_window:
            part.window.parts.remove(part)
            if not part.window.parts:
                self._holding.pop(part.window, None)
        part.is_dropped = True
        self._settle(part)

    def _settle(self, part: Part) -> None:
        if part.is_dropped and not part.pins:
            if not part.is_running:
                self._free(part)
            elif not part.cancelled.is_set():
                self._returning += len(part.buffer)
                part.cancelled.set()

    def _free(self, part: Part) -> None:
        if not part.cancelled.is_set():
            part.cancelled.set()
        self._pool.give(part.buffer)
        if self._is_closed:
            self._pool.clear()
        if self._waiting:
            self._room.notify_all()

    def _unpin(self, parts: Iterable[Part]) -> None:
        for part in parts:
            part.pins -= 1
            self._settle(part)
        if self._waiting:
            self._room.notify_all()

    def _close(self, window: Window) -> None:
        window.is_closed = True
        self._holding.pop(window, None)
        parts, window.parts = window.parts, []
        for part in parts:
            self._drop(part)
        window.changed()
        self._room.notify_all()

    def _fetch(self) -> None:
        """What each thread does: the most urgent part, one after the other."""
        while (part := self._next()) is not None:
            fault: BaseException | None = None
            try:
                part.window.source.fill(part.start, part.view, part.arrived, part.cancelled)
                if not part.is_whole and not part.cancelled.is_set():
                    fault = OSError(f"the source ended after byte {part.start + part.filled}")
            except BaseException as error:  # noqa: BLE001 - raised by whoever needs the bytes
                fault = error
            with self._lock:
                self._finish(part, fault)

    def _next(self) -> Part | None:
        with self._lock:
            while True:
                while self._queue and not self._is_closed:
                    part = heapq.heappop(self._queue)[2]
                    # It can stand there twice, as it became urgent, or be given up by now.
                    if not (part.is_begun or (part.is_dropped and not part.pins)):
                        part.is_begun = part.is_running = True
                        return part
                if self._is_closed:
                    self._alive -= 1
                    return None
                self._idle += 1
                was_called = self._work.wait(_LEAVE_SECONDS)
                self._idle -= 1
                if not (was_called or self._queue):
                    self._alive -= 1
                    return None

    def _finish(self, part: Part, fault: BaseException | None) -> None:
        self._fetched += part.filled
        part.is_running = False
        if part.cancelled.is_set():
            self._returning -= len(part.buffer)
            self._free(part)
            return
        if fault is not None:
            part.fault = fault
            if not part.is_dropped:  # a later read is to ask again
                self._drop(part, from_window=True)
        part.window.changed()


def _like(fault: BaseException) -> BaseException:
    """An exception like this one, for one reader: one that several raise grows, and is shared."""
    try:
        return copy(fault)
    except TypeError:  # its constructor takes something else than its args
        return OSError(f"{type(fault).__name__}: {fault}")


def _loose(parts: Iterable[Part]) -> Iterator[Part]:
    """The parts that no read needs, the furthest first."""
    return (part for part in reversed(list(parts)) if not part.pins)
