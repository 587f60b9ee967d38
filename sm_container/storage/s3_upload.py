"""Writing a file to S3: one request for a small one, s3transfer's parts at once for a large.

Somebody may write to the file meanwhile. No more is sent of it than its size was; and where it has
become shorter, which a server would wait for without an end, the upload ends.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sm_container.storage.errors import ObjectChangedError
from sm_container.storage.files import said_of
from sm_container.storage.objects import Advance
from sm_container.storage.s3_errors import said_by_s3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PART = 16 << 20
_THREADS = 8
_TICK_SECONDS = 0.1


def upload(client: S3Client, bucket: str, key: str, path: Path, advance: Advance) -> None:
    """Write ``path`` to ``key``; a large upload that ends early leaves no parts behind.

    Raises:
        ObjectChangedError: where the file becomes shorter meanwhile.
    """
    uri = f"s3://{bucket}/{key}"
    shrunk = threading.Event()
    with _said_of_shrunk(str(path), shrunk), said_by_s3(uri), said_of(str(path)):
        size = path.stat().st_size
        if size > _PART:
            _upload_in_parts(client, bucket, key, path, advance, shrunk)
            return
        with path.open("rb") as file:
            body: Any = _Steady(file, size, shrunk)
            client.put_object(Bucket=bucket, Key=key, Body=body)
        advance(size)


@contextmanager
def _said_of_shrunk(path: str, shrunk: threading.Event) -> Iterator[None]:
    """Whatever was made of it on the way, a file that has shrunk is the fault."""
    try:
        yield
    except Exception as error:
        if not shrunk.is_set():
            raise
        raise ObjectChangedError(
            path, "became shorter while it was uploaded", "run again when it is at rest"
        ) from error


class _Steady:
    """A file of which ``size`` bytes are read, or none: where there are fewer, ``shrunk`` is set.
    It then refuses to be read once more, so that nobody tries again."""

    def __init__(self, file: IO[bytes], size: int, shrunk: threading.Event) -> None:
        self._file = file
        self._size = size
        self._shrunk = shrunk

    def read(self, count: int = -1) -> bytes:
        left = self._size - self._file.tell()
        data = self._file.read(left if count < 0 else min(count, left))
        if not data and left > 0 and count != 0:
            self._shrunk.set()
            raise EOFError
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if self._shrunk.is_set():
            raise EOFError
        if whence == os.SEEK_END:
            return self._file.seek(self._size + offset)
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()


def _upload_in_parts(
    client: S3Client,
    bucket: str,
    key: str,
    path: Path,
    advance: Advance,
    shrunk: threading.Event,
) -> None:
    from s3transfer.manager import TransferConfig, TransferManager
    from s3transfer.subscribers import BaseSubscriber
    from s3transfer.utils import OSUtils

    lock, done, sent = threading.Lock(), threading.Event(), 0

    class Watch(BaseSubscriber):
        def on_progress(self, future: Any, bytes_transferred: int, **_: Any) -> None:
            nonlocal sent
            with lock:
                sent += bytes_transferred

        def on_done(self, future: Any, **_: Any) -> None:
            done.set()

    class Parts(OSUtils):
        def open_file_chunk_reader_from_fileobj(
            self, fileobj: Any, chunk_size: int, full_file_size: int, *further: Any, **named: Any
        ) -> Any:
            steady: Any = _Steady(fileobj, full_file_size, shrunk)
            return super().open_file_chunk_reader_from_fileobj(
                steady, chunk_size, full_file_size, *further, **named
            )

    def take() -> int:
        nonlocal sent
        with lock:
            count, sent = sent, 0
        return count

    config = TransferConfig(
        multipart_threshold=_PART, multipart_chunksize=_PART, max_request_concurrency=_THREADS
    )
    # Left by an exception, the manager cancels what is under way.
    with TransferManager(client, config, osutil=Parts()) as manager:
        future = manager.upload(str(path), bucket, key, subscribers=[Watch()])
        while not done.wait(_TICK_SECONDS):
            advance(take())
        future.result()
        advance(take())
