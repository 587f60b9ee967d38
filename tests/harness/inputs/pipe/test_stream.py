"""An epoch's bytes: gunzipped, wrapped, from a manifest's lines, from files and from a server."""

from __future__ import annotations

import gzip
import os
import random
import resource
import signal
from pathlib import Path

import pytest

from sm_container.contract.inputs import Compression, RecordWrapper
from sm_container.harness.inputs.pipe import stream
from sm_container.harness.inputs.pipe.channel import PipeChannel
from sm_container.harness.inputs.pipe.source import Sources
from sm_container.readahead.ahead import ReadAhead
from sm_container.records.recordio import Multipart, read_records
from sm_container.storage.errors import ObjectChangedError, StorageError
from sm_container.storage.objects import Object
from sm_container.storage.retry import Retries
from sm_container.storage.s3 import S3Store
from sm_container.storage.simulated import Link
from sm_container.storage.store import Stores
from tests.harness.inputs.pipe.conftest import Feeding
from tests.harness.inputs.pipe.test_feeder import file, files
from tests.storage.servers import FaultyServer, faulty, use_endpoint

LARGE = random.Random(2).randbytes((9 << 20) + 3)  # more than is spooled in memory
CONTENTS = (b"", b"a", b"four", LARGE, b"x" * 70_001)


def records(data: bytes) -> list[bytes]:
    return [bytes(each) for each in read_records(data, "test", multipart=Multipart.CONCAT)]


@pytest.mark.parametrize("compression", list(Compression))
def test_every_object_is_one_record(feeding: Feeding, compression: Compression) -> None:
    packed = [gzip.compress(c, 1) for c in CONTENTS] if compression == "Gzip" else list(CONTENTS)
    entries = files(feeding.folder.parent / "s", *packed)
    wrapper = RecordWrapper.RECORD_IO
    feeding.feed(PipeChannel("train", entries, compression=compression, wrapper=wrapper))
    assert records(feeding.read("train_0")) == list(CONTENTS)


def test_gzip_is_unpacked_object_by_object(feeding: Feeding) -> None:
    entries = files(feeding.folder.parent / "s", *(gzip.compress(each, 1) for each in CONTENTS))
    feeding.feed(PipeChannel("train", entries, compression=Compression.GZIP))
    assert feeding.read("train_0") == b"".join(CONTENTS)


@pytest.mark.parametrize("compression", list(Compression))
def test_what_is_recordio_already_is_left_as_it_is(
    feeding: Feeding, compression: Compression
) -> None:
    from sm_container.harness.inputs.pipe.frame import frames

    [(head, _, pad)] = frames(3)
    framed = (head + b"one" + pad) * 2
    contents = [framed, b"two"]
    packed = [gzip.compress(c) for c in contents] if compression == "Gzip" else contents
    entries = files(feeding.folder.parent / "s", *packed)
    wrapper = RecordWrapper.RECORD_IO
    feeding.feed(PipeChannel("train", entries, compression=compression, wrapper=wrapper))
    assert records(feeding.read("train_0")) == [b"one", b"one", b"two"]


