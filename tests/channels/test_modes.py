"""The same data and the same code give the same in File, FastFile and Pipe mode."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np
import pytest

from sm_container.channels.channel import InputChannel
from sm_container.channels.errors import ChannelError
from sm_container.contract.inputs import InputMode
from sm_container.contract.layout import Layout
from sm_container.records.batch import DATA, NAME, Batch
from sm_container.records.csr import Csr
from sm_container.records.errors import OnFault
from sm_container.records.formats import format_of
from tests.channels.feeding import WAIT, Feeder, channel, framed
from tests.records.sources import concatenated

MODES = list(InputMode)
EPOCHS = 3


def numbers(start: int, rows: int) -> Batch:
    features = np.arange(start * 3, (start + rows) * 3, dtype=np.float32).reshape(rows, 3)
    return Batch({"features": features, "label": np.arange(start, start + rows, dtype=np.float32)})


def table(start: int, rows: int) -> Batch:
    ids = np.arange(start, start + rows)
    return Batch({"id": ids, "half": ids / 2, "name": np.array([f"n{i}" for i in ids], object)})


def sparse(start: int, rows: int) -> Batch:
    ids = np.arange(start, start + rows)
    csr = Csr(ids.astype(np.float32) + 1, ids % 7, np.arange(rows + 1), 7)
    return Batch({"features": csr, "label": ids.astype(np.float32)})


def payloads(start: int, rows: int) -> Batch:
    data = np.empty(rows, object)
    data[:] = [bytes([i % 256]) * (i % 40) for i in range(start, start + rows)]
    return Batch({"data": data})


SHAPES = {
    "text/csv": numbers,
    "text/libsvm": sparse,
    "application/jsonlines": table,
    "application/x-recordio": payloads,
    "application/x-recordio-protobuf": numbers,
    "application/x-recordio-msgpack": numbers,
    "application/x-parquet": table,
}
OPTIONS: dict[str, dict[str, Any]] = {"text/libsvm": {"columns": 7}}
"""Each file is else as wide as its own largest index."""
CASES = [
    *((content_type, None) for content_type in SHAPES if content_type != "application/x-parquet"),
    *((content_type, "RecordIO") for content_type in SHAPES),
]


def written(content_type: str) -> dict[str, bytes]:
    """Three files of 40, 1 and 59 records."""
    objects = {}
    for number, (start, rows) in enumerate([(0, 40), (40, 1), (41, 59)]):
        sink = io.BytesIO()
        format_of(content_type).write([SHAPES[content_type](start, rows)], sink)
        objects[f"part-{number}"] = sink.getvalue()
    return objects


@contextmanager
def served(
    layout: Layout,
    mode: InputMode,
    objects: Mapping[str, bytes],
    content_type: str | None,
    wrapper: str | None = None,
    epochs: int = EPOCHS,
    **more: Any,
) -> Iterator[InputChannel]:
    """The objects as a channel in this mode, as the platform would lay them down."""
    train = channel(layout, mode, content_type, wrapper, **more)
    if mode is not InputMode.PIPE:
        for name, content in objects.items():
            path = layout.channel("train") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        yield train
        return
    is_framed_already = bool(content_type and content_type.startswith("application/x-recordio"))
    whole = (
        framed(*objects.values())
        if wrapper and not is_framed_already
        else b"".join(objects.values())
    )
    with Feeder(layout, [whole] * epochs):
        yield train


def plain(batch: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: (value.to_dense() if isinstance(value, Csr) else np.asarray(value)).tolist()
        for key, value in batch.items()
    }


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("content_type", "wrapper"), CASES)
@pytest.mark.parametrize("prefetch", [0, 2])
def test_batches_are_the_same_in_every_mode(
    layout: Layout,
    mode: InputMode,
    content_type: str,
    wrapper: str | None,
    prefetch: int,
) -> None:
    objects = written(content_type)
    with served(layout, mode, objects, content_type, wrapper) as train:
        expected = SHAPES[content_type](0, 100)
        for _ in range(EPOCHS):
            batches = list(
                train.batches(
                    rows=30, prefetch=prefetch, timeout=WAIT, **OPTIONS.get(content_type, {})
                )
            )
            assert [batch.rows for batch in batches] == [30, 30, 30, 10]
            found = concatenated(batches)
            assert plain(found) == plain(expected)
            for name, column in found.items():
                assert column.dtype == expected[name].dtype


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("content_type", "wrapper"), CASES)
def test_records_are_the_same_in_every_mode(
    layout: Layout, mode: InputMode, content_type: str, wrapper: str | None
) -> None:
    expected = plain(SHAPES[content_type](0, 100))
    with served(layout, mode, written(content_type), content_type, wrapper, epochs=1) as train:
        found = list(train.records(timeout=WAIT, **OPTIONS.get(content_type, {})))
    assert len(found) == 100
    for name, values in expected.items():
        assert [_plain_value(record[name]) for record in found] == values


def _plain_value(value: Any) -> Any:
    if isinstance(value, Csr):
        return value.to_dense()[0].tolist()
    return value.tolist() if hasattr(value, "tolist") else value


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("content_type", ["image/png", "application/octet-stream"])
def test_whole_objects(layout: Layout, mode: InputMode, content_type: str) -> None:
    objects = {f"deep/{n}.png": bytes([n]) * n * 100_000 for n in range(5)}
    with served(layout, mode, objects, content_type, "RecordIO", epochs=2) as train:
        batches = list(train.batches(rows=3, timeout=WAIT))
        records = list(train.records(timeout=WAIT))
    assert [batch.rows for batch in batches] == [3, 2]
    assert concatenated(batches)[DATA].tolist() == list(objects.values())  # type: ignore[union-attr]
    assert [record[DATA] for record in records] == list(objects.values())
    for record in [*records, *batches]:
        assert (NAME in record) == (mode is not InputMode.PIPE)
    if mode is not InputMode.PIPE:
        assert [record[NAME] for record in records] == list(objects)


@pytest.mark.parametrize("mode", [InputMode.FILE, InputMode.FAST_FILE])
def test_the_format_follows_from_each_files_name(layout: Layout, mode: InputMode) -> None:
    objects = {"a.csv": b"1,2\n", "b.libsvm": b"3 0:4\n", "c/d.CSV.GZ": gzip.compress(b"5,6\n")}
    with served(layout, mode, objects, None) as train:
        records = list(train.records())
    assert [float(record["label"]) for record in records] == [1, 3, 5]


@pytest.mark.parametrize("mode", [InputMode.FILE, InputMode.FAST_FILE])
def test_packed_files_are_unpacked_as_pipe_mode_would(layout: Layout, mode: InputMode) -> None:
    text = b"".join(b"%d,%d\n" % (n, n * n) for n in range(30_000))
    objects = {"a.gz": gzip.compress(text), "b": text, "c.gz": gzip.compress(b"")}
    with served(layout, mode, objects, "text/csv") as train:
        assert sum(batch.rows for batch in train.batches()) == 60_000
        (layout.channel("train") / "a.gz").write_bytes(gzip.compress(text)[:-20])
        with pytest.raises(ValueError, match=r"train/a\.gz: cannot be unpacked"):
            list(train.batches())


@pytest.mark.parametrize("mode", MODES)
def test_an_option_is_the_formats(layout: Layout, mode: InputMode) -> None:
    objects = {"a": b"1;2;3\n", "b": b"4;5;6\n"}
    with served(layout, mode, objects, "text/csv", epochs=2) as train:
        for options in ({"delimiter": ";", "label_size": 2}, {"delimiter": ";", "label_size": 0}):
            batch = next(iter(train.batches(timeout=WAIT, **options)))
            assert batch["features"].shape == (2, 3 - int(options["label_size"]))
        with pytest.raises(ChannelError, match="channel train: text/csv has no option colour"):
            train.batches(colour="red")
        with pytest.raises(ChannelError, match="text/csv has no option multipart"):
            train.batches(multipart="dmlc")


@pytest.mark.parametrize("mode", MODES)
def test_a_given_content_type_stands_above_the_channels(layout: Layout, mode: InputMode) -> None:
    with served(layout, mode, {"a": b'{"x": 1}\n'}, "text/csv", epochs=1) as train:
        assert list(train.records(content_type="application/jsonlines", timeout=WAIT)) == [{"x": 1}]
        with pytest.raises(ChannelError, match=r"channel train: .*text/speech.* is not known here"):
            train.records(content_type="text/speech")


@pytest.mark.parametrize("mode", MODES)
def test_no_content_type_and_no_name(layout: Layout, mode: InputMode) -> None:
    with (
        served(layout, mode, {"data": b"1,2\n"}, None, epochs=0) as train,
        pytest.raises(ChannelError, match="set its ContentType, or give content_type="),
    ):
        list(train.batches())


@pytest.mark.parametrize("content_type", ["application/x-parquet", "image/jpeg"])
def test_what_pipe_mode_cannot_tell_apart(layout: Layout, content_type: str) -> None:
    train = channel(layout, InputMode.PIPE, content_type)
    with pytest.raises(
        ChannelError, match="set RecordWrapperType to RecordIO, or InputMode to File or FastFile"
    ):
        train.batches()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("wrapper", "option", "expected"),
    [
        (None, {}, b"abcd\x0a\x23\xd7\xce!!"),
        ("RecordIO", {}, b"abcd!!"),
        ("RecordIO", {"multipart": "dmlc"}, b"abcd\x0a\x23\xd7\xce!!"),
        (None, {"multipart": "concat"}, b"abcd!!"),
    ],
)
def test_parts_of_a_record_are_joined_by_who_framed_them(
    layout: Layout, mode: InputMode, wrapper: str | None, option: dict[str, str], expected: bytes
) -> None:
    """The same stream in both dialects; the default follows the channel in every mode."""
    stream = b""
    for flag, part in ((1, b"abcd"), (3, b"!!")):
        word = (flag << 29 | len(part)).to_bytes(4, "little")
        stream += bytes.fromhex("0a23d7ce") + word + part + bytes(-len(part) % 4)
    with served(layout, mode, {"a": stream}, "application/x-recordio", wrapper, 1) as train:
        assert list(train.records(timeout=WAIT, **option)) == [{"data": expected}]
        with pytest.raises(ValueError, match="give 'dmlc' or 'concat'"):
            train.records(multipart="both")


@pytest.mark.parametrize("mode", MODES)
def test_arrays_are_the_callers_to_keep(layout: Layout, mode: InputMode) -> None:
    text = b"".join(b"%d,%d\n" % (n, n) for n in range(100_000))
    with served(layout, mode, {"a": text}, "text/csv", epochs=1) as train:
        kept = list(train.batches(rows=1000, timeout=WAIT))
    assert np.concatenate([batch["label"] for batch in kept]).tolist() == list(range(100_000))
    for batch in kept:
        assert batch["features"].flags.writeable  # type: ignore[union-attr]


@pytest.mark.parametrize("mode", MODES)
def test_the_same_shuffle_for_a_seed_and_a_pass(layout: Layout, mode: InputMode) -> None:
    objects = {f"{n}.csv": b"".join(b"%d,0\n" % (n * 10 + i) for i in range(10)) for n in range(9)}
    orders = []
    with served(layout, mode, objects, "text/csv", epochs=4) as train:
        for seed in (7, 7, 8, None):
            batches = list(train.batches(rows=16, shuffle=seed, timeout=WAIT))
            assert [batch.rows for batch in batches] == [16] * 5 + [10]
            orders.append(concatenated(batches)["label"].tolist())  # type: ignore[union-attr]
    assert orders[3] == list(range(90))
    assert [sorted(order) for order in orders] == [list(range(90))] * 4
    assert len({tuple(order) for order in orders}) == 4
    with served(layout, InputMode.FILE, objects, "text/csv") as again:
        first = concatenated(list(again.batches(rows=16, shuffle=7)))["label"]
    assert (first.tolist() == orders[0]) == (mode is not InputMode.PIPE)  # type: ignore[union-attr]


@pytest.mark.parametrize("mode", MODES)
def test_an_epochs_order_is_the_same_in_whatever_pass(layout: Layout, mode: InputMode) -> None:
    objects = {f"{n}.csv": b"".join(b"%d,0\n" % (n * 10 + i) for i in range(10)) for n in range(9)}
    orders = []
    with served(layout, mode, objects, "text/csv", epochs=4) as train:
        for shuffle in (7, 7, (7, 1), (7, 0)):
            batches = list(train.batches(rows=16, shuffle=shuffle, timeout=WAIT))
            orders.append(concatenated(batches)["label"].tolist())  # type: ignore[union-attr]
    assert orders == [orders[0], orders[1], orders[1], orders[0]]
    assert orders[0] != orders[1]


@pytest.mark.parametrize("mode", MODES)
def test_single_records_are_shuffled_too(layout: Layout, mode: InputMode) -> None:
    text = b"".join(b'{"x": %d}\n' % n for n in range(3000))
    with served(layout, mode, {"a": text}, "application/jsonlines", epochs=1) as train:
        order = [record["x"] for record in train.records(shuffle=0, timeout=WAIT)]
    assert order != list(range(3000))
    assert sorted(order) == list(range(3000))
    assert max(order[:1024]) == 1023  # within a window


@pytest.mark.parametrize("mode", [InputMode.FILE, InputMode.FAST_FILE])
@pytest.mark.parametrize("seed", [None, 3])
def test_workers_share_the_files(layout: Layout, mode: InputMode, seed: int | None) -> None:
    objects = {f"{n:02}": b"%d,0\n" % n for n in range(10)}
    with served(layout, mode, objects, "text/csv") as train:
        numbers = train.numbers
        shares = []
        for worker in range(4):
            numbers.give_back(0)  # the workers are processes: each has its own first pass
            share = [float(r["label"]) for r in train.records(shard=(worker, 4), shuffle=seed)]
            shares.append(share)
    assert sorted(map(len, shares)) == [2, 2, 3, 3]
    assert sorted(chain(*shares)) == list(range(10))
    if seed is None:
        assert shares[1] == [1, 5, 9]


def test_a_fifo_has_one_reader(layout: Layout) -> None:
    train = channel(layout, InputMode.PIPE, "text/csv")
    for read in (train.batches, train.records):
        with pytest.raises(
            ChannelError, match=r"FIFO has one reader.* File or FastFile for shards"
        ):
            read(shard=(0, 2))
    with pytest.raises(ChannelError, match="set its InputMode to File or FastFile"):
        train.open("x")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "given",
    [
        {"rows": 0},
        {"prefetch": -1},
        {"shard": (2, 2)},
        {"shard": (-1, 2)},
        {"shard": (0, 0)},
        {"shuffle": -1},
        {"timeout": 0},
    ],
    ids=str,
)
def test_arguments_that_cannot_be(layout: Layout, mode: InputMode, given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(given))} is .*; give"):
        channel(layout, mode, "text/csv").batches(**given)


@pytest.mark.parametrize("mode", MODES)
def test_an_empty_share_is_a_pass_without_batches(layout: Layout, mode: InputMode) -> None:
    from dataclasses import replace

    with served(layout, mode, {}, "text/csv", epochs=2) as train:
        sharded = replace(
            train, config=replace(train.config, s3_distribution_type="ShardedByS3Key")
        )
        assert list(sharded.batches(timeout=WAIT)) == []
        assert list(sharded.records(timeout=WAIT)) == []
        if mode is not InputMode.PIPE:
            with pytest.raises(ChannelError, match="has no folder"):
                list(train.batches())


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("single", [False, True])
def test_a_damaged_record_says_where_it_is(layout: Layout, mode: InputMode, single: bool) -> None:
    stream = framed(b"one", b"two") + framed(b"three")[:-3]
    with served(layout, mode, {"a/b": stream}, "application/x-recordio", epochs=1) as train:
        items: Any = train.records(timeout=WAIT) if single else train.batches(1, timeout=WAIT)
        found = [next(items)["data"] for _ in range(2)]
        with pytest.raises(ValueError, match="record 2, byte 24: ") as caught:
            next(items)
        assert list(items) == []
    where = "train_0" if mode is InputMode.PIPE else "train/a/b"
    assert str(caught.value).startswith(f"{where}, record 2")
    assert found == [b"one", b"two"]


@pytest.mark.parametrize("mode", MODES)
def test_a_stop_in_the_middle(layout: Layout, mode: InputMode, no_leaks: None) -> None:
    text = b"".join(b"%d,0\n" % n for n in range(200_000))
    with served(layout, mode, {"a": text}, "text/csv", epochs=1) as train:
        seen = 0
        for batch in train.batches(rows=10, timeout=WAIT):
            seen += batch.rows
            if seen == 100:
                train.stop.set()
        assert seen == 100
        assert list(train.records()) == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wrapper", [None, "RecordIO"])
@pytest.mark.parametrize("single", [False, True])
def test_a_pass_stops_at_a_damaged_record_of_any_file(
    layout: Layout, mode: InputMode, wrapper: str | None, single: bool
) -> None:
    objects = {"a": b"1,0\n2,0\n", "b": b"3,0\nx,y\n4,0\n", "c": b"5,0\n"}
    with served(layout, mode, objects, "text/csv", wrapper, epochs=2) as train:
        for policy, expected in ((OnFault.STOP, [1, 2, 3]), (OnFault.SKIP, [1, 2, 3, 4, 5])):
            read: Any = (
                train.records(on_fault=policy, timeout=WAIT)
                if single
                else train.batches(1, on_fault=policy, timeout=WAIT)
            )
            assert [int(np.ravel(each["label"])[0]) for each in read] == expected
