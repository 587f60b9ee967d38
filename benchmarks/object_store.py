"""Objects over HTTP: File mode's copy, and read-ahead over a bucket that is far away.

The servers are `benchmarks.s3_like`: near, without latency and bounds, and far, with 30 ms to the
first byte and 90 MB/s a connection. All files lie in memory where the machine has /dev/shm.
"""

from __future__ import annotations

import http.client
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock
from urllib.parse import urlsplit

from benchmarks.row import Row, at_least
from benchmarks.s3_like import serving
from benchmarks.timing import side_by_side
from sm_container.readahead.ahead import ReadAhead
from sm_container.readahead.lazy import LazyFile
from sm_container.readahead.order import Reading
from sm_container.storage.objects import Download, Object
from sm_container.storage.s3 import S3Store

LARGE, LARGER = 1 << 30, 2 << 30
SMALL, SMALL_COUNT = 2_000, 10_000
AHEAD, AHEAD_COUNT = 100_000, 1_000
WHOLE, WHOLE_COUNT = 16 << 20, 8
LATENCY_SECONDS, BYTES_PER_SECOND = 0.03, 90e6
CONNECTIONS = 16
_PART = 8 << 20
_BLOCK = 1 << 20


def rows() -> list[Row]:
    """Five rows: a large and many small objects copied; a large, small and middling ones read
    ahead."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        root, out = Path(folder) / "buckets", Path(folder) / "out"
        _make(root / "bucket" / "large", LARGE)
        _make(root / "bucket" / "sequence", LARGER)
        for number in range(SMALL_COUNT):
            _make(root / "bucket" / "small" / f"{number:06}", SMALL)
        for number in range(WHOLE_COUNT):
            _make(root / "bucket" / "whole" / f"{number:06}", WHOLE)
        for number in range(AHEAD_COUNT):
            _make(root / "bucket" / "ahead" / f"{number:06}", AHEAD)
        with serving(root) as endpoint, _pointed_at(endpoint):
            found = [_copy_large(endpoint, out), _copy_small(out)]
        with serving(root, LATENCY_SECONDS, BYTES_PER_SECOND) as endpoint, _pointed_at(endpoint):
            return [*found, _read_large(endpoint), _read_small(endpoint), _read_whole(endpoint)]


def _copy_large(endpoint: str, out: Path) -> Row:
    store = S3Store("bucket")
    (large,) = store.list("large")
    ours, theirs = side_by_side(
        _into(out, lambda: store.download(large, out / "large")),
        _into(out, lambda: _by_http(endpoint, "/bucket/large", LARGE, 4, out / "large")),
    )
    rival = "http.client, 4 ranges at once, into a file"
    return Row("File mode from S3, 1 GiB", ours, rival, theirs, at_least(0.8))


def _copy_small(out: Path) -> Row:
    from boto3 import client
    from s3transfer.manager import TransferConfig, TransferManager

    store = S3Store("bucket")
    objects = list(store.list("small/"))
    config = TransferConfig(max_request_concurrency=CONNECTIONS)

    def copy() -> None:
        store.download_all(Download(each, out / each.key[-6:]) for each in objects)

    def transfer() -> None:
        with TransferManager(client("s3"), config) as manager:
            for each in objects:
                manager.download("bucket", each.key, str(out / each.key[-6:]))

    ours, theirs = side_by_side(_into(out, copy), _into(out, transfer), repeats=1, warm_up=0)
    work = f"File mode from S3, {SMALL_COUNT:,} objects of {SMALL:,} bytes"
    return Row(work, ours, "s3transfer, 16 at once", theirs, at_least(2))


def _read_large(endpoint: str) -> Row:
    store = S3Store("bucket")
    (large,) = store.list("sequence")

    def read() -> None:
        buffer = bytearray(_BLOCK)
        with ReadAhead(threads=CONNECTIONS) as ahead, _lazy(ahead, store, large) as file:
            while file.readinto(buffer):
                pass

    ours, theirs = side_by_side(
        read,
        lambda: _by_http(endpoint, "/bucket/sequence", LARGER, CONNECTIONS),
        repeats=5,
    )
    a_part = LATENCY_SECONDS + _PART / BYTES_PER_SECOND
    ceiling = CONNECTIONS * _PART / a_part / 1e6
    work = "read-ahead over a far bucket, 2 GiB in sequence"
    rival = "http.client, 16 connections, in any order, thrown away"
    said = f"{LARGER / ours / 1e6:.0f} MB/s, {LARGER / ours / 1e6 / ceiling:.2f} of the ceiling"
    note = f"{said} of {ceiling:.0f} that {CONNECTIONS} connections can carry"
    return Row(work, ours, rival, theirs, at_least(0.8), note)


def _read_small(endpoint: str) -> Row:
    store = S3Store("bucket")
    objects = list(store.list("ahead/"))

    def read() -> None:
        sources = [_Source(store, each) for each in objects]
        with ReadAhead(threads=2 * CONNECTIONS) as ahead:
            ahead.hint(sources)
            for source in sources:
                with LazyFile(ahead.open(source)) as file:
                    assert len(file.read()) == AHEAD

    def one_at_a_time() -> None:
        connection = http.client.HTTPConnection(urlsplit(endpoint).netloc)
        for each in objects:
            connection.request("GET", f"/bucket/{each.key}")
            assert len(connection.getresponse().read()) == AHEAD
        connection.close()

    ours, theirs = side_by_side(read, one_at_a_time, repeats=1)
    work = f"read-ahead over a far bucket, {AHEAD_COUNT:,} objects of 100 KB in listing order"
    return Row(work, ours, "http.client, one at a time", theirs, at_least(12))


def _read_whole(endpoint: str) -> Row:
    """As Pipe mode reads."""
    store = S3Store("bucket")
    objects = list(store.list("whole/"))

    def read() -> None:
        sources = [_Source(store, each) for each in objects]
        buffer = bytearray(_BLOCK)
        with ReadAhead(threads=CONNECTIONS) as ahead:
            ahead.hint(sources, reading=Reading.WHOLE)
            for source in sources:
                with LazyFile(ahead.open(source)) as file:
                    while file.readinto(buffer):
                        pass

    def at_once() -> None:
        each_with = CONNECTIONS // WHOLE_COUNT
        threads = [
            threading.Thread(
                target=_by_http, args=(endpoint, f"/bucket/{each.key}", WHOLE, each_with)
            )
            for each in objects
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    ours, theirs = side_by_side(read, at_once, repeats=5)
    work = f"read-ahead over a far bucket, {WHOLE_COUNT} objects of 16 MiB, whole and in order"
    rival = "http.client, 16 connections, all at once, thrown away"
    return Row(work, ours, rival, theirs, at_least(0.8))


class _Source:
    """An object of a store, to be read ahead."""

    def __init__(self, store: S3Store, object: Object) -> None:
        self.store, self.object, self.size = store, object, object.size

    def fill(
        self,
        start: int,
        view: memoryview,
        arrived: Callable[[int], None],
        cancelled: threading.Event,
    ) -> None:
        self.store.fill(self.object, start, view, arrived, cancelled)


def _lazy(ahead: ReadAhead, store: S3Store, object: Object) -> LazyFile:
    return LazyFile(ahead.open(_Source(store, object)))


def _by_http(
    endpoint: str, path: str, size: int, connections: int, target: Path | None = None
) -> None:
    """Fetch an object in ranges, some of them at once, into a file or for nothing."""

    def fetch(first: int) -> None:
        connection = http.client.HTTPConnection(urlsplit(endpoint).netloc)
        block = memoryview(bytearray(_BLOCK))
        for start in range(first * _PART, size, connections * _PART):
            end = min(size, start + _PART)
            connection.request("GET", path, headers={"Range": f"bytes={start}-{end - 1}"})
            answer = connection.getresponse()
            while count := answer.readinto(block):
                if descriptor is not None:
                    os.pwrite(descriptor, block[:count], start)
                start += count
            assert start == end
        connection.close()

    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    descriptor = None if target is None else os.open(target, flags)
    threads = [threading.Thread(target=fetch, args=(first,)) for first in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if descriptor is not None:
        os.close(descriptor)


def _into(out: Path, work: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        work()

    return run


def _make(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    block = os.urandom(min(size, _BLOCK))
    with path.open("wb") as file:
        for _ in range(0, size, len(block)):
            file.write(block)


@contextmanager
def _pointed_at(endpoint: str) -> Iterator[None]:
    """The AWS environment of this process leads to a server."""
    variables = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }
    with mock.patch.dict(os.environ, variables):
        yield
