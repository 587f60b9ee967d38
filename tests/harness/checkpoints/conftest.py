"""A host's checkpoint folder and its S3Uri, on this machine and on real servers."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pytest

from sm_container.harness.checkpoints.folder import Folder
from sm_container.harness.checkpoints.prefix import Prefix
from sm_container.harness.checkpoints.sync import CheckpointSync
from sm_container.harness.engines.leftovers import eventually
from sm_container.storage.errors import ObjectChangedError, ObjectNotFoundError
from sm_container.storage.objects import Advance, ignore
from sm_container.storage.store import Store, Stores
from tests.storage.servers import moto, rclone, use_endpoint

SETTLE = 0.1
SECONDS = 30.0
LOCAL = PurePosixPath("/opt/ml/checkpoints")
UPLOADING, UPLOADED = ".sagemaker-uploading", ".sagemaker-uploaded"


def quiet(what: str, done: int, total: int) -> None:
    """A progress that nobody looks at."""


def until(holds: Callable[[], bool], what: str = "it does not come about") -> None:
    """Wait for something that other threads bring about."""
    assert eventually(holds, SECONDS), what


@dataclass
class Side:
    """One host: its folder here, and its sync."""

    folder: Folder
    sync: CheckpointSync

    @property
    def path(self) -> Path:
        return self.folder.path

    def write(self, name: str, content: str | bytes = b"content") -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def names(self) -> set[str]:
        """The files that are here, markers too."""
        return {str(f.relative_to(self.path)) for f in self.path.rglob("*") if f.is_file()}


@dataclass
class Bucket:
    """What stands for S3, and makes hosts that share one prefix of it."""

    root: Path
    stores: Stores
    uri: str = "s3://bucket/ck"
    sides: list[Side] = field(default_factory=list)

    @property
    def store(self) -> Store:
        return self.stores.open(self.uri)[0]

    def kept(self) -> set[str]:
        """The files that are in S3."""
        return {object.key.removeprefix("ck/") for object in self.store.list("ck/")}

    def put(self, name: str, content: bytes = b"content") -> None:
        source = self.root / "put"
        source.write_bytes(content)
        self.store.upload(source, f"ck/{name}")

    def has(self, name: str, content: str | bytes) -> bool:
        """Whether a file is in S3 with this content."""
        wanted = content.encode() if isinstance(content, str) else content
        try:
            return self.store.read(f"ck/{name}") == wanted
        except (ObjectChangedError, ObjectNotFoundError):
            return False  # it is just being replaced

    def prefix(self) -> Prefix:
        return Prefix(self.uri, self.stores.open)

    def host(
        self, host: str = "algo-1", prefix: Prefix | None = None, settle_seconds: float = SETTLE
    ) -> Side:
        """A host whose folder is restored."""
        tree = self.root / host
        tree.mkdir(exist_ok=True)
        folder = Folder(tree, ("checkpoints",), LOCAL)
        sync = CheckpointSync(
            host,
            folder,
            prefix or self.prefix(),
            progress=quiet,
            settle_seconds=settle_seconds,
        )
        sync.restore(quiet)
        self.sides.append(Side(folder, sync))
        return self.sides[-1]


@pytest.fixture(scope="session")
def rclone_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("rclone")
    (root / "bucket").mkdir()
    with rclone(root) as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def moto_endpoint() -> Iterator[str]:
    with moto() as endpoint:
        yield endpoint


@pytest.fixture
def bucket(hostile_tmp_path: Path) -> Iterator[Bucket]:
    """A folder that stands for S3."""
    s3_root = hostile_tmp_path / "s3"
    (s3_root / "bucket").mkdir(parents=True)
    with _nothing_left():
        yield Bucket(hostile_tmp_path, Stores(s3_root))


@pytest.fixture(params=["folder", "rclone", "moto"])
def any_bucket(
    request: pytest.FixtureRequest, hostile_tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bucket]:
    """Each kind of store in turn."""
    if request.param == "folder":
        yield request.getfixturevalue("bucket")
        return
    use_endpoint(monkeypatch, request.getfixturevalue(f"{request.param}_endpoint"))
    stores = Stores()
    store, _ = stores.open("s3://bucket/")
    if request.param == "moto":
        import boto3

        boto3.client("s3").create_bucket(Bucket="bucket")
    for object in list(store.list("")):
        store.delete(object.key)
    with _nothing_left():
        yield Bucket(hostile_tmp_path, stores)


@contextmanager
def _nothing_left() -> Iterator[None]:
    """No thread of a sync is left after the block."""
    before = set(threading.enumerate())
    yield
    left = [thread.name for thread in threading.enumerate() if thread not in before]
    assert [name for name in left if name.startswith("checkpoint")] == []


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def fail(host: Side, during: Callable[[], object]) -> None:
    """A job that fails in the harness while the sync runs."""

    def run() -> None:
        with host.sync:
            during()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        run()


class Gate:
    """Holds uploads up until they are let through, one after the other."""

    def __init__(self) -> None:
        self._entered = threading.Semaphore(0)
        self._passed = threading.Semaphore(0)

    def entered(self) -> None:
        assert self._entered.acquire(timeout=30)

    def let_through(self) -> None:
        self._passed.release()

    def hold(self) -> None:
        self._entered.release()
        assert self._passed.acquire(timeout=30)


def gated(bucket: Bucket) -> tuple[Bucket, Gate]:
    """The bucket, each of whose uploads waits at the gate before its first byte."""
    gate, store = Gate(), bucket.store
    upload = store.upload

    def held(path: Path, key: str, advance: Advance = ignore) -> None:
        gate.hold()
        upload(path, key, advance)

    store.upload = held  # type: ignore[method-assign]
    return bucket, gate