@pytest.mark.parametrize("compression", list(Compression))
def test_a_record_larger_than_a_frame_is_cut_alike(
    feeding: Feeding, compression: Compression, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With frames of 1 MiB in the place of 512 MiB."""
    from sm_container.harness.inputs.pipe import frame

    monkeypatch.setattr(frame, "LARGEST_PART", 1 << 20)
    monkeypatch.setattr(stream, "LARGEST_PART", 1 << 20)
    contents = (LARGE, bytes(2 << 20), bytes(1 << 20), b"small")
    packed = [gzip.compress(c, 1) for c in contents] if compression == "Gzip" else contents
    entries = files(feeding.folder.parent / "s", *packed)
    wrapper = RecordWrapper.RECORD_IO
    feeding.feed(PipeChannel("train", entries, compression=compression, wrapper=wrapper))
    data = feeding.read("train_0")
    assert records(data) == list(contents)
    expected = b""
    for content in contents:
        at = 0
        for head, length, pad in frame.frames(len(content)):
            expected += head + content[at : at + length] + pad
            at += length
    assert data == expected


@pytest.mark.parametrize("wrapper", list(RecordWrapper))
def test_a_manifests_line_is_its_attributes_in_order(
    feeding: Feeding, wrapper: RecordWrapper
) -> None:
    image = file(feeding.folder.parent / "image", b"\x89PNG")
    lines = ((image, "1"), ("ü", ""), (image, "3"))
    feeding.feed(PipeChannel("train", lines, wrapper=wrapper))
    data = feeding.read("train_0")
    values = [b"\x89PNG", b"1", "ü".encode(), b"", b"\x89PNG", b"3"]
    if wrapper is RecordWrapper.RECORD_IO:
        assert records(data) == values
    else:
        assert data == b"".join(values)


def test_bad_gzip_is_a_fault_that_names_its_object(feeding: Feeding) -> None:
    entries = files(feeding.folder.parent / "s", gzip.compress(b"sound"), b"not packed")
    feeding.feed(PipeChannel("train", entries, compression=Compression.GZIP))
    with open(feeding.folder / "train_0", "rb", buffering=0) as reader:
        assert reader.read(5) == b"sound"
        fault, cause = feeding.epoch_fault()
        assert isinstance(cause, StorageError)
        assert str(fault).startswith(f"epoch 0: {cause.uri}: is not sound gzip data")
        assert cause.uri.endswith("/000001")
        feeding.end()


@pytest.fixture
def behind_a_link(feeding: Feeding) -> Feeding:
    """Files as objects of a bucket: nothing of them is spliced."""
    feeding.ahead = ReadAhead()
    link = Link(latency_seconds=0.001)
    feeding.sources = Sources(Stores(link=link).open, feeding.ahead)
    return feeding


@pytest.mark.parametrize("compression", list(Compression))
@pytest.mark.parametrize("wrapper", list(RecordWrapper))
def test_a_simulated_bucket_streams_the_same(
    behind_a_link: Feeding, compression: Compression, wrapper: RecordWrapper
) -> None:
    feeding = behind_a_link
    packed = [gzip.compress(c, 1) for c in CONTENTS] if compression == "Gzip" else list(CONTENTS)
    entries = files(feeding.folder.parent / "s", *packed, *packed[:2])
    feeding.feed(PipeChannel("train", entries, compression=compression, wrapper=wrapper))
    for epoch in range(2):
        data = feeding.read(f"train_{epoch}")
        expected = [*CONTENTS, *CONTENTS[:2]]
        assert (records(data) if wrapper == "RecordIO" else data) == (
            expected if wrapper == "RecordIO" else b"".join(expected)
        )


def test_many_small_objects_of_a_bucket_are_fetched_ahead(behind_a_link: Feeding) -> None:
    feeding = behind_a_link
    contents = [b"%d," % number for number in range(500)]
    feeding.feed(PipeChannel("train", files(feeding.folder.parent / "s", *contents)))
    assert feeding.read("train_0") == b"".join(contents)


def test_objects_of_a_server(feeding: Feeding, monkeypatch: pytest.MonkeyPatch) -> None:
    with faulty() as server:
        use_endpoint(monkeypatch, server.endpoint)
        assert served(feeding, server, b"first ", LARGE) == b"first " + LARGE


def test_an_object_that_changes_between_epochs_is_a_fault(
    feeding: Feeding, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty() as server:
        use_endpoint(monkeypatch, server.endpoint)
        assert served(feeding, server, b"first", b"second") == b"firstsecond"
        server.objects["k1"] = b"SECOND"
        with open(feeding.folder / "train_1", "rb", buffering=0) as reader:
            assert reader.read(100) == b"first"
            fault, cause = feeding.epoch_fault()
            assert isinstance(cause, ObjectChangedError)
            assert str(fault).startswith("epoch 1: s3://bucket/k1: ")
            feeding.end()


def test_a_server_that_stays_busy_is_a_fault_that_names_object_and_epoch(
    feeding: Feeding, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty() as server:
        use_endpoint(monkeypatch, server.endpoint)
        quick = Retries(attempts=3, first=0.01, longest=0.05)
        feeding.sources = Sources(
            lambda uri: (S3Store("bucket", retries=quick), uri), feeding.ahead
        )
        assert served(feeding, server, b"first", LARGE) == b"first" + LARGE
        server.faults.busy = 1000
        with open(feeding.folder / "train_1", "rb", buffering=0):
            fault, _ = feeding.epoch_fault()
            feeding.end()
    said = str(fault)
    assert said.startswith("epoch 1: s3://bucket/k0: could not be read in 3 tries: ")
    assert "503" in said


def served(feeding: Feeding, server: FaultyServer, *contents: bytes) -> bytes:
    store, _ = Stores().open("s3://bucket/")
    server.objects.update({f"k{number}": each for number, each in enumerate(contents)})
    found: list[Object] = list(store.list(""))
    feeding.feed(PipeChannel("train", tuple((each,) for each in found)))
    return feeding.read("train_0")


def test_nothing_is_left_of_what_was_spooled(feeding: Feeding, hostile_tmp_path: Path) -> None:
    entries = files(hostile_tmp_path / "s", gzip.compress(LARGE, 1))
    wrapper = RecordWrapper.RECORD_IO
    feeding.feed(PipeChannel("train", entries, compression=Compression.GZIP, wrapper=wrapper))
    with open(feeding.folder / "train_0", "rb", buffering=0) as reader:
        reader.read(10)
    assert sorted(os.listdir(hostile_tmp_path)) == ["data", "s"]


def test_no_room_for_what_is_unpacked_is_a_fault_that_names_folder_and_object(
    feeding: Feeding, hostile_tmp_path: Path
) -> None:
    entries = files(hostile_tmp_path / "s", gzip.compress(LARGE, 1))
    wrapper = RecordWrapper.RECORD_IO
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limits[1]))
    try:
        feeding.feed(PipeChannel("train", entries, compression=Compression.GZIP, wrapper=wrapper))
        with open(feeding.folder / "train_0", "rb", buffering=0):
            fault, cause = feeding.epoch_fault()
            feeding.end()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert isinstance(cause, StorageError)
    object = hostile_tmp_path / "s/000000"
    assert str(fault).startswith(f"epoch 0, at {object}: {hostile_tmp_path}: File too large; ")
