"""The feeder as a process: ready, told apart by its words, and gone with whoever started it."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from sm_container.harness.engines.leftovers import eventually
from sm_container.harness.inputs.fastfile.device import availability
from sm_container.harness.inputs.fastfile.mounts import mounts_below
from sm_container.harness.inputs.feed.plan import FastFileChannel, FeedPlan
from sm_container.harness.inputs.feed.process import Feed, FeedError
from sm_container.harness.inputs.listing import InputObject
from sm_container.harness.inputs.order import Share
from sm_container.harness.inputs.pipe.channel import PipeChannel
from sm_container.storage.objects import Object
from sm_container.storage.store import Stores
from tests.harness.inputs.pipe.test_feeder import LARGE, file, files
from tests.storage.servers import ACCESS_KEY, SECRET_KEY, faulty, use_endpoint

Started = Callable[[FeedPlan], Feed]


@pytest.fixture
def data(hostile_tmp_path: Path) -> Path:
    """A host's input/data."""
    folder = hostile_tmp_path / "ml" / "input" / "data"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def started(hostile_tmp_path: Path, data: Path) -> Iterator[Started]:
    feeds: list[Feed] = []

    def start(plan: FeedPlan) -> Feed:
        feed = Feed(plan, hostile_tmp_path / "feed.json", hostile_tmp_path / "feed.log")
        feeds.append(feed)
        return feed

    yield start
    for feed in feeds:
        feed.close()
    assert (hostile_tmp_path / "feed.log").read_text() == ""
    assert [path for path in data.iterdir() if path.is_fifo()] == []
    assert mounts_below(hostile_tmp_path) == []


def nothing() -> None:
    """A tick that nobody looks at."""


def pipe_plan(data: Path, *contents: bytes) -> FeedPlan:
    entries = files(data.parent / "source", *contents)
    return FeedPlan(data, data.parent, pipes=(PipeChannel("train", entries),))


def mounted_plan(data: Path) -> FeedPlan:
    if (missing := availability()) is not None:
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    (data / "fast").mkdir()
    found = file(data.parent / "source" / "x", b"content")
    return FeedPlan(
        data,
        data.parent,
        pipes=(PipeChannel("train", ((found,),)),),
        mounts=(FastFileChannel("fast", (InputObject(found, "below/x"),)),),
    )


def read(path: Path) -> bytes:
    return subprocess.run(["cat", path], capture_output=True, check=True, timeout=60).stdout


def test_channels_are_there_once_it_is_ready(started: Started, data: Path) -> None:
    feed = started(mounted_plan(data))
    feed.wait_until_ready(nothing)
    assert sorted(path.name for path in data.iterdir()) == ["fast", "train_0", "train_1"]
    assert read(data / "fast/below/x") == b"content"
    assert read(data / "train_0") == b"content"
    feed.check()
    feed.close()
    assert feed.statistics["train"]["sent"] == 7
    assert feed.statistics["train"]["finished"] == 1
    assert feed.statistics["fast"] == {"read": 7, "waited": 0.0}
    assert list((data / "fast").iterdir()) == []


def test_a_share_without_objects_is_in_the_statistics_too(started: Started, data: Path) -> None:
    feed = started(FeedPlan(data, data.parent, mounts=(FastFileChannel("fast", ()),)))
    feed.wait_until_ready(nothing)
    assert feed.statistics == {"fast": {"read": 0, "waited": 0.0}}


def test_statistics_are_said_while_it_runs(started: Started, data: Path) -> None:
    feed = started(pipe_plan(data, LARGE))
    feed.wait_until_ready(nothing)
    assert read(data / "train_0") == LARGE
    assert eventually(lambda: feed.statistics["train"]["finished"] == 1, 30)


def test_a_source_that_is_gone_is_a_fault(started: Started, data: Path) -> None:
    feed = started(pipe_plan(data, b"content"))
    feed.wait_until_ready(nothing)
    (data.parent / "source/000000").unlink()
    with subprocess.Popen(["cat", data / "train_0"]) as reader:
        assert eventually(lambda: _has_failed(feed, "000000: changed since it was listed"), 30)
        assert reader.poll() is None  # no end that it could take for the data's
        reader.kill()


def test_what_cannot_begin_is_said_before_it_is_ready(started: Started, data: Path) -> None:
    (data / "train_1").mkdir()
    feed = started(pipe_plan(data, b"content"))
    with pytest.raises(FeedError, match=r"channel 'train': no FIFO can be made at .*/train_1"):
        feed.wait_until_ready(nothing)


