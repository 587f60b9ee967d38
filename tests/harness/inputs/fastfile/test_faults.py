"""What goes wrong under a mount: objects, stores, readers and servers."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sm_container.channels.errors import ChannelError
from sm_container.channels.lazy import opened
from sm_container.contract.inputs import ChannelConfig, InputDataConfig, InputMode
from sm_container.contract.layout import Layout
from sm_container.harness.inputs.fastfile.device import unmount, unmount_below
from sm_container.harness.inputs.fastfile.mounts import find_mount
from sm_container.storage.errors import ObjectChangedError, StorageError
from sm_container.storage.simulated import Link
from tests.harness.inputs.fastfile.conftest import LINK, Mounter, eventually, python
from tests.runtime.processes import Tree, end
from tests.storage.servers import FaultyServer

NEVER = Link(latency_seconds=3600)

# Serves a folder until it is killed, and says at its end how much memory it had at most.
SERVE = """
import re, sys
from pathlib import Path
from sm_container.harness.inputs.fastfile.mount import mount
from sm_container.harness.inputs.listing import list_prefix
from sm_container.readahead.ahead import ReadAhead
from sm_container.storage.simulated import Link
from sm_container.storage.store import Stores

source, mountpoint, is_linked = sys.argv[1:]
listing = list_prefix(source, Stores(link=Link() if is_linked == "True" else None).open)
with ReadAhead(32 << 20) as ahead, mount(
    listing.objects, listing.store, Path(mountpoint),
    read_ahead=ahead, everyone=False, on_fault=print,
):
    print("ready", flush=True)
    sys.stdin.read()
