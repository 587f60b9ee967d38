"""An object of a bucket that vanishes or changes between two epochs: a fault, and never an end."""

from __future__ import annotations

import os

import pytest

from sm_container.harness.inputs.pipe.channel import PipeChannel
from sm_container.storage.errors import ObjectChangedError, ObjectNotFoundError
from sm_container.storage.objects import Object
from sm_container.storage.store import Stores
from tests.harness.inputs.pipe.conftest import Feeding
from tests.storage.servers import faulty, use_endpoint

LARGE = os.urandom(3 << 20)


@pytest.mark.parametrize("last", [b"last", LARGE], ids=["small", "large"])
@pytest.mark.parametrize(
    ("what", "kind"), [("vanishes", ObjectNotFoundError), ("changes", ObjectChangedError)]
)
def test_the_reader_waits_until_the_fault_is_told(
    feeding: Feeding,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    kind: type[Exception],
    last: bytes,
) -> None:
    with faulty() as server:
        use_endpoint(monkeypatch, server.endpoint)
        server.objects.update({"k0": b"first", "k1": last})
        store, _ = Stores().open("s3://bucket/")
        found: list[Object] = list(store.list(""))
        feeding.feed(PipeChannel("train", tuple((each,) for each in found)))
        assert feeding.read("train_0") == b"first" + last
        if what == "vanishes":
            del server.objects["k1"]
        else:
            server.objects["k1"] = bytes(len(last))
        with open(feeding.folder / "train_1", "rb", buffering=0) as reader:
            assert reader.read(5) == b"first"
            fault, cause = feeding.epoch_fault()
            os.set_blocking(reader.fileno(), False)
            assert reader.read(1) is None  # nothing, and no end: the writer is still there
            assert isinstance(cause, kind)
            assert str(fault).startswith("epoch 1: s3://bucket/k1: ")
            feeding.end()