def test_credentials_come_from_the_environment_and_stand_in_no_document(
    started: Started, data: Path, hostile_tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty() as server:
        use_endpoint(monkeypatch, server.endpoint)
        server.objects["key"] = LARGE
        [found] = Stores().open("s3://bucket/")[0].list("")
        feed = started(FeedPlan(data, data.parent, pipes=(PipeChannel("train", ((found,),)),)))
        feed.wait_until_ready(nothing)
        assert read(data / "train_0") == LARGE
        server.objects["key"] = b"another"
        with open(data / "train_1", "rb", buffering=0):
            assert eventually(lambda: _has_failed(feed, "s3://bucket/key: changed since"), 30)
    assert SECRET_KEY not in (hostile_tmp_path / "feed.json").read_text()
    assert ACCESS_KEY not in (hostile_tmp_path / "feed.json").read_text()


def _has_failed(feed: Feed, words: str) -> bool:
    try:
        feed.check()
    except FeedError as fault:
        return words in str(fault)
    return False


def test_the_wait_can_be_ended(started: Started, data: Path) -> None:
    class Enough(Exception):
        pass

    def enough() -> None:
        raise Enough

    feed = started(pipe_plan(data, b"content"))
    with pytest.raises(Enough):
        feed.wait_until_ready(enough)


def test_one_that_is_killed_is_told_of(
    hostile_tmp_path: Path, data: Path, started: Started
) -> None:
    feed = started(pipe_plan(data, b"content"))
    feed.wait_until_ready(nothing)
    os.kill(feed.pid, signal.SIGKILL)
    assert eventually(lambda: _has_failed(feed, "ended with -9"), 30)
    for fifo in ("train_0", "train_1"):
        (data / fifo).unlink()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_and_it_takes_away_what_it_made(
    started: Started, data: Path, number: signal.Signals
) -> None:
    feed = started(mounted_plan(data))
    feed.wait_until_ready(nothing)
    os.kill(feed.pid, number)
    assert eventually(lambda: not list(data.glob("train_*")), 30)
    feed.close()


HARNESS = """
import sys, time
from pathlib import Path
from sm_container.harness.inputs.feed.plan import FeedPlan
from sm_container.harness.inputs.feed.process import Feed
folder = Path(sys.argv[1])
feed = Feed(FeedPlan.read(folder / "plan.json"), folder / "feed.json", folder / "feed.log")
feed.wait_until_ready(lambda: None)
print(feed.pid, flush=True)
time.sleep(300)
"""


def test_a_killed_harness_takes_it_along(hostile_tmp_path: Path, data: Path) -> None:
    mounted_plan(data).write(hostile_tmp_path / "plan.json")
    words = [sys.executable, "-c", HARNESS, str(hostile_tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as harness:
        assert harness.stdout is not None
        feeder = int(harness.stdout.readline())
        assert read(data / "fast/below/x") == b"content"
        with open(data / "train_0", "rb", buffering=0):
            harness.kill()
            assert eventually(lambda: not psutil.pid_exists(feeder), 30)
    assert list(data.glob("train_*")) == []
    assert mounts_below(hostile_tmp_path) == []
    assert (hostile_tmp_path / "feed.log").read_text() == ""


@pytest.mark.long
@pytest.mark.timeout(600)
def test_100_000_objects_take_bounded_memory_and_few_descriptors(
    started: Started, data: Path
) -> None:
    """Three epochs of small files, shuffled; with fewer open files than objects by far."""
    source = data.parent / "source"
    source.mkdir()
    objects: list[tuple[Object, ...]] = []
    for number in range(100_000):
        path = source / f"{number:06}"
        path.write_bytes(b"%06d\n" % number)
        objects.append((Object(str(path)[1:], 7, None, path.stat().st_mtime, "/"),))
    feed = started(
        FeedPlan(data, data.parent, pipes=(PipeChannel("train", tuple(objects), Share(seed=1)),))
    )
    feed.wait_until_ready(nothing)
    resource.prlimit(feed.pid, resource.RLIMIT_NOFILE, (64, 64))
    process = psutil.Process(feed.pid)
    held, memory = process.num_fds(), process.memory_info().rss
    for epoch in range(3):
        lines = read(data / f"train_{epoch}").split(b"\n")
        expected = Share(seed=1).entries(100_000, epoch)
        assert lines == [*(b"%06d" % number for number in expected), b""]
    assert eventually(lambda: process.num_fds() <= held, 10)
    assert process.memory_info().rss < memory + (100 << 20)
    assert memory < 400 << 20
    shutil.rmtree(source)  # or a later run of pytest would, of all 100,000
