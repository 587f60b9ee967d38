"""A folder behind a link: the same objects, and every request waits for its first byte."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from sm_container.storage import simulated
from sm_container.storage.errors import ObjectChangedError, ObjectNotFoundError
from sm_container.storage.local import LocalStore
from sm_container.storage.objects import PART, Download
from sm_container.storage.simulated import Link, LinkedStore
from sm_container.storage.store import Stores


class Clock:
    """Stands in for the waiting: adds the seconds up, and lets them pass at once."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        with self._lock:
            return self.seconds

    def wait(self, event: threading.Event, seconds: float) -> bool:
        with self._lock:
            self.seconds += seconds
        return event.is_set()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(simulated, "wait", clock.wait)
    monkeypatch.setattr(simulated, "monotonic", clock.monotonic)
    return clock


def linked(folder: Path, latency: float = 1.0, rate: float | None = None) -> LinkedStore:
    return LinkedStore(LocalStore(folder, "s3://bucket/"), Link(latency, rate))


def test_a_listing_costs_a_latency_a_page(hostile_tmp_path: Path, clock: Clock) -> None:
    for number in range(2 * simulated.PAGE + 1):
        (hostile_tmp_path / f"{number:05}").touch()
    keys = [found.key for found in linked(hostile_tmp_path).list("")]
    assert keys == [f"{number:05}" for number in range(2 * simulated.PAGE + 1)]
    assert clock.seconds == 3


def test_each_operation_costs_its_requests(hostile_tmp_path: Path, clock: Clock) -> None:
    (hostile_tmp_path / "a").write_bytes(b"bytes")
    store, spent = linked(hostile_tmp_path), []
    operations = [
        lambda: store.stat("a"),
        lambda: store.exists("a"),
        lambda: store.stat_all(["a", "b", "a"]),
        lambda: store.read("a"),
        lambda: store.open("a").read(),
        lambda: store.upload(hostile_tmp_path / "a", "c"),
        lambda: store.delete("c"),
    ]
    for operation in operations:
        before = clock.seconds
        operation()
        spent.append(clock.seconds - before)
    assert spent == [1, 1, 3, 2, 2, 1, 1]


def test_a_connection_keeps_to_its_rate(hostile_tmp_path: Path, clock: Clock) -> None:
    body = os.urandom(3_000_000)
    (hostile_tmp_path / "a").write_bytes(body)
    store = linked(hostile_tmp_path, 0.5, 1e6)
    (found,) = store.list("")
    clock.seconds = 0
    buffer, arrived = bytearray(2_000_000), list[int]()
    store.fill(found, 10, memoryview(buffer), arrived.append, threading.Event())
    assert bytes(buffer) == body[10:2_000_010]
    assert sum(arrived) == 2_000_000
    assert len(arrived) > 100  # it flows
    assert clock.seconds == pytest.approx(2.5)
    clock.seconds = 0
    assert store.read("a", 5, 1_000_000) == body[5:1_000_005]
    assert clock.seconds == pytest.approx(2.0)  # two requests
    clock.seconds = 0
    with store.open("a") as stream:
        assert stream.read() == body
    assert clock.seconds == pytest.approx(4.0)


def test_large_and_small_objects_are_copied(hostile_tmp_path: Path) -> None:
    source, target = hostile_tmp_path / "source", hostile_tmp_path / "target"
    target.mkdir()
    source.mkdir()
    (source / "large").write_bytes(os.urandom(2 * PART + 5))
    for number in range(40):
        (source / f"small-{number}").write_bytes(b"x" * number)
    store, finished, arrived = linked(source, 0.001), list[str](), list[int]()
    store.download_all(
        [Download(found, target / found.key) for found in store.list("")],
        finished=lambda done: finished.append(done.object.key),
        advance=arrived.append,
    )
    assert sorted(finished) == sorted(os.listdir(source))
    assert all((target / key).read_bytes() == (source / key).read_bytes() for key in finished)
    assert sum(arrived) == sum(path.stat().st_size for path in source.iterdir())


def test_faults_are_the_stores_own(hostile_tmp_path: Path) -> None:
    (hostile_tmp_path / "a").write_bytes(b"bytes")
    store = linked(hostile_tmp_path, 0.001)
    (found,) = store.list("")
    (hostile_tmp_path / "a").write_bytes(b"other bytes")
    with pytest.raises(ObjectChangedError):
        store.fill(found, 0, memoryview(bytearray(5)), lambda _: None, threading.Event())
    with pytest.raises(ObjectChangedError):
        store.download(found, hostile_tmp_path / "copy")
    assert not (hostile_tmp_path / "copy").exists()
    with pytest.raises(ObjectNotFoundError):
        store.open("nothing")


def test_a_copy_over_a_slow_link_ends_when_told(hostile_tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def advance(_: int) -> None:
        raise Stop

    (hostile_tmp_path / "a").write_bytes(bytes(1000))
    store = LinkedStore(LocalStore(hostile_tmp_path, "/"), Link(0, 0.1))
    (found,) = store.list("")
    with pytest.raises(Stop):
        store.download(found, hostile_tmp_path / "copy", advance)
    assert not (hostile_tmp_path / "copy").exists()


def test_every_store_is_behind_the_link(hostile_tmp_path: Path) -> None:
    (hostile_tmp_path / "bucket").mkdir()
    stores = Stores(hostile_tmp_path, Link(0.001))
    for uri in ("s3://bucket/", str(hostile_tmp_path)):
        assert isinstance(stores.open(uri)[0], LinkedStore)
    assert isinstance(Stores(hostile_tmp_path).open("s3://bucket/")[0], LocalStore)


@pytest.mark.parametrize("arguments", [(-1.0,), (0.0, 0.0), (0.0, -5.0), (float("nan"),)])
def test_links_that_cannot_be(arguments: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="give"):
        Link(*arguments)
