"""Any store as if it were a bucket behind a link: latency for each request, a rate a connection.

So a folder shows what a real bucket would do to a job: which input mode starves it, and what
another size of objects would change.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, BinaryIO, cast

from sm_container.storage.download import CONNECTIONS, download_all
from sm_container.storage.objects import Advance, Download, Object, ignore
from sm_container.storage.parallel import each
from sm_container.storage.ranged import Sink
from sm_container.storage.retry import Retries

if TYPE_CHECKING:
    from sm_container.storage.store import Store

PAGE = 1000
"""Objects that one request for a listing gives, as S3's."""

_PIECE_SECONDS = 0.01
_LARGEST_PIECE = 1 << 20


@dataclass(frozen=True)
class Link:
    """``latency_seconds`` pass before a request's first byte; ``bytes_per_second`` is what one
    connection carries, None without a bound.

    Raises:
        ValueError: for a latency below 0, or a rate that is not above it.
    """

    latency_seconds: float = 0.0
    bytes_per_second: float | None = None

    def __post_init__(self) -> None:
        if not self.latency_seconds >= 0:
            raise ValueError(f"a latency of {self.latency_seconds} seconds: give 0 or more")
        if self.bytes_per_second is not None and not self.bytes_per_second > 0:
            raise ValueError(f"a rate of {self.bytes_per_second} bytes a second: give more than 0")

    @property
    def piece(self) -> int:
        """The bytes that are sent at once, so that they seem to flow."""
        if self.bytes_per_second is None:
            return _LARGEST_PIECE
        return max(1, min(_LARGEST_PIECE, int(self.bytes_per_second * _PIECE_SECONDS)))


wait = threading.Event.wait  # by its own name, so that a test can let time pass


class _Request:
    """One request over a link: waits for its first byte when made, then keeps to the rate."""

    def __init__(self, link: Link, cancelled: threading.Event | None = None) -> None:
        self._rate = link.bytes_per_second
        self._cancelled = cancelled or threading.Event()
        wait(self._cancelled, link.latency_seconds)
        self._began = monotonic()
        self._sent = 0

    def sent(self, count: int) -> None:
        """Wait until so many more bytes can have come."""
        self._sent += count
        if (seconds := self.early) > 0:
            wait(self._cancelled, seconds)

    @property
    def early(self) -> float:
        """The seconds that what was sent is ahead of the rate."""
        if self._rate is None:
            return 0.0
        return self._sent / self._rate - (monotonic() - self._began)


class LinkedStore:
    """The objects of ``store``, as slow as ``link`` makes them."""

    def __init__(self, store: Store, link: Link) -> None:
        self._store = store
        self._link = link

    @property
    def origin(self) -> str:
        return self._store.origin

    def list(self, prefix: str, *, left_out: Callable[[str], None] = ignore) -> Iterator[Object]:
        found = self._store.list(prefix, left_out=left_out)
        while True:
            _Request(self._link)
            page = list(islice(found, PAGE))
            yield from page
            if len(page) < PAGE:
                return

    def stat(self, key: str) -> Object | None:
        _Request(self._link)
        return self._store.stat(key)

    def stat_all(self, keys: Sequence[str]) -> Sequence[Object | None]:
        found: dict[int, Object | None] = {}

        def look(task: tuple[int, str]) -> None:
            found[task[0]] = self.stat(task[1])

        threads = min(CONNECTIONS, len(keys))
        each(look, enumerate(keys), threads=threads, tick=lambda: None, interrupt=lambda: None)
        return [found[index] for index in range(len(keys))]

    def exists(self, key: str) -> bool:
        return self.stat(key) is not None

    def open(self, key: str) -> BinaryIO:
        _Request(self._link)  # its size and version are asked for, as of a bucket
        stream = _LinkedStream(self._store.open(key), self._link)
        return cast(BinaryIO, io.BufferedReader(stream, self._link.piece))

    def read(self, key: str, offset: int = 0, size: int | None = None) -> bytes:
        _Request(self._link)
        request = _Request(self._link)
        found = self._store.read(key, offset, size)
        request.sent(len(found))
        return found

    def fill(
        self,
        object: Object,
        start: int,
        view: memoryview,
        arrived: Callable[[int], None],
        cancelled: threading.Event,
    ) -> None:
        request, at = _Request(self._link, cancelled), 0
        while at < len(view) and not cancelled.is_set():
            piece = view[at : at + self._link.piece]
            self._store.fill(object, start + at, piece, ignore, cancelled)
            request.sent(len(piece))
            if not cancelled.is_set():
                at += len(piece)
                arrived(len(piece))

    def download(self, object: Object, path: Path, advance: Advance = ignore) -> None:
        self.download_all([Download(object, path)], advance=advance)

    def download_all(
        self,
        downloads: Iterable[Download],
        *,
        finished: Callable[[Download], None] = ignore,
        advance: Advance = ignore,
    ) -> None:
        ended = threading.Event()

        def get(object: Object, start: int, end: int, sink: Sink, step: int) -> None:
            request = _Request(self._link, ended)
            while start < end:
                room = sink.room(min(step, end - start, self._link.piece))
                self._store.fill(object, start, room, ignore, ended)
                request.sent(len(room))
                start += len(room)
                sink.took(len(room))

        download_all(
            downloads,
            get,
            finished=finished,
            advance=advance,
            interrupt=ended.set,
            retries=Retries(),
        )

    def require_writable(self, key: str) -> None:
        self._store.require_writable(key)

    def upload(self, path: Path, key: str, advance: Advance = ignore) -> None:
        request = _Request(self._link)

        def paced(count: int) -> None:
            while count > self._link.piece:
                request.sent(self._link.piece)
                advance(self._link.piece)
                count -= self._link.piece
            request.sent(count)
            advance(count)

        self._store.upload(path, key, paced)

    def delete(self, key: str, *, below: str | None = None) -> None:
        _Request(self._link)
        self._store.delete(key, below=below)


class _LinkedStream(io.RawIOBase):
    """A stream that begins late and keeps to the rate."""

    def __init__(self, stream: BinaryIO, link: Link) -> None:
        super().__init__()
        self._stream = stream
        self._link = link
        self._request: _Request | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if self._request is None:
            self._request = _Request(self._link)
        block = self._stream.read(min(len(buffer), self._link.piece))
        buffer[: len(block)] = block
        self._request.sent(len(block))
        return len(block)

    def close(self) -> None:
        self._stream.close()
        super().close()
