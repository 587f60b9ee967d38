from __future__ import annotations

import hashlib
import io
import os
import pickle
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sm_container.channels.channel import InputChannel
from sm_container.channels.errors import ChannelError
from sm_container.channels.lazy import FileSource, ReadAheadFile, read_ahead
from sm_container.contract.inputs import InputMode
from sm_container.contract.layout import Layout
from tests.channels.feeding import WAIT, channel

MODES = [InputMode.FILE, InputMode.FAST_FILE]
SIZE = 20_000_001


@pytest.fixture(scope="module")
def content() -> bytes:
    return random.Random(1).randbytes(SIZE)


@pytest.fixture(params=MODES)
def train(request: pytest.FixtureRequest, layout: Layout, content: bytes) -> InputChannel:
    folder = layout.channel("train") / "deep"
    folder.mkdir(parents=True)
    (folder / "a b").write_bytes(content)
    (folder / "lines").write_bytes(b"".join(b"line %d\n" % n for n in range(50_000)))
    (folder / "empty").touch()
    return channel(layout, request.param, "application/octet-stream")


def test_from_front_to_back(train: InputChannel, content: bytes, no_leaks: None) -> None:
    with train.open("deep/a b") as file:
        assert file.read() == content
        assert file.read(1) == b""
        assert file.tell() == SIZE
        assert file.seek(-5, os.SEEK_END) == SIZE - 5
        assert file.read() == content[-5:]
    with train.open("deep/empty") as file:
        assert file.read() == b""
    assert file.closed


def test_lines_and_text(train: InputChannel) -> None:
    with train.open("deep/lines") as file:
        assert sum(1 for _ in file) == 50_000
    with io.TextIOWrapper(train.open("deep/lines")) as text:
        assert next(text) == "line 0\n"


def test_paths_as_files_gives_them(train: InputChannel, content: bytes) -> None:
    for path in train.files():
        with train.open(path) as file:
            assert file.read() == path.read_bytes()


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "deep/../../x", "deep/../deep/empty"])
def test_no_way_out_of_the_folder(train: InputChannel, name: str) -> None:
    with pytest.raises(ChannelError, match="is not a name below"):
        train.open(name)


@pytest.mark.parametrize("name", ["none", "deep", "deep/empty/x"])
def test_a_file_that_is_not_there(train: InputChannel, name: str, no_leaks: None) -> None:
    with pytest.raises(ChannelError, match=r"has no file .*; files\(\) has those it has"):
        train.open(name)


def test_a_pickle_reads_on_in_another_process(train: InputChannel, content: bytes) -> None:
    program = (
        "import pickle, sys, hashlib\n"
        "file = pickle.load(sys.stdin.buffer)\n"
        "print(file.tell(), hashlib.sha256(file.read()).hexdigest())"
    )
    with train.open("deep/a b") as file:
        file.seek(12_345_678)
        assert file.read(1000) == content[12_345_678 : 12_345_678 + 1000]
        done = subprocess.run(
            [sys.executable, "-c", program],
            input=pickle.dumps(file),
            capture_output=True,
            check=True,
        )
        rest = content[12_346_678:]
        assert done.stdout.split() == [b"12346678", hashlib.sha256(rest).hexdigest().encode()]
        assert file.read() == rest


def test_a_pickle_of_a_file_that_has_changed(train: InputChannel, layout: Layout) -> None:
    with train.open("deep/lines") as file:
        pickled = pickle.dumps(file)
        (layout.channel("train") / "deep" / "lines").write_bytes(b"other\n")
        with pytest.raises(ChannelError, match="has changed since it was opened"):
            pickle.loads(pickled).read()


def test_a_child_of_a_fork_reads_too(train: InputChannel, content: bytes) -> None:
    with train.open("deep/a b") as file:
        assert file.read(10) == content[:10]
        child = os.fork()
        if not child:
            found = train.open("deep/a b").read() == content
            file.seek(5_000_000)
            os._exit(int(not (found and file.read(100) == content[5_000_000:5_000_100])))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_file_that_changes_while_it_is_read(layout: Layout, content: bytes) -> None:
    path = layout.channel("train") / "x"
    path.parent.mkdir()
    path.write_bytes(content)
    fast = channel(layout, InputMode.FAST_FILE)
    file = fast.open("x")
    path.write_bytes(content[:-1])
    with pytest.raises(ChannelError, match=r"train/x has changed since it was opened"):
        file.read()
    file.close()


def test_who_gives_up_does_not_wait_for_a_read_that_stalls(
    layout: Layout, content: bytes, no_leaks: None
) -> None:
    """The read goes on in its thread, and closes the file in the end."""
    path = layout.channel("train") / "a"
    path.parent.mkdir()
    path.write_bytes(content[:10])
    source = FileSource(path)
    source.keep_open()
    is_read, go_on = threading.Event(), threading.Event()

    def arrived(count: int) -> None:
        is_read.set()
        assert go_on.wait(WAIT)

    view = memoryview(bytearray(10))
    reads = threading.Thread(target=source.fill, args=(0, view, arrived, threading.Event()))
    reads.start()
    assert is_read.wait(WAIT)
    source.release()
    go_on.set()
    reads.join()
    assert bytes(view) == content[:10]


def test_nothing_is_read_before_it_is_asked_for(layout: Layout, content: bytes) -> None:
    path = layout.channel("train") / "x"
    path.parent.mkdir()
    path.write_bytes(content)
    before = read_ahead().counters().fetched
    file = channel(layout, InputMode.FAST_FILE).open("x")
    assert read_ahead().counters().fetched == before
    assert file.read(1) == content[:1]
    file.close()


def test_a_thousand_files_and_a_bound_on_descriptors(layout: Layout, no_leaks: None) -> None:
    folder = layout.channel("train")
    folder.mkdir()
    for n in range(1000):
        (folder / f"{n:04}").write_bytes(b"%d" % n * 100)
    fast = channel(layout, InputMode.FAST_FILE, "application/octet-stream")
    most = 0
    for n, record in enumerate(fast.records(prefetch=1)):
        assert record["data"] == b"%d" % n * 100
        most = max(most, len(os.listdir("/proc/self/fd")))
    assert n == 999
    assert most < 100
    assert read_ahead().counters().peak <= 256 << 20


def test_sources_are_known_by_their_path(tmp_path: Path) -> None:
    assert FileSource(tmp_path / "a") == FileSource(tmp_path / "a")
    assert len({FileSource(tmp_path / "a"), FileSource(tmp_path / "a")}) == 1
    assert FileSource(tmp_path / "a") != FileSource(tmp_path / "b")


steps = st.lists(
    st.tuples(st.integers(0, SIZE + 100), st.integers(0, 3_000_000)), min_size=1, max_size=12
)


@settings(deadline=None, max_examples=40)
@given(steps)
def test_any_seeks_and_reads(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, steps: list[tuple[int, int]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "seeks"
    if not path.exists():
        path.write_bytes(content)
    with ReadAheadFile(FileSource(path)) as raw:
        again = pickle.loads(pickle.dumps(raw))
        for start, size in steps:
            raw.seek(start)
            assert raw.read(size) == content[start : start + size]
        assert again.tell() == 0
        again.close()
