"""Writing a file to S3: one request for a small one, s3transfer's parts at once for a large."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sm_container.storage.files import said_of
from sm_container.storage.objects import Advance
from sm_container.storage.s3_errors import said_by_s3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PART = 16 << 20
_THREADS = 8
_TICK_SECONDS = 0.1


def upload(client: S3Client, bucket: str, key: str, path: Path, advance: Advance) -> None:
    """Write ``path`` to ``key``; a large upload that ends early leaves no parts behind."""
    uri = f"s3://{bucket}/{key}"
    with said_by_s3(uri), said_of(str(path)):
        size = path.stat().st_size
        if size > _PART:
            _upload_in_parts(client, bucket, key, path, advance)
            return
        with path.open("rb") as body:
            client.put_object(Bucket=bucket, Key=key, Body=body)
        advance(size)


def _upload_in_parts(client: S3Client, bucket: str, key: str, path: Path, advance: Advance) -> None:
    from s3transfer.manager import TransferConfig, TransferManager
    from s3transfer.subscribers import BaseSubscriber

    lock, done, sent = threading.Lock(), threading.Event(), 0

    class Watch(BaseSubscriber):
        def on_progress(self, future: Any, bytes_transferred: int, **_: Any) -> None:
            nonlocal sent
            with lock:
                sent += bytes_transferred

        def on_done(self, future: Any, **_: Any) -> None:
            done.set()

    def take() -> int:
        nonlocal sent
        with lock:
            count, sent = sent, 0
        return count

    config = TransferConfig(
        multipart_threshold=_PART, multipart_chunksize=_PART, max_request_concurrency=_THREADS
    )
    # Left by an exception, the manager cancels what is under way.
    with TransferManager(client, config) as manager:
        future = manager.upload(str(path), bucket, key, subscribers=[Watch()])
        while not done.wait(_TICK_SECONDS):
            advance(take())
        future.result()
        advance(take())
