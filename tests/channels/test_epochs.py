"""Passes over a channel in Pipe mode: an epoch a pass, whatever becomes of each."""

from __future__ import annotations

import io
import os
import signal
import threading
import time

import numpy as np
import pytest

from sm_container.channels.channel import InputChannel
from sm_container.channels.errors import ChannelError, ChannelTimeoutError
from sm_container.contract.inputs import InputMode
from sm_container.contract.layout import Layout
from sm_container.records.batch import Batch
from sm_container.records.errors import OnFault, RecordError
from sm_container.records.protobuf import ProtobufFormat
from tests.channels.feeding import WAIT, Feeder, channel, framed, writer


def labels(train: InputChannel, **more: object) -> list[float]:
    batches = train.batches(rows=2, timeout=WAIT, **more)  # type: ignore[arg-type]
    return [float(label) for batch in batches for label in batch["label"]]  # type: ignore[union-attr]


def csv(epoch: int, rows: int) -> bytes:
    return b"".join(b"%d,%d\n" % (row, epoch) for row in range(rows))


def protobuf(epoch: int, rows: int) -> bytes:
    """Records of 100 features that are all the epoch's number."""
    sink = io.BytesIO()
    features = np.full((rows, 100), epoch, np.float32)
    labels = np.arange(rows, dtype=np.float32)
    ProtobufFormat().write([Batch({"features": features, "label": labels})], sink)
    return sink.getvalue()


@pytest.fixture
def train(layout: Layout) -> InputChannel:
    return channel(layout, InputMode.PIPE, "text/csv")


def test_many_epochs_and_nothing_is_left(
    layout: Layout, train: InputChannel, no_leaks: None
) -> None:
    sizes = [3, 0, 1, 100, 0] * 8
    with Feeder(layout, [csv(epoch, rows) for epoch, rows in enumerate(sizes)]):
        for rows in sizes:
            assert labels(train) == list(range(rows))


@pytest.mark.parametrize("prefetch", [0, 2])
@pytest.mark.parametrize("how", ["break", "close", "with"])
def test_an_epoch_left_early_is_over(
    layout: Layout, train: InputChannel, how: str, prefetch: int, no_leaks: None
) -> None:
    big = csv(0, 2_000_000)  # more than a pipe and all that is read ahead hold
    with Feeder(layout, [big, csv(1, 2), big, csv(3, 4)]) as feeder:
        for rows in (2, 4):
            early = train.batches(rows=10, prefetch=prefetch, timeout=WAIT)
            if how == "break":
                for _ in early:
                    break
                del early
            elif how == "close":
                next(early)
                early.close()
            else:
                with early:
                    next(early)
            assert labels(train) == list(range(rows))
    assert feeder.broken == [0, 2]


@pytest.mark.parametrize("prefetch", [0, 2])
def test_what_is_kept_of_an_epoch_stays_as_it_is(
    layout: Layout, prefetch: int, no_leaks: None
) -> None:
    """The memory of batches that nobody has is used again, also by the epochs after it."""
    train = channel(layout, InputMode.PIPE, "application/x-recordio-protobuf")
    rows, epochs = 6_000, 4
    kept, places = [], set()
    with Feeder(layout, [protobuf(epoch, 4 * rows) for epoch in range(epochs)]):
        for epoch in range(epochs):
            for number, batch in enumerate(train.batches(rows, prefetch=prefetch, timeout=WAIT)):
                features = np.asarray(batch["features"])
                assert (features == epoch).all()
                if number == epoch:
                    kept.append(features[7:, 1:])
                else:
                    places.add(features.__array_interface__["data"][0])
                del batch, features
    assert [set(np.unique(values)) for values in kept] == [{epoch} for epoch in range(epochs)]
    assert len(places) < epochs * 3


def test_a_writer_that_stays_gives_what_it_has(layout: Layout) -> None:
    """Whole records are not held back until more comes."""
    train = channel(layout, InputMode.PIPE, "application/x-recordio")
    os.mkfifo(layout.channel_fifo("train", 0))
    held = os.open(layout.channel_fifo("train", 0), os.O_RDWR)
    os.write(held, framed(b"one", b"two", b"three")[:-2])
    with train.records(timeout=WAIT) as records:
        assert [next(records)["data"], next(records)["data"]] == [b"one", b"two"]
    os.close(held)


def test_a_pass_beside_another_is_refused(layout: Layout, train: InputChannel) -> None:
    with Feeder(layout, [csv(0, 300_000), csv(1, 5)]):
        first = train.batches(rows=10, timeout=WAIT)
        next(first)
        with pytest.raises(ChannelError, match="channel train is still being read"):
            next(train.records())
        assert next(first).rows == 10
        first.close()
        assert labels(train) == list(range(5))


def test_channels_are_independent(layout: Layout) -> None:
    channels = {name: channel(layout, InputMode.PIPE, "text/csv", name=name) for name in "abc"}
    with Feeder(layout, [csv(0, 3), csv(1, 1)], "a"), Feeder(layout, [csv(0, 200_000)], "b"):
        b = channels["b"].batches(rows=2, timeout=WAIT)
        next(b)
        assert labels(channels["a"]) == [0, 1, 2]
        assert labels(channels["a"]) == [0]
        b.close()