print(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


@contextmanager
def served(
    source: Path, mountpoint: Path, is_linked: bool = True
) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", SERVE, str(source), str(mountpoint), str(is_linked)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


@pytest.fixture
def source(hostile_tmp_path: Path) -> Path:
    folder = hostile_tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def mountpoint(fuse: None, hostile_tmp_path: Path) -> Iterator[Path]:
    folder = hostile_tmp_path / "mountpoint"
    folder.mkdir()
    yield folder
    unmount_below(hostile_tmp_path)


def number_of(work: Callable[[], object]) -> int | None:
    with pytest.raises(OSError) as caught:
        work()
    return caught.value.errno


@pytest.mark.parametrize("link", [None, LINK], ids=["files", "linked"])
def test_file_that_is_not_as_listed_is_stale(
    mounted: Mounter, source: Path, link: Link | None
) -> None:
    file = source / "file"
    file.write_bytes(b"as it was listed")
    seen = mounted(source, link)
    file.write_bytes(b"as it is now")
    for _ in range(2):
        assert number_of((seen.path / "file").read_bytes) == errno.ESTALE
    [(path, error)] = seen.faults  # told once
    assert path == "file"
    assert isinstance(error, ObjectChangedError)


@pytest.mark.parametrize("size", [10_000, 5_000_000])
def test_open_file_that_becomes_shorter_is_stale(mounted: Mounter, source: Path, size: int) -> None:
    (source / "file").write_bytes(os.urandom(size))
    seen = mounted(source)
    with (seen.path / "file").open("rb", buffering=0) as file:
        if size > 1 << 20:
            assert len(file.read(1000)) == 1000
        os.truncate(source / "file", 1000)
        file.seek(size - 5000)
        assert number_of(file.read) == errno.ESTALE
        assert os.fstat(file.fileno()).st_size == size
    assert [path for path, _ in seen.faults] == ["file"]


def test_object_that_changes_is_stale(mounted: Mounter, server: FaultyServer) -> None:
    server.objects = {"data/a": b"a" * 1000, "data/b": b"b" * 1000}
    seen = mounted("s3://bucket/data/")
    server.objects["data/a"] = b"c" * 1000
    assert number_of((seen.path / "a").read_bytes) == errno.ESTALE
    assert (seen.path / "b").read_bytes() == b"b" * 1000
    [(path, error)] = seen.faults
    assert path == "a"
    assert str(error).startswith("s3://bucket/data/a: changed since it was listed; ")


def test_store_that_fails_is_an_input_error_until_it_works_again(
    mounted: Mounter, server: FaultyServer
) -> None:
    body = os.urandom(300_000)
    server.objects = {"data/a": body}
    seen = mounted("s3://bucket/data/")
    del server.objects["data/a"]
    with (seen.path / "a").open("rb", buffering=0) as file:
        assert number_of(file.read) == errno.EIO
        [(path, error)] = seen.faults
        assert path == "a"
        assert isinstance(error, StorageError)
        assert "there is no such object" in str(error)
        server.objects["data/a"] = body
        assert file.read() == body


def test_replies_that_are_cut_are_taken_up_where_they_ended(
    mounted: Mounter, server: FaultyServer
) -> None:
    body = os.urandom(3_000_000)
    server.objects = {"data/a": body}
    seen = mounted("s3://bucket/data/")
    server.faults.cut_after = [1, 100_000, 4096]
    assert (seen.path / "a").read_bytes() == body
    assert seen.faults == []


def test_reader_killed_in_a_read_ends_and_the_mount_goes_on(mounted: Mounter, source: Path) -> None:
    (source / "file").write_bytes(b"never read")
    seen = mounted(source, NEVER)
    with subprocess.Popen(["cat", seen.path / "file"]) as reader:
        assert eventually(lambda: seen.ahead.counters().waits)
        reader.kill()
        assert reader.wait(60) == -signal.SIGKILL
    assert (
        python("import os, sys; print(os.listdir(sys.argv[1]))", seen.path).stdout == "['file']\n"
    )


TRAIN = """
import sm_container as sm

algorithm = sm.Algorithm("reads")

@algorithm.train
def train(job):
    for batch in job.channels["train"].batches(prefetch={prefetch}):
        print("read", flush=True)
    print("ended", job.stop.requested, flush=True)

algorithm.main()
"""


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet", "rows.jsonl.gz", "rows.rec"])
@pytest.mark.parametrize("prefetch", [0, 2])
def test_a_stop_ends_an_algorithm_that_waits_for_what_never_comes(
    mounted: Mounter, source: Path, hostile_tmp_path: Path, name: str, prefetch: int
) -> None:
    (source / name).write_bytes(os.urandom(1000))
    seen = mounted(source, NEVER)
    tree = Tree(Layout(hostile_tmp_path / "ml"))
    tree.layout.create()
    tree.configure()
    config = ChannelConfig(InputMode.FAST_FILE, None, "FullyReplicated", None)
    InputDataConfig({"train": config}).write(tree.layout.input_data_config)
    tree.layout.channel("train").symlink_to(seen.path)
    process = tree.start("--", sys.executable, "-c", TRAIN.format(prefetch=prefetch))
    try:
        assert eventually(lambda: seen.ahead.counters().waits)
        process.terminate()
        stdout, stderr = process.communicate(timeout=60)
        assert (process.returncode, stdout) == (0, b"ended True\n"), stderr
    finally:
        end(process)


def test_close_while_files_are_read_ends_readers_threads_and_mount(
    mounted: Mounter, source: Path
) -> None:
    (source / "file").write_bytes(b"never read")
    before = set(threading.enumerate())
    seen = mounted(source, NEVER)
    readers = [
        subprocess.Popen(["cat", seen.path / "file"], stderr=subprocess.DEVNULL) for _ in range(3)
    ]
    assert eventually(lambda: seen.ahead.counters().waits == 1)
    with subprocess.Popen(["sleep", "1000"], cwd=seen.path) as sleeper:
        seen.mount.close()
        assert find_mount(seen.path) is None
        assert os.listdir(seen.path) == []
        assert [reader.wait(60) for reader in readers] == [1, 1, 1]
        assert sleeper.poll() is None
        sleeper.kill()
    seen.mount.close()
    seen.ahead.close()
    assert eventually(lambda: set(threading.enumerate()) <= before)
    assert seen.faults == []


def test_mount_that_somebody_else_took_away_is_closed_all_the_same(
    mounted: Mounter, source: Path
) -> None:
    (source / "file").write_bytes(b"body")
    seen = mounted(source, LINK)
    assert (seen.path / "file").read_bytes() == b"body"
    unmount(seen.path)
    seen.mount.close()
    assert seen.mount.statistics().read == {"file": 4}


@pytest.mark.parametrize("link", [None, LINK], ids=["files", "linked"])
def test_no_descriptor_is_left(mounted: Mounter, source: Path, link: Link | None) -> None:
    (source / "file").write_bytes(os.urandom(1_000_000))
    mounted(source, link).mount.close()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        seen = mounted(source, link)
        for _ in range(5):
            (seen.path / "file").read_bytes()
        with (seen.path / "file").open("rb", buffering=0) as file:
            file.read(100)
            seen.mount.close()
            assert number_of(lambda: os.statvfs(file.fileno())) == errno.ENOTCONN
    assert len(os.listdir("/proc/self/fd")) <= before  # those of other tests may go meanwhile


def test_what_a_killed_server_left_is_taken_away(source: Path, mountpoint: Path) -> None:
    (source / "file").write_bytes(b"body")
    with served(source, mountpoint) as server:
        assert (mountpoint / "file").read_bytes() == b"body"
        server.kill()
    assert number_of(lambda: os.listdir(mountpoint)) == errno.ENOTCONN
    assert unmount_below(mountpoint.parent) == [mountpoint]
    assert os.listdir(mountpoint) == []
    with served(source, mountpoint):
        assert (mountpoint / "file").read_bytes() == b"body"


@pytest.mark.parametrize(("is_linked", "size"), [(False, 1 << 29), (True, 2 << 30)])
def test_memory_does_not_grow_with_the_data(
    source: Path, mountpoint: Path, is_linked: bool, size: int
) -> None:
    with (source / "large").open("wb") as file:
        file.truncate(size)
    with served(source, mountpoint, is_linked) as server:
        read = ["dd", f"if={mountpoint}/large", "of=/dev/null", "bs=1M"]
        said = subprocess.run(read, capture_output=True, text=True, check=True).stderr
        assert f"{size} bytes" in said
        out, _ = server.communicate("")
    kilobytes = int(out)
    assert kilobytes < 120 << 10


def test_an_algorithm_is_told_which_file_has_changed(mounted: Mounter, source: Path) -> None:
    (source / "file").write_bytes(b"as it was listed")
    seen = mounted(source, LINK)
    (source / "file").write_bytes(b"as it is now")

    with opened(seen.path / "file", is_lazy=True) as file, pytest.raises(ChannelError) as caught:
        file.read()

    assert f"{seen.path / 'file'} has changed" in str(caught.value)
