"""Pipe mode fed to real readers: epoch after epoch, early ends, nobody, and sources that fail."""

from __future__ import annotations

import os
import select
import subprocess
from pathlib import Path

import pytest

from sm_container.harness.engines.leftovers import eventually
from sm_container.harness.inputs.order import Share
from sm_container.harness.inputs.pipe.channel import PipeChannel
from sm_container.harness.inputs.pipe.fifo import FifoError
from sm_container.storage.errors import ObjectChangedError
from sm_container.storage.objects import Object
from tests.harness.inputs.pipe.conftest import Feeding, python


def files(folder: Path, *contents: bytes) -> tuple[tuple[Object, ...], ...]:
    """Entries of files that hold these."""
    return tuple((file(folder / f"{number:06}", each),) for number, each in enumerate(contents))


def file(path: Path, content: bytes) -> Object:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return Object(str(path)[1:], len(content), None, path.stat().st_mtime, "/")


LARGE = bytes(range(256)) * (12 << 10)  # 3 MiB, more than a pipe holds


def test_an_epoch_is_the_objects_one_after_another(feeding: Feeding) -> None:
    contents = (b"a\n", b"", LARGE, b"b" * 5000, LARGE[1:])
    feeder = feeding.feed(PipeChannel("train", files(feeding.folder.parent / "s", *contents)))
    assert sorted(os.listdir(feeding.folder)) == ["train_0", "train_1"]
    for epoch in range(3):
        assert feeding.read(f"train_{epoch}") == b"".join(contents)
        assert eventually(lambda: not (feeding.folder / f"train_{epoch}").exists(), 10)  # noqa: B023
        assert eventually((feeding.folder / f"train_{epoch + 2}").exists, 10)
    assert eventually(lambda: feeder.counters.finished == 3, 10)
    assert feeder.counters.begun == 3
    assert feeder.counters.sent == 3 * sum(map(len, contents))


def test_where_each_object_lies_in_the_stream_is_traced(feeding: Feeding) -> None:
    """Also of what is small and written together, and of what its reader leaves early."""
    contents = (b"a\n", b"", LARGE, b"b" * 5000, LARGE)
    feeder = feeding.feed(PipeChannel("train", files(feeding.folder.parent / "s", *contents)))
    feeding.read("train_0")
    with open(feeding.folder / "train_1", "rb", buffering=0) as stream:
        stream.read(10)
    assert eventually(lambda: (feeding.folder / "train_3").exists(), 10)
    assert feeder.trace is not None
    assert (feeder.trace.epoch, feeder.trace.starts.tolist()) == (1, [0, 2, 2])
    feeding.read("train_2")
    at = 2 + len(LARGE)
    assert (feeder.trace.epoch, feeder.trace.starts.tolist()) == (2, [0, 2, 2, at, at + 5000])


def test_every_epoch_has_an_order_of_its_own(feeding: Feeding) -> None:
    contents = [b"%d," % number for number in range(50)]
    entries = files(feeding.folder.parent / "s", *contents)
    feeding.feed(PipeChannel("train", entries, Share(1, 2, seed=7)))
    for epoch in range(3):
        expected = [contents[place] for place in Share(1, 2, seed=7).entries(50, epoch)]
        assert feeding.read(f"train_{epoch}") == b"".join(expected)


def test_an_empty_share_is_an_empty_epoch(feeding: Feeding) -> None:
    entries = files(feeding.folder.parent / "s", b"the other host's")
    feeding.feed(PipeChannel("train", entries, Share(1, 2)))
    assert [feeding.read(f"train_{epoch}") for epoch in range(3)] == [b"", b"", b""]


def test_a_reader_that_closes_early_ends_its_epoch(feeding: Feeding) -> None:
    feeder = feeding.feed(PipeChannel("train", files(feeding.folder.parent / "s", LARGE, LARGE)))
    for epoch in range(2):
        with open(feeding.folder / f"train_{epoch}", "rb", buffering=0) as stream:
            assert stream.read(100) == LARGE[:100]
    assert feeding.read("train_2") == LARGE + LARGE
    assert (feeder.counters.begun, feeder.counters.finished) == (3, 1)
    assert feeding.faults == []


def test_a_reader_that_is_killed_ends_its_epoch(feeding: Feeding) -> None:
    feeding.feed(PipeChannel("train", files(feeding.folder.parent / "s", LARGE)))
    code = "import sys; f = open('train_0', 'rb'); f.read(9); print(1, flush=True); input()"
    with python(code, cwd=feeding.folder) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == b"1\n"
        reader.kill()
    assert feeding.read("train_1") == LARGE


def test_a_channel_that_nobody_opens_holds_nothing_up(feeding: Feeding) -> None:
    entries = files(feeding.folder.parent / "s", LARGE)
    unread = feeding.feed(PipeChannel("unread", entries))
    feeding.feed(PipeChannel("train", entries))
    assert feeding.read("train_0") == LARGE
    feeding.end()  # promptly: the test has a time limit
    assert unread.counters.begun == 0


