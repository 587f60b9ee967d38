"""An S3 that resets, stalls, is busy, or changes its objects under the copy."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from sm_container.storage import s3_connection
from sm_container.storage.errors import ObjectChangedError, ObjectNotFoundError, StorageError
from sm_container.storage.objects import PART, Download
from sm_container.storage.retry import Retries
from sm_container.storage.s3 import S3Store
from tests.runtime.processes import wait_until
from tests.storage.servers import FaultyServer

QUICK = Retries(attempts=4, first=0.01, longest=0.05)
LARGE = 2 * PART + 12345


@pytest.fixture
def store(server: FaultyServer) -> S3Store:
    return S3Store("bucket", retries=QUICK, connections=4)


@pytest.fixture
def target(hostile_tmp_path: Path) -> Path:
    return hostile_tmp_path / "target"


def test_a_cut_body_is_resumed_from_its_last_byte(
    server: FaultyServer, store: S3Store, target: Path
) -> None:
    body = server.objects["a"] = os.urandom(3_000_000)
    server.faults.cut_after = [2_500_000, 0, 400_000]
    (found,) = store.list("a")
    store.download(found, target)
    assert target.read_bytes() == body
    asked = [seen.range for seen in server.seen]
    assert asked[0] is None
    assert len(asked) == 4
    starts = [int(said.removeprefix("bytes=").split("-")[0]) for said in asked[1:] if said]
    assert starts == sorted(starts)
    assert starts[0] > 0
    assert starts[-1] > starts[0]


def test_every_range_asks_for_the_version_that_was_listed(
    server: FaultyServer, store: S3Store, target: Path
) -> None:
    body = server.objects["a"] = os.urandom(LARGE)
    (found,) = store.list("a")
    store.download(found, target)
    assert target.read_bytes() == body
    assert {seen.if_match for seen in server.seen} == {f'"{found.etag}"'}
    assert sorted(seen.range or "" for seen in server.seen) == sorted(
        [
            f"bytes=0-{PART - 1}",
            f"bytes={PART}-{2 * PART - 1}",
            f"bytes={2 * PART}-{LARGE - 1}",
        ]
    )


def test_many_cuts_in_many_ranges(server: FaultyServer, store: S3Store, target: Path) -> None:
    body = server.objects["a"] = os.urandom(LARGE)
    server.faults.cut_after = [1_000_000, 0, 65_536, 1, 3_000_000, 100_000]
    (found,) = store.list("a")
    arrived: list[int] = []
    store.download(found, target, arrived.append)
    assert target.read_bytes() == body
    assert sum(arrived) == LARGE


def test_a_stream_resumes_too(server: FaultyServer, store: S3Store) -> None:
    body = server.objects["a"] = os.urandom(1_000_000)
    server.faults.cut_after = [1000, 500_000]
    with store.open("a") as stream:
        assert stream.read() == body


def test_a_busy_server_is_asked_again(server: FaultyServer, store: S3Store, target: Path) -> None:
    server.objects["a"] = b"bytes"
    (found,) = store.list("a")
    server.faults.busy = 3
    store.download(found, target)
    assert target.read_bytes() == b"bytes"
    server.faults.busy = 3
    assert store.stat("a") is not None


def test_a_server_that_stays_busy_is_given_up(
    server: FaultyServer, store: S3Store, target: Path
) -> None:
    server.objects["a"] = b"bytes"
    (found,) = store.list("a")
    server.faults.busy = 1000
    with pytest.raises(StorageError) as caught:
        store.download(found, target)
    assert "s3://bucket/a: could not be read in 4 tries" in str(caught.value)
    assert "SlowDown" in str(caught.value)
    assert not target.exists()
    assert len(server.seen) == 4


def test_a_server_that_lets_no_byte_through_is_given_up(
    server: FaultyServer, store: S3Store, target: Path
) -> None:
    server.objects["a"] = os.urandom(1_000_000)
    (found,) = store.list("a")
    server.faults.cut_after = [0] * 1000
    with pytest.raises(StorageError, match="in 4 tries"):
        store.download(found, target)
    assert not target.exists()


def test_a_stalled_body_runs_into_its_time_out_and_is_resumed(
    server: FaultyServer, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_connection, "READ_SECONDS", 0.5)
    store = S3Store("bucket", retries=QUICK, connections=4)
    body = server.objects["a"] = os.urandom(3_000_000)
    server.faults.stall_after = [1_500_000]
    (found,) = store.list("a")
    store.download(found, target)
    assert target.read_bytes() == body


@pytest.mark.parametrize("ignores_conditions", [False, True])
def test_an_object_that_changes_between_its_ranges_is_an_error(
    server: FaultyServer, store: S3Store, target: Path, ignores_conditions: bool
) -> None:
    server.objects["a"] = bytes(LARGE)
    (found,) = store.list("a")
    server.faults.ignores_conditions = ignores_conditions

    def change(number: int) -> None:
        if number == 2:
            server.objects["a"] = bytes(LARGE - 1) + b"x"

    server.faults.on_get = change
    with pytest.raises(ObjectChangedError, match="s3://bucket/a: changed since it was listed"):
        store.download(found, target)
    assert not target.exists()


def test_an_object_that_is_deleted_under_the_copy_is_an_error(
    server: FaultyServer, store: S3Store, target: Path
) -> None:
    server.objects["a"] = bytes(LARGE)
    (found,) = store.list("a")
    server.faults.on_get = lambda number: server.objects.clear() if number == 2 else None
    with pytest.raises(ObjectNotFoundError):
        store.download(found, target)
    assert not target.exists()


def test_a_server_without_ranges_serves_small_objects_and_is_named_for_large(
    server: FaultyServer, store: S3Store, target: Path
) -> None:
    server.faults.ignores_ranges = True
    server.objects.update(small=b"bytes", large=bytes(LARGE))
    large, small = store.list("")
    store.download(small, target)
    assert target.read_bytes() == b"bytes"
    with pytest.raises(StorageError, match="does not serve ranges"):
        store.download(large, target.with_name("large"))


def test_whoever_waits_can_end_a_stalled_copy(
    server: FaultyServer, store: S3Store, target: Path
) -> None:
    server.objects.update(a=bytes(2_000_000), b=bytes(2_000_000))
    server.faults.stall_after = [100, 1_500_000]
    before = threading.active_count()

    class StopError(Exception):
        pass

    calls = []

    def advance(_: int) -> None:
        calls.append(threading.current_thread())
        if len(calls) == 3:
            raise StopError

    with pytest.raises(StopError):
        store.download_all(
            [Download(found, target.with_name(found.key)) for found in store.list("")],
            advance=advance,
        )
    assert set(calls) == {threading.current_thread()}
    assert os.listdir(target.parent) == []
    server.closing.set()
    # But for the server's own.
    wait_until(lambda: threading.active_count() <= before + 2, "the end of the threads")


def test_a_fault_removes_what_is_not_whole_and_keeps_what_is(
    server: FaultyServer, store: S3Store, target: Path
) -> None:
    server.objects.update({f"{number:03}": os.urandom(1000) for number in range(100)})
    found = list(store.list(""))
    del server.objects["050"]
    finished: list[str] = []
    with pytest.raises(ObjectNotFoundError, match="s3://bucket/050"):
        store.download_all(
            [Download(item, target.with_name(item.key)) for item in found],
            finished=lambda download: finished.append(download.path.name),
        )
    assert sorted(os.listdir(target.parent)) == sorted(finished)
    assert "050" not in finished


def test_no_descriptor_is_left_open_by_faults(
    server: FaultyServer, store: S3Store, target: Path
) -> None:
    server.objects.update({str(number): os.urandom(10_000) for number in range(50)})
    found = list(store.list(""))

    def attempt(number: int) -> None:
        server.faults.cut_after = [10] * 2
        server.faults.busy = 1
        store.download_all(
            Download(item, target.with_name(f"{number}-{item.key}")) for item in found
        )

    attempt(0)
    before = len(os.listdir("/proc/self/fd"))
    for number in range(1, 3):
        attempt(number)
    # The connections are the store's to keep, and their other ends the server's in this process.
    assert len(os.listdir("/proc/self/fd")) <= before + 16


def test_nothing_is_overwritten(server: FaultyServer, store: S3Store, target: Path) -> None:
    server.objects["a"] = b"new"
    target.write_text("old")
    (found,) = store.list("a")
    with pytest.raises(StorageError):
        store.download(found, target)
    assert target.read_text() == "old"