def test_waiting_in_vain_does_not_use_up_an_epoch(
    layout: Layout, train: InputChannel, no_leaks: None
) -> None:
    with pytest.raises(ChannelTimeoutError, match="train_0: there was no such FIFO"):
        next(train.batches(timeout=0.05))
    os.mkfifo(layout.channel_fifo("train", 0))
    with pytest.raises(ChannelTimeoutError, match="train_0: nobody opened it"):
        next(train.records(timeout=0.05))
    os.unlink(layout.channel_fifo("train", 0))
    with Feeder(layout, [csv(0, 1), csv(1, 2)]):
        assert labels(train) == [0]
        assert labels(train) == [0, 1]


def test_a_writer_that_says_nothing_has_used_it_up(layout: Layout, train: InputChannel) -> None:
    os.mkfifo(layout.channel_fifo("train", 0))
    os.mkfifo(layout.channel_fifo("train", 1))
    silent = os.open(layout.channel_fifo("train", 0), os.O_RDWR)
    with pytest.raises(ChannelTimeoutError, match="train_0: its writer sent nothing for"):
        next(train.batches(timeout=0.05))
    os.close(silent)
    with writer(layout.channel_fifo("train", 1), "fifo.write(b'7,1\\n')"):
        assert labels(train) == [7]


@pytest.mark.parametrize("prefetch", [0, 2])
def test_a_writer_killed_in_the_middle_of_a_record(
    layout: Layout, prefetch: int, no_leaks: None
) -> None:
    """A clean end, as the FIFO tells it: the record's length says that it is none."""
    train = channel(layout, InputMode.PIPE, "application/x-recordio")
    fifo = layout.channel_fifo("train", 0)
    os.mkfifo(fifo)
    stream = framed(b"whole", b"x" * 100)[:-50]
    program = f"fifo.write({stream!r}); print('written', flush=True); time.sleep(60)"
    with writer(fifo, program) as process:
        records = train.records(timeout=WAIT, prefetch=prefetch)
        assert next(records)["data"] == b"whole"
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        process.send_signal(signal.SIGKILL)
        with pytest.raises(RecordError, match=r"train_0, record 1, byte 16: .*cut off") as caught:
            next(records)
    assert (caught.value.index, caught.value.offset) == (1, 16)
    assert list(records) == []
    with Feeder(layout, []):
        os.mkfifo(layout.channel_fifo("train", 1))
        with writer(layout.channel_fifo("train", 1), f"fifo.write({framed(b'next')!r})"):
            assert [record["data"] for record in train.records(timeout=WAIT)] == [b"next"]


@pytest.mark.parametrize(
    ("policy", "expected"), [(OnFault.SKIP, [b"a", b"c"]), (OnFault.STOP, [b"a"])]
)
def test_a_policy_for_damage(layout: Layout, policy: OnFault, expected: list[bytes]) -> None:
    stream = framed(b"a") + b"damaged!" + framed(b"c")
    train = channel(layout, InputMode.PIPE, "application/x-recordio")
    with Feeder(layout, [stream]):
        records = train.records(timeout=WAIT, on_fault=policy)
        assert [record["data"] for record in records] == expected


@pytest.mark.parametrize("prefetch", [0, 2])
@pytest.mark.parametrize("there", ["nothing", "a FIFO", "half a record"])
def test_a_signal_ends_a_loop_that_waits(
    layout: Layout, there: str, prefetch: int, no_leaks: None
) -> None:
    train = channel(layout, InputMode.PIPE, "application/x-recordio")
    held = -1
    if there != "nothing":
        os.mkfifo(layout.channel_fifo("train", 0))
    if there == "half a record":
        held = os.open(layout.channel_fifo("train", 0), os.O_RDWR)
        os.write(held, framed(b"whole", b"half")[:-1])
    found: list[bytes] = []

    def interrupt() -> None:
        while there == "half a record" and not found:
            time.sleep(0.005)
        os.kill(os.getpid(), signal.SIGALRM)

    before = signal.signal(signal.SIGALRM, lambda *_: train.stop.set())
    timer = threading.Timer(0.1, interrupt)
    timer.start()
    try:
        for record in train.records(prefetch=prefetch):
            found.append(record["data"])  # noqa: PERF401 - the other thread looks at it meanwhile
        timer.join()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert found == ([b"whole"] if there == "half a record" else [])
    if held >= 0:
        os.close(held)


def test_a_forked_worker_reads_on_its_own(layout: Layout, train: InputChannel) -> None:
    with Feeder(layout, [csv(0, 3), csv(1, 300_000), csv(2, 4)]):
        assert labels(train) == [0, 1, 2]
        running = train.batches(rows=2, timeout=WAIT)
        next(running)
        child = os.fork()
        if not child:
            try:
                next(running)
                while True:
                    next(running)
            except ChannelError:
                os._exit(0)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert next(running).rows == 2
        running.close()
        assert labels(train) == [0, 1, 2, 3]


def test_memory_is_bounded(layout: Layout) -> None:
    """300 MB go through one pass; what is held at any time is a few batches."""
    import tracemalloc

    rows = np.arange(75_000, dtype=np.float32).reshape(-1, 25)
    stream = framed(*(row.tobytes() for row in rows)) * 100
    train = channel(layout, InputMode.PIPE, "application/x-recordio")
    with Feeder(layout, [stream]):
        tracemalloc.start()
        count = 0
        for batch in train.batches(rows=1000, timeout=WAIT):
            count += batch.rows
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert count == 300_000
    assert peak < 30 << 20


def test_the_deadline_is_not_for_the_consumer(layout: Layout, train: InputChannel) -> None:
    with Feeder(layout, [csv(0, 300_000)]):
        batches = train.batches(rows=100, timeout=2)
        next(batches)
        time.sleep(2.5)
        assert sum(batch.rows for batch in batches) == 299_900