def test_a_stop_ends_a_channel_whose_reader_does_not_read(feeding: Feeding) -> None:
    feeder = feeding.feed(PipeChannel("train", files(feeding.folder.parent / "s", LARGE)))
    with open(feeding.folder / "train_0", "rb", buffering=0):
        assert eventually(lambda: feeder.counters.sent >= 1 << 16, 10)
        feeding.end()
    assert feeding.faults == []


def test_the_next_epoch_can_be_opened_early(feeding: Feeding) -> None:
    feeding.feed(PipeChannel("train", files(feeding.folder.parent / "s", LARGE)))
    with subprocess.Popen(["cat", "train_1"], cwd=feeding.folder, stdout=subprocess.PIPE) as early:
        assert feeding.read("train_0") == LARGE
        assert early.communicate(timeout=60)[0] == LARGE


def test_a_reader_that_does_not_block_is_never_told_of_an_end_that_is_none(
    feeding: Feeding,
) -> None:
    feeding.feed(PipeChannel("train", files(feeding.folder.parent / "s", LARGE)))
    descriptor = os.open(feeding.folder / "train_0", os.O_RDONLY | os.O_NONBLOCK)
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    read = bytearray()
    while poll.poll(30_000):
        try:
            block = os.read(descriptor, 1 << 20)
        except BlockingIOError:
            continue
        if not block:
            break
        read += block
    os.close(descriptor)
    assert read == LARGE


@pytest.mark.parametrize("what", ["deleted", "grown", "rewritten", "a folder", "a fifo"])
def test_a_source_that_is_not_what_it_was_is_a_fault_and_never_an_end(
    feeding: Feeding, what: str
) -> None:
    folder = feeding.folder.parent / "s"
    feeding.feed(PipeChannel("train", files(folder, b"first\n", b"second\n")))
    assert feeding.read("train_0") == b"first\nsecond\n"
    second = folder / "000001"
    if what == "grown":
        second.write_bytes(b"second and more\n")
    elif what == "rewritten":
        second.write_bytes(b"SECOND\n")
        os.utime(second, (1, 1))
    else:
        second.unlink()
    if what == "a folder":
        second.mkdir()
    elif what == "a fifo":
        os.mkfifo(second)
    with subprocess.Popen(["cat", "train_1"], cwd=feeding.folder, stdout=subprocess.PIPE) as reader:
        assert feeding.fault()[0] == "train"
        fault, cause = feeding.epoch_fault()
        assert isinstance(cause, ObjectChangedError)
        assert str(fault).startswith(f"epoch 1: {second}: changed since it was listed")
        # The stream stays open: what the reader has is not to be taken for all.
        with pytest.raises(subprocess.TimeoutExpired):
            reader.communicate(timeout=0.2)
        feeding.end()


def test_a_source_that_is_cut_while_it_is_read_is_a_fault(feeding: Feeding) -> None:
    folder = feeding.folder.parent / "s"
    feeding.feed(PipeChannel("train", files(folder, LARGE)))
    with open(feeding.folder / "train_0", "rb", buffering=0) as stream:
        stream.read(10)
        os.truncate(folder / "000000", 1 << 20)
        while not feeding.told.is_set():
            if select.select([stream], [], [], 0.05)[0]:
                assert stream.read(1 << 20)
    assert isinstance(feeding.epoch_fault()[1], ObjectChangedError)


def test_what_stands_at_a_fifos_name_is_left_alone_and_told(feeding: Feeding) -> None:
    (feeding.folder / "train_2").write_text("the algorithm's own")
    feeding.feed(PipeChannel("train", files(feeding.folder.parent / "s", b"x")))
    assert feeding.read("train_0") == b"x"
    assert isinstance(feeding.fault()[1], FifoError)
    assert (feeding.folder / "train_2").read_text() == "the algorithm's own"
    (feeding.folder / "train_2").unlink()


def test_a_link_in_a_fifos_place_is_not_followed(feeding: Feeding, tmp_path: Path) -> None:
    """The folder is the container's: it must not make us write to a file of this machine."""
    (tmp_path / "precious").write_text("precious")
    feeding.feed(PipeChannel("train", files(feeding.folder.parent / "s", b"bytes")))
    own = os.open(feeding.folder / "train_1", os.O_PATH)
    (feeding.folder / "train_1").unlink()
    (feeding.folder / "train_1").symlink_to(tmp_path / "precious")
    assert feeding.read("train_0") == b"bytes"
    # What was at the name is fed, and what is there now is not.
    assert feeding.read(f"/proc/{os.getpid()}/fd/{own}") == b"bytes"
    os.close(own)
    feeding.end()
    assert (tmp_path / "precious").read_text() == "precious"
    (feeding.folder / "train_1").unlink()
