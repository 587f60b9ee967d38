"""Filling a view with a range of an object, over a server that fails and from files."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sm_container.readahead.ahead import ReadAhead
from sm_container.readahead.lazy import LazyFile
from sm_container.storage import s3_connection
from sm_container.storage.errors import ObjectChangedError, ObjectNotFoundError, StorageError
from sm_container.storage.local import LocalStore
from sm_container.storage.objects import Object
from sm_container.storage.retry import Retries
from sm_container.storage.s3 import S3Store
from sm_container.storage.store import Store
from tests.storage.servers import FaultyServer

MIB = 1 << 20
QUICK = Retries(attempts=4, first=0.01, longest=0.05)


@pytest.fixture
def store(server: FaultyServer) -> S3Store:
    return S3Store("bucket", retries=QUICK, connections=4)


class Source:
    """An object of a store as read-ahead sees it."""

    def __init__(self, store: Store, object: Object) -> None:
        self.store, self.object, self.size = store, object, object.size

    def fill(
        self,
        start: int,
        view: memoryview,
        arrived: Callable[[int], None],
        cancelled: threading.Event,
    ) -> None:
        self.store.fill(self.object, start, view, arrived, cancelled)


def filled(store: Store, found: Object, start: int, size: int) -> tuple[bytes, list[int]]:
    buffer, arrived = bytearray(size), list[int]()
    store.fill(found, start, memoryview(buffer), arrived.append, threading.Event())
    return bytes(buffer), arrived


@pytest.mark.parametrize("fault", ["cut_after", "end_after", "tear_chunk_after"])
def test_a_torn_body_is_resumed(server: FaultyServer, store: S3Store, fault: str) -> None:
    body = server.objects["a"] = os.urandom(3 * MIB)
    (found,) = store.list("a")
    setattr(server.faults, fault, [1_700_000, 100_000, 0])
    got, arrived = filled(store, found, 1000, 2 * MIB)
    assert got == body[1000 : 1000 + 2 * MIB]
    assert sum(arrived) == 2 * MIB
    starts = [int((seen.range or "bytes=0-")[6:].split("-")[0]) for seen in server.seen]
    assert starts[0] == 1000
    assert starts[1] > MIB  # not from the first byte again
    assert starts == sorted(starts)


def test_a_server_that_lets_a_little_through_each_time_is_given_up(
    server: FaultyServer, store: S3Store
) -> None:
    server.objects["a"] = os.urandom(MIB)
    (found,) = store.list("a")
    server.faults.cut_after = [1000] * 20
    with pytest.raises(StorageError, match="in 4 tries"):
        filled(store, found, 0, MIB)


def test_a_server_that_lets_some_through_each_time_is_not(
    server: FaultyServer, store: S3Store
) -> None:
    body = server.objects["a"] = os.urandom(2 * MIB)
    (found,) = store.list("a")
    server.faults.cut_after = [150_000] * 12
    assert filled(store, found, 0, 2 * MIB)[0] == body


def test_a_stalled_body_is_asked_for_again(
    server: FaultyServer, store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_connection, "READ_SECONDS", 0.3)
    body = server.objects["a"] = os.urandom(2 * MIB)
    (found,) = store.list("a")
    server.faults.stall_after = [MIB]
    assert filled(store, found, 0, 2 * MIB)[0] == body


def test_connections_are_used_again(server: FaultyServer, store: S3Store) -> None:
    server.objects["a"] = os.urandom(MIB)
    (found,) = store.list("a")
    before = len(os.listdir("/proc/self/fd"))
    for start in range(0, MIB, 100_000):
        filled(store, found, start, min(100_000, MIB - start))
    assert len(os.listdir("/proc/self/fd")) <= before + 2  # both ends are in this process


def test_a_changed_object_is_an_error(server: FaultyServer, store: S3Store) -> None:
    server.objects["a"] = os.urandom(MIB)
    (found,) = store.list("a")
    server.objects["a"] = os.urandom(MIB)
    with pytest.raises(ObjectChangedError):
        filled(store, found, 0, 100)
    server.faults.ignores_conditions = True
    with pytest.raises(ObjectChangedError):
        filled(store, found, 0, 100)
    del server.objects["a"]
    with pytest.raises(ObjectNotFoundError):
        filled(store, found, 0, 100)


def test_it_returns_early_when_cancelled(server: FaultyServer, store: S3Store) -> None:
    server.objects["a"] = os.urandom(4 * MIB)
    (found,) = store.list("a")
    cancelled, arrived = threading.Event(), list[int]()

    def arrive(count: int) -> None:
        arrived.append(count)
        cancelled.set()

    store.fill(found, 0, memoryview(bytearray(4 * MIB)), arrive, cancelled)
    assert 0 < sum(arrived) < 4 * MIB


def test_read_ahead_through_cuts_pauses_and_a_slow_link(
    server: FaultyServer, store: S3Store
) -> None:
    body = server.objects["a"] = os.urandom(20 * MIB)
    (found,) = store.list("a")
    server.faults.latency_seconds = 0.01
    server.faults.bytes_per_second = 200e6
    server.faults.busy = 2
    server.faults.cut_after = [500_000, 1_000_000, 0]
    with ReadAhead(64 * MIB, threads=4) as ahead:
        with LazyFile(ahead.open(Source(store, found))) as file:
            assert file.read() == body
        assert ahead.counters().fetched == 20 * MIB


def test_read_ahead_says_that_an_object_changed(server: FaultyServer, store: S3Store) -> None:
    server.objects["a"] = os.urandom(20 * MIB)
    (found,) = store.list("a")

    def change(number: int) -> None:
        if number == 2:
            server.objects["a"] = os.urandom(20 * MIB)

    server.faults.on_get = change
    with (
        ReadAhead(64 * MIB) as ahead,
        LazyFile(ahead.open(Source(store, found))) as file,
        pytest.raises(ObjectChangedError),
    ):
        file.read()


def test_files_are_filled_too(hostile_tmp_path: Path) -> None:
    body = os.urandom(3 * MIB)
    (hostile_tmp_path / "a").write_bytes(body)
    store = LocalStore(hostile_tmp_path, "s3://bucket/")
    (found,) = store.list("")
    got, arrived = filled(store, found, 7, 2 * MIB)
    assert got == body[7 : 7 + 2 * MIB]
    assert sum(arrived) == 2 * MIB


@pytest.mark.parametrize("change", ["grow", "touch", "remove"])
def test_a_changed_file_is_an_error(hostile_tmp_path: Path, change: str) -> None:
    path = hostile_tmp_path / "a"
    path.write_bytes(bytes(100))
    store = LocalStore(hostile_tmp_path, "s3://bucket/")
    (found,) = store.list("")
    if change == "grow":
        path.write_bytes(bytes(101))
    elif change == "touch":
        os.utime(path, (1, 1))
    else:
        path.unlink()
    with pytest.raises(ObjectChangedError, match="changed"):
        filled(store, found, 0, 10)
