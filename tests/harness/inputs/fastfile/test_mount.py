from __future__ import annotations

import hashlib
import os
import random
import subprocess
import threading
from pathlib import Path

import pytest

from sm_container.harness.inputs.fastfile.errors import MountError
from sm_container.harness.inputs.fastfile.mount import mount
from sm_container.harness.inputs.listing import InputObject
from sm_container.readahead.ahead import ReadAhead
from sm_container.storage.objects import Object
from sm_container.storage.simulated import Link
from sm_container.storage.store import Stores
from tests.harness.inputs.fastfile.conftest import LINK, Mounter, python

HOSTILE = [
    "li\nne",
    "ünï ✓",
    "n" * 255,
    "é" * 127,
    "case/Name",
    "case/name",
    "CASE/name",
    "sp ace/'quote\"/b\\ack",
    "-rf",
    "$(touch x);#",
    "tab\t/\x01\x7f",
    "deep/" * 60 + "file",
]

both = pytest.mark.parametrize("link", [None, LINK], ids=["files", "linked"])
"""Files of this machine, and objects that are read ahead."""


def write(path: Path, body: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return path


@pytest.fixture
def source(hostile_tmp_path: Path) -> Path:
    folder = hostile_tmp_path / "source"
    folder.mkdir()
    return folder


def digests(folder: Path) -> dict[str, str]:
    """All files below a folder, with what they hold."""
    script = """
import hashlib, os, sys
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        path = os.path.join(folder, name)
        with open(path, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        print(ascii((os.path.relpath(path, sys.argv[1]), digest)))
"""
    return dict(eval(line) for line in python(script, folder).stdout.splitlines())


@both
def test_all_names_and_bytes_are_as_below(
    mounted: Mounter, source: Path, link: Link | None
) -> None:
    for number, name in enumerate(HOSTILE):
        write(source / name, random.Random(number).randbytes(number * 50_000))
    seen = mounted(source, link)
    assert digests(seen.path) == digests(source)
    assert len(digests(source)) == len(HOSTILE)
    assert seen.faults == []


@both
def test_copy_find_and_list(
    mounted: Mounter, source: Path, hostile_tmp_path: Path, link: Link | None
) -> None:
    for number, name in enumerate(HOSTILE):
        write(source / name, os.urandom(number * 1000))
    seen = mounted(source, link)
    copy = hostile_tmp_path / "copy"
    subprocess.run(["cp", "-r", seen.path, copy], check=True)
    assert subprocess.run(["diff", "-r", source, copy], check=False).returncode == 0
    found = subprocess.run(["find", seen.path, "-type", "f", "-print0"], capture_output=True)
    assert found.stdout.count(b"\0") == len(HOSTILE)
    listed = subprocess.run(["ls", "-lR", "-n", seen.path], capture_output=True, check=True)
    assert listed.stdout.count(b"-r--r--r--") == len(HOSTILE)
    assert listed.stdout.count(b"dr-xr-xr-x") == sum(path.is_dir() for path in source.rglob("*"))
    assert listed.stderr == b""


@both
def test_what_stat_shows(mounted: Mounter, source: Path, link: Link | None) -> None:
    file = write(source / "folder" / "file", bytes(1000))
    os.utime(file, (1, 1_234_567_890.25))
    seen = mounted(source, link)
    status = os.stat(seen.path / "folder" / "file")
    assert (status.st_size, status.st_blocks, status.st_nlink) == (1000, 2, 1)
    assert status.st_mtime == 1_234_567_890.25
    assert (status.st_uid, status.st_gid) == (os.geteuid(), os.getegid())
    above = os.stat(seen.path)
    assert (above.st_nlink, above.st_mtime) == (3, 1_234_567_890.25)
    whole = os.statvfs(seen.path)
    assert whole.f_blocks * whole.f_frsize >= 1000
    assert (whole.f_bfree, whole.f_namemax) == (0, 255)
    assert whole.f_flag & os.ST_RDONLY
    assert not os.path.exists(seen.path / "folder" / "FILE")
    assert not os.path.exists(seen.path / "folder" / "file" / "x")


@both
def test_reads_anywhere_give_the_bytes_of_there(
    mounted: Mounter, source: Path, link: Link | None
) -> None:
    body = random.Random(1).randbytes(5_000_011)
    write(source / "file", body)
    seen = mounted(source, link, memory=16 << 20)
    dice = random.Random(2)
    with (seen.path / "file").open("rb", buffering=0) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
        for _ in range(150):
            size = dice.choice([1, 100, 4096, 65_536, 700_000, 3_000_000])
            offset = dice.randrange(-10, len(body) + 10) if dice.random() < 0.9 else len(body) - 1
            offset = max(0, offset)
            assert os.pread(file.fileno(), size, offset) == body[offset : offset + size]
            if dice.random() < 0.1:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    with (seen.path / "file").open("rb") as buffered:
        assert buffered.seek(-11, os.SEEK_END) == len(body) - 11
        assert buffered.read() == body[-11:]
        assert buffered.read() == b""
        buffered.seek(1_000_003)
        assert buffered.read(7) == body[1_000_003:1_000_010]
    read = seen.mount.statistics().read
    assert set(read) == {"file"}
    assert 0 < read["file"] == seen.mount.statistics().total


@both
def test_reads_past_the_page_cache(mounted: Mounter, source: Path, link: Link | None) -> None:
    """O_DIRECT asks for offsets that are no page's."""
    body = os.urandom(3_000_001)
    write(source / "file", body)
    seen = mounted(source, link)
    descriptor = os.open(seen.path / "file", os.O_RDONLY | os.O_DIRECT)
    try:
        for offset in (0, 1, 4097, 1_000_000, 2_900_000, 3_000_000, 3_000_001):
            assert os.pread(descriptor, 1_500_000, offset) == body[offset : offset + 1_500_000]
    finally:
        os.close(descriptor)


@both
def test_mapped_file(mounted: Mounter, source: Path, link: Link | None) -> None:
    body = os.urandom(3_000_001)
    write(source / "file", body)
    seen = mounted(source, link)
    script = """
import hashlib, mmap, sys
with open(sys.argv[1], "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as view:
    print(view[2_000_000], hashlib.sha256(view).hexdigest())
"""
    said = python(script, seen.path / "file").stdout.split()
    assert said == [str(body[2_000_000]), hashlib.sha256(body).hexdigest()]


@both
def test_many_threads_and_handles(mounted: Mounter, source: Path, link: Link | None) -> None:
    """More files open at once than there is memory for a window each."""
    bodies = {f"{n:02}": random.Random(n).randbytes(400_000 + n) for n in range(40)}
    for name, body in bodies.items():
        write(source / name, body)
    seen = mounted(source, link, memory=8 << 20)
    wrong: list[str] = []

    def read(name: str) -> None:
        with (seen.path / name).open("rb", buffering=0) as file:
            found = bytearray()
            while block := file.read(33_333):
                found += block
        if found != bodies[name]:
            wrong.append(name)

    threads = [threading.Thread(target=read, args=(name,)) for name in [*bodies, *bodies]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    assert not any(thread.is_alive() for thread in threads)
    assert wrong == seen.faults == []


def test_next_files_are_fetched_ahead_in_the_listings_order(mounted: Mounter, source: Path) -> None:
    for number in range(64):
        write(source / f"{number:02}", os.urandom(10_000))
    seen = mounted(source, Link(latency_seconds=0.02))
    for number in range(64):
        (seen.path / f"{number:02}").read_bytes()
    counters = seen.ahead.counters()
    assert counters.hits + counters.waits == 64
    assert counters.hits > 10


def test_second_reader_finds_the_bytes_with_the_kernel(mounted: Mounter, source: Path) -> None:
    write(source / "file", os.urandom(500_000))
    seen = mounted(source, LINK)
    assert (seen.path / "file").read_bytes() == (seen.path / "file").read_bytes()
    assert seen.mount.statistics().read == {"file": 500_000}
    assert seen.ahead.counters().fetched == 500_000


def test_folder_of_many_files(fuse: None, hostile_tmp_path: Path) -> None:
    """Of objects that are never read: only their listing counts."""
    store, _ = Stores().open(str(hostile_tmp_path))
    objects = [
        InputObject(Object(f"k/{n:06}", n, None, 1.0, "file:///"), f"all/{n:06}")
        for n in range(100_000)
    ]
    mountpoint = hostile_tmp_path / "mount"
    mountpoint.mkdir()
    with (
        ReadAhead() as ahead,
        mount(
            *(objects, store, mountpoint),
            read_ahead=ahead,
            everyone=False,
            on_fault=lambda path, error: pytest.fail(f"{path}: {error}"),
        ),
    ):
        script = """
import os, sys
with os.scandir(sys.argv[1]) as entries:
    found = {entry.name: entry.stat().st_size for entry in entries}
print(found == {f"{n:06}": n for n in range(100_000)})
with os.scandir(sys.argv[1]) as entries:
    print(sum(1 for _ in entries))
"""
        assert python(script, mountpoint / "all").stdout.split() == ["True", "100000"]


def test_empty_mount_and_empty_file(mounted: Mounter, source: Path) -> None:
    assert os.listdir(mounted(source).path) == []
    write(source / "empty", b"")
    seen = mounted(source, LINK)
    assert (seen.path / "empty").read_bytes() == b""
    assert seen.mount.statistics().total == 0


@both
def test_nothing_can_be_written(mounted: Mounter, source: Path, link: Link | None) -> None:
    write(source / "folder" / "file", b"body")
    seen = mounted(source, link)
    script = """
import errno, os, sys
os.chdir(sys.argv[1])
def refused(work):
    try:
        work()
    except OSError as error:
        print(errno.errorcode[error.errno])
    else:
        print("taken")
refused(lambda: open("folder/file", "ab"))
refused(lambda: open("new", "xb"))
refused(lambda: os.truncate("folder/file", 0))
refused(lambda: os.unlink("folder/file"))
refused(lambda: os.rename("folder/file", "other"))
refused(lambda: os.mkdir("new"))
refused(lambda: os.rmdir("folder"))
refused(lambda: os.symlink("x", "link"))
refused(lambda: os.link("folder/file", "link"))
refused(lambda: os.chmod("folder/file", 0o777))
refused(lambda: os.chown("folder/file", 1, 1))
refused(lambda: os.utime("folder/file"))
refused(lambda: os.setxattr("folder/file", "user.x", b"y"))
"""
    assert set(python(script, seen.path).stdout.split()) == {"EROFS"}
    assert (source / "folder" / "file").read_bytes() == b"body"
    with pytest.raises(OSError, match="not supported"):
        os.getxattr(seen.path / "folder" / "file", "user.x")


def test_place_that_cannot_be_mounted_is_said(fuse: None, hostile_tmp_path: Path) -> None:
    store, _ = Stores().open(str(hostile_tmp_path))
    with ReadAhead() as ahead, pytest.raises(MountError, match="No such file or directory"):
        mount(
            *([], store, hostile_tmp_path / "no such"),
            read_ahead=ahead,
            everyone=False,
            on_fault=lambda path, error: None,
        )
