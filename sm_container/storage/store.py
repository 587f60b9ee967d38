"""What every object store can do, and the store that a URI means."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from sm_container.storage.errors import StorageError
from sm_container.storage.local import LocalStore
from sm_container.storage.objects import Advance, Download, Object, ignore
from sm_container.storage.simulated import Link, LinkedStore
from sm_container.storage.uri import Scheme, parse


class Store(Protocol):
    """A flat space of objects by key. Every method raises StorageError for what cannot be done."""

    @property
    def origin(self) -> str:
        """Where the store itself is: two stores of one origin and bucket hold the same objects."""

    def list(self, prefix: str, *, left_out: Callable[[str], None] = ignore) -> Iterator[Object]:
        """The objects whose keys begin with ``prefix``, in the order of their keys' UTF-8 bytes.

        Streamed: a page (S3) or a folder (files) at a time. ``left_out`` is told of each thing
        that lies there and is no object, such as a link that leads out of the store.
        """

    def stat(self, key: str) -> Object | None:
        """The object at ``key``, None where there is none."""

    def stat_all(self, keys: Sequence[str]) -> Sequence[Object | None]:
        """The objects at many keys, in the order of the keys."""

    def exists(self, key: str) -> bool:
        """Whether there is an object at ``key``."""

    def open(self, key: str) -> BinaryIO:
        """The object's bytes from its first, as a stream."""

    def read(self, key: str, offset: int = 0, size: int | None = None) -> bytes:
        """``size`` bytes from ``offset`` (fewer at the object's end; None: all the rest)."""

    def fill(
        self,
        object: Object,
        start: int,
        view: memoryview,
        arrived: Callable[[int], None],
        cancelled: threading.Event,
    ) -> None:
        """Fill all of ``view`` with an object's bytes from ``start`` on, which are inside it.

        ``arrived`` is told, in this thread, how many more bytes have come, in order. Returns early
        where ``cancelled`` was set. Passing faults are retried from the last byte that came.

        Raises:
            ObjectChangedError: where the object is not what its listing said any more.
        """

    def download(self, object: Object, path: Path, advance: Advance = ignore) -> None:
        """Copy one object to a new file. Source and result are checked against the listing."""

    def download_all(
        self,
        downloads: Iterable[Download],
        *,
        finished: Callable[[Download], None] = ignore,
        advance: Advance = ignore,
    ) -> None:
        """Copy many objects, each to a new file of mode 644; no partial file is left on a fault.

        ``finished`` is told of each as it is whole (from any thread, several at a time).
        """

    def require_writable(self, key: str) -> None:
        """Raise StorageError where it can be told before that nothing could be written at or below
        ``key``: no credentials or bucket, a folder of another user. Nothing is written."""

    def upload(self, path: Path, key: str, advance: Advance = ignore) -> None:
        """Write a file to ``key``: others see the old object or the new one, nothing between."""

    def delete(self, key: str, *, below: str | None = None) -> None:
        """Remove the object at ``key``, if there is one.

        A store that has folders takes away those that this leaves empty, too, if their names
        begin with ``below``; in S3 there are none.
        """


class Stores:
    """The stores that URIs mean. Keeps one connection a bucket, so that a second use is quick.

    ``s3_root`` is a folder that stands for S3: ``s3://bucket/key`` is ``s3_root/bucket/key``.
    With a ``link`` every store, files too, is as slow as a bucket behind it.
    """

    def __init__(self, s3_root: Path | None = None, link: Link | None = None) -> None:
        self._link = link
        self._s3_root = None if s3_root is None else s3_root.absolute()
        self._buckets: dict[str, Store] = {}

    def open(self, uri: str) -> tuple[Store, str]:
        """The store of a URI, and the key (or prefix) in it. Nothing is read yet.

        Raises:
            StorageError: for a URI that names no store, a root for S3 that is no folder, or S3
                without the extra ``[s3]``.
        """
        location = parse(uri)
        if location.scheme is Scheme.FILE:
            return self._linked(LocalStore(Path("/"), "/")), location.key
        if location.bucket not in self._buckets:
            self._buckets[location.bucket] = self._linked(self._bucket(location.bucket))
        return self._buckets[location.bucket], location.key

    def _linked(self, store: Store) -> Store:
        return store if self._link is None else LinkedStore(store, self._link)

    def _bucket(self, bucket: str) -> Store:
        base = f"s3://{bucket}/"
        if self._s3_root is not None:
            if not self._s3_root.is_dir():
                what_to_do = "name a folder that stands for S3, with the buckets as its folders"
                raise StorageError(str(self._s3_root), "is not a folder", what_to_do)
            return LocalStore(self._s3_root / bucket, base, boundary=self._s3_root)
        from sm_container.storage.s3 import S3Store

        return S3Store(bucket)


def open_store(uri: str, *, s3_root: Path | None = None) -> tuple[Store, str]:
    """The store of one URI, and the key in it; see `Stores.open`."""
    return Stores(s3_root).open(uri)
