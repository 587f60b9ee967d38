"""A FastFile mount against a pass-through in C, what a link can carry, and one file at a time.

The server is a process of its own, as in a run. ``python -m benchmarks.fastfile URI MOUNTPOINT``
is it: it serves until its input ends.
"""

from __future__ import annotations

import http.client
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.row import Row, at_least
from benchmarks.s3_like import serving
from benchmarks.timing import seconds
from sm_container.harness.inputs.fastfile.device import let_read_ahead
from sm_container.harness.inputs.fastfile.mount import READ_AHEAD, mount
from sm_container.harness.inputs.fastfile.mounts import find_mount
from sm_container.harness.inputs.listing import list_prefix
from sm_container.readahead.ahead import ReadAhead
from sm_container.storage.store import Stores

RIVAL_SOURCE = Path(__file__).parent / "native" / "passthrough.c"
RIVAL = Path(__file__).parent.parent / "build" / "rivals" / "passthrough"

SIZE = 1 << 30
FILES = 1000
FILE_SIZE = 100_000
LATENCY = 0.03
RATE = 90e6
CONNECTIONS = 16
PART = 8 << 20
REPEATS = 10
FAR_REPEATS = 7
WARM_UP = 3  # a virtual machine may first have to get the pages of a cache from its host

_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "any",
    "AWS_SECRET_ACCESS_KEY": "any",
    "AWS_DEFAULT_REGION": "us-east-1",
}


def rows() -> list[Row]:
    """Over files, and over a server like S3: a large file in sequence, small ones in order."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        bucket = Path(folder) / "bucket"
        (bucket / "large").mkdir(parents=True)
        _write(bucket / "large" / "file", SIZE)
        for number in range(FILES):
            _write(bucket / f"{number:04}", FILE_SIZE)
        with tempfile.TemporaryDirectory() as place:
            return [_over_files(bucket / "large", Path(place)), *_over_s3(bucket, Path(place))]


def _over_files(source: Path, place: Path) -> Row:
    """Both mounts at once, read in turn, each time from an empty page cache of theirs."""
    with _served(str(source), place / "ours") as ours, _rival(source, place / "rival") as rival:
        spent: dict[Path, list[float]] = {ours: [], rival: []}
        for turn in range(REPEATS):
            # It matters who is first: alternate.
            for mounted in (ours, rival)[:: 1 if turn % 2 else -1]:
                spent[mounted].append(_cold(mounted / "file", _read))
    return Row(
        f"FastFile mount over files, sequential, {SIZE >> 20} MiB",
        statistics.median(spent[ours]),
        "a pass-through by libfuse in C, spliced",
        statistics.median(spent[rival]),
        at_least(0.9),
    )


def _over_s3(bucket: Path, place: Path) -> list[Row]:
    with serving(bucket.parent, LATENCY, RATE) as endpoint:
        variables = {**_CREDENTIALS, "AWS_ENDPOINT_URL": endpoint}
        large, small = [], []
        for turn in range(WARM_UP + FAR_REPEATS):
            with _served("s3://bucket/", place / f"large {turn}", variables) as mounted:
                large.append(seconds(lambda: _read(mounted / "large" / "file")))
        for turn in range(3):
            with _served("s3://bucket/", place / f"small {turn}", variables) as mounted:
                small.append(seconds(lambda: _read_all(mounted)))
        plain = seconds(lambda: _get_all(endpoint))
    return [
        Row(
            f"FastFile mount over an S3-like server, sequential, {SIZE >> 20} MiB",
            statistics.median(large[WARM_UP:]),
            f"the ceiling of {CONNECTIONS} connections",
            SIZE / (CONNECTIONS * PART / (LATENCY + PART / RATE)),
            at_least(0.8),
            f"{LATENCY * 1e3:.0f} ms to the first byte, {RATE / 1e6:.0f} MB/s a connection",
        ),
        Row(
            f"{FILES} files of {FILE_SIZE // 1000} KB in order through that mount",
            statistics.median(small),
            "http.client, one after the other",
            plain,
            at_least(12),
        ),
    ]


def _read(path: Path) -> None:
    block = bytearray(1 << 20)
    with path.open("rb", buffering=0) as file:
        while file.readinto(block):
            pass


def _read_all(folder: Path) -> None:
    for number in range(FILES):
        with (folder / f"{number:04}").open("rb", buffering=0) as file:
            file.read()


def _get_all(endpoint: str) -> None:
    address = urlsplit(endpoint)
    connection = http.client.HTTPConnection(address.hostname or "", address.port)
    for number in range(FILES):
        connection.request("GET", f"/bucket/{number:04}")
        connection.getresponse().read()
    connection.close()


def _cold(path: Path, read: Callable[[Path], None]) -> float:
    descriptor = os.open(path, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)
    return seconds(lambda: read(path))


def _write(path: Path, size: int) -> None:
    with path.open("wb") as file:
        for start in range(0, size, 1 << 20):
            file.write(os.urandom(min(1 << 20, size - start)))


@contextmanager
def _served(uri: str, mountpoint: Path, variables: dict[str, str] | None = None) -> Iterator[Path]:
    mountpoint.mkdir()
    command = [sys.executable, "-m", "benchmarks.fastfile", uri, str(mountpoint)]
    pipe = subprocess.PIPE
    environment = {**os.environ, **(variables or {})}
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment) as process:
        assert process.stdout is not None
        if process.stdout.readline() != b"ready\n":
            raise RuntimeError("the mount did not come about")
        yield mountpoint
        process.communicate()


@contextmanager
def _rival(source: Path, mountpoint: Path) -> Iterator[Path]:
    """The pass-through, compiled if it is not yet, with the same read-ahead in the kernel."""
    if not RIVAL.exists() or RIVAL.stat().st_mtime < RIVAL_SOURCE.stat().st_mtime:
        RIVAL.parent.mkdir(parents=True, exist_ok=True)
        words = ["gcc", "-O2", "-I/usr/include/fuse3", RIVAL_SOURCE, "-o", RIVAL]
        subprocess.run([*words, "-lfuse3", "-lpthread"], check=True)
    mountpoint.mkdir()
    options = ["-f", "-o", "ro,max_read=524288"]
    with subprocess.Popen([RIVAL, source, mountpoint, *options]) as process:
        try:
            while find_mount(mountpoint) is None:
                if process.poll() is not None:
                    raise RuntimeError("the rival does not mount")
            os.stat(mountpoint)  # it has agreed with the kernel, who else would lower it afterwards
            let_read_ahead(mountpoint, READ_AHEAD)
            yield mountpoint
        finally:
            process.terminate()


def main(uri: str, mountpoint: str) -> None:
    listing = list_prefix(uri, Stores().open)
    with (
        ReadAhead(threads=CONNECTIONS) as ahead,
        mount(
            *(listing.objects, listing.store, Path(mountpoint)),
            read_ahead=ahead,
            everyone=False,
            on_fault=lambda path, error: print(path, error, file=sys.stderr),
        ),
    ):
        print("ready", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
