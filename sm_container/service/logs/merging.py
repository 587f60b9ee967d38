"""The events of many streams in one order: that of their times, then of the streams' names."""

from __future__ import annotations

import heapq
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from sm_container.service.logs.events import Event, EventLog
from sm_container.service.logs.streams import Stream


@dataclass(frozen=True)
class Range:
    """From ``start`` on and before ``end``, in milliseconds since the epoch; None is no bound."""

    start: int | None = None
    end: int | None = None

    def meets(self, stream: Stream) -> bool:
        return (self.start is None or stream.last >= self.start) and (
            self.end is None or stream.first < self.end
        )


@dataclass(frozen=True)
class Merging:
    """``positions`` are bytes by stream at which events go on, of those that were begun before."""

    streams: Sequence[Stream]
    times: Range
    descending: bool = False
    positions: Mapping[str, int] = field(default_factory=dict)

    def events(self) -> Generator[tuple[Stream, Event], None, None]:
        """The events, the oldest first, or the newest.

        A log is opened when its turn comes and closed when it has ended: few jobs run at once, but
        an account may have had more than there can be files open.
        """
        streams = sorted(filter(self.times.meets, self.streams), key=lambda each: each.name)
        if self.descending:
            streams.reverse()
        with ExitStack() as stack:
            begun: dict[int, Generator[Event, None, None]] = {}
            waiting = [(self._bound(each), rank, _UNKNOWN) for rank, each in enumerate(streams)]
            heapq.heapify(waiting)
            while waiting:
                _, rank, event = heapq.heappop(waiting)
                stream = streams[rank]
                if rank not in begun:
                    begun[rank] = self._read(stream)
                    # A generator that is closed closes its log.
                    stack.callback(begun[rank].close)
                else:
                    yield stream, event
                following = next(begun[rank], None)
                if following is not None:
                    heapq.heappush(waiting, (self._key(following.timestamp), rank, following))

    def _key(self, timestamp: int) -> int:
        return -timestamp if self.descending else timestamp

    def _bound(self, stream: Stream) -> int:
        """No event of the stream comes before it."""
        return self._key(stream.last if self.descending else stream.first)

    def _read(self, stream: Stream) -> Generator[Event, None, None]:
        try:
            log = stream.open()
        except FileNotFoundError:
            return  # deleted meanwhile
        with log:
            yield from self._of(log, self.positions.get(stream.name))

    def _of(self, log: EventLog, position: int | None) -> Iterator[Event]:
        low, high = log.between(self.times.start, self.times.end)
        if self.descending:
            return log.backward(high if position is None else min(position, high), low)
        return log.forward(low if position is None else max(position, low), high)


_UNKNOWN = Event(0, 0, 0, "")
