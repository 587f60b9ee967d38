"""S3, and servers that speak its language (AWS_ENDPOINT_URL), as an object store."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from sm_container.storage.download import CONNECTIONS, download_all
from sm_container.storage.errors import ObjectChangedError, ObjectNotFoundError, StorageError
from sm_container.storage.objects import Advance, Download, Object, ignore
from sm_container.storage.parallel import each
from sm_container.storage.ranged import RangedStream, Sink, ViewSink, resumed, transfer
from sm_container.storage.retry import CancelledError, Retries, TransientError, retried
from sm_container.storage.s3_errors import error_of, said_by_s3, unreached
from sm_container.storage.s3_upload import upload

if TYPE_CHECKING:
    from botocore.awsrequest import AWSResponse

    from sm_container.storage.s3_connection import BucketConnection

_BLOCK = 256 << 10
_SMALL_BLOCK = 16 << 10
_ERROR_BYTES = 64 << 10
_TRANSIENT_STATUS = {408, 429, 500, 502, 503, 504}
_TRANSIENT_CODE = {"InternalError", "RequestTimeout", "ServiceUnavailable", "SlowDown"}
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_CODE, _MESSAGE = re.compile("<Code>(.*?)</Code>"), re.compile("<Message>(.*?)</Message>", re.S)


class S3Store:
    """The objects of one bucket. Nothing is asked of the server before the first operation.

    Raises:
        StorageError: where boto3 is not installed.
    """

    def __init__(
        self, bucket: str, *, retries: Retries | None = None, connections: int = CONNECTIONS
    ) -> None:
        self._bucket = bucket
        self._base = f"s3://{bucket}/"
        self._retries = retries or Retries()
        self._connections = connections
        try:
            import boto3  # noqa: F401 - is it there?
        except ImportError as error:
            raise StorageError(
                self._base, "S3 needs boto3", "pip install 'sm-container[s3]'"
            ) from error

    @property
    def origin(self) -> str:
        return self._connection.origin

    @cached_property
    def _connection(self) -> BucketConnection:
        from sm_container.storage.s3_connection import BucketConnection

        return BucketConnection(self._bucket, connections=self._connections)

    def list(self, prefix: str, *, left_out: Callable[[str], None] = ignore) -> Iterator[Object]:
        pages = self._connection.client.get_paginator("list_objects_v2")
        with said_by_s3(self._base + prefix):
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
                for found in page.get("Contents", ()):
                    modified = found.get("LastModified")
                    yield Object(
                        found["Key"],
                        found["Size"],
                        _bare(found.get("ETag")),
                        modified.timestamp() if modified else None,
                        self._base,
                    )

    def stat(self, key: str) -> Object | None:
        return self._stat(key, threading.Event())

    def stat_all(self, keys: Sequence[str]) -> Sequence[Object | None]:
        found: dict[int, Object | None] = {}
        cancelled = threading.Event()

        def look(task: tuple[int, str]) -> None:
            found[task[0]] = self._stat(task[1], cancelled)

        _ = self._connection  # made once, before the threads want it
        each(
            look,
            enumerate(keys),
            threads=min(self._connections, len(keys)),
            tick=lambda: None,
            interrupt=cancelled.set,
        )
        return [found[index] for index in range(len(keys))]

    def exists(self, key: str) -> bool:
        return self.stat(key) is not None

    def open(self, key: str) -> BinaryIO:
        stream = RangedStream(self._get, self._existing(key), self._retries)
        return cast(BinaryIO, io.BufferedReader(stream, _BLOCK))

    def read(self, key: str, offset: int = 0, size: int | None = None) -> bytes:
        object = self._existing(key)
        end = object.size if size is None else min(object.size, offset + size)
        return b"".join(resumed(self._get, object, offset, end, self._retries, threading.Event()))

    def fill(
        self,
        object: Object,
        start: int,
        view: memoryview,
        arrived: Callable[[int], None],
        cancelled: threading.Event,
    ) -> None:
        end = start + len(view)
        sink = ViewSink(view, arrived)
        with suppress(CancelledError):
            transfer(self._get_into, object, start, end, sink, self._retries, cancelled)

    def download(self, object: Object, path: Path, advance: Advance = ignore) -> None:
        self.download_all([Download(object, path)], advance=advance)

    def download_all(
        self,
        downloads: Iterable[Download],
        *,
        finished: Callable[[Download], None] = ignore,
        advance: Advance = ignore,
    ) -> None:
        download_all(
            downloads,
            self._get_into,
            finished=finished,
            advance=advance,
            interrupt=self._connection.interrupt,
            retries=self._retries,
            connections=self._connections,
        )

    def require_writable(self, key: str) -> None:
        # Permissions are not asked for: who may write need not be allowed to look.
        _ = self._connection

    def upload(self, path: Path, key: str, advance: Advance = ignore) -> None:
        upload(self._connection.client, self._bucket, key, path, advance)

    def delete(self, key: str, *, below: str | None = None) -> None:
        with said_by_s3(self._base + key):
            self._connection.client.delete_object(Bucket=self._bucket, Key=key)

    def _existing(self, key: str) -> Object:
        object = self.stat(key)
        if object is None:
            raise ObjectNotFoundError(self._base + key, "there is no such object", "check the key")
        return object

    def _stat(self, key: str, cancelled: threading.Event) -> Object | None:
        uri = self._base + key
        try:
            return retried(lambda: self._head(key), uri, self._retries, cancelled)
        except ObjectNotFoundError:
            return None

    def _head(self, key: str) -> Object:
        uri = self._base + key
        with _passing(uri), self._connection.request("HEAD", key, {}) as answer:
            answer.raw.read()
            _accept(answer, uri)
            modified = answer.headers.get("Last-Modified")
            size = answer.headers.get("Content-Length")
            if size is None:
                raise StorageError(uri, "the server does not say its size", "use another server")
            return Object(
                key,
                int(size),
                _bare(answer.headers.get("ETag")),
                parsedate_to_datetime(modified).timestamp() if modified else None,
                self._base,
            )

    @contextmanager
    def _answer(self, object: Object, start: int, end: int) -> Iterator[AWSResponse]:
        """The good answer to a request for a range of an object, its body unread."""
        headers = {"If-Match": f'"{object.etag}"'} if object.etag else {}
        if (start, end) != (0, object.size):
            headers["Range"] = f"bytes={start}-{end - 1}"
        with _passing(object.uri), self._connection.request("GET", object.key, headers) as answer:
            _accept(answer, object.uri)
            _check(answer, object, start)
            yield answer

    def _get_into(self, object: Object, start: int, end: int, sink: Sink, step: int) -> None:
        with self._answer(object, start, end) as answer:
            # http.client's own body, below urllib3's, which would copy.
            body: Any = answer.raw
            readinto = getattr(body, "_fp", body).readinto
            left = end - start
            while left and (count := readinto(sink.room(min(step, left)))):
                left -= count
                sink.took(count)
            if not left:
                body.release_conn()

    def _get(self, object: Object, start: int, end: int) -> Generator[bytes, None, None]:
        with self._answer(object, start, end) as answer:
            left = end - start
            while left and (block := _some(answer, left)):
                left -= len(block)
                yield block


@contextmanager
def _passing(uri: str) -> Iterator[None]:
    """Sort the faults of one request into those that pass and those that stay."""
    from http.client import HTTPException

    from botocore import exceptions as botocore
    from urllib3.exceptions import HTTPError

    try:
        yield
    except (botocore.SSLError, botocore.ProxyConnectionError) as error:
        raise unreached(uri, error) from error
    except (
        botocore.ConnectionError,
        botocore.HTTPClientError,
        HTTPError,
        HTTPException,
        OSError,
    ) as error:
        raise TransientError(str(error) or type(error).__name__) from error
    except botocore.BotoCoreError as error:
        raise unreached(uri, error) from error


def _some(answer: AWSResponse, most: int) -> bytes:
    """What has arrived, as soon as something has: of a body that is cut no byte is lost."""
    body: Any = answer.raw
    if hasattr(body, "read1"):  # urllib3 2.1
        block: bytes = body.read1(min(_BLOCK, most))
    else:
        block = body.read(min(_SMALL_BLOCK, most))
    return block


def _accept(answer: AWSResponse, uri: str) -> None:
    """Raise what an answer's status stands for, unless it is a good one."""
    if answer.status_code in (200, 206):
        return
    body = answer.raw.read(_ERROR_BYTES).decode("utf-8", "replace")
    code, message = _CODE.search(body), _MESSAGE.search(body)
    said = code[1] if code else str(answer.status_code)
    if answer.status_code in _TRANSIENT_STATUS or said in _TRANSIENT_CODE:
        raise TransientError(f"the store said {answer.status_code} {said}")
    raise error_of(uri, said, message[1] if message else "")


def _check(answer: AWSResponse, object: Object, start: int) -> None:
    """Hold an answer against the listing: not every server heeds If-Match and Range."""
    etag = _bare(answer.headers.get("ETag"))
    # By the header, not the status: some servers send a range with 200.
    if answer.status_code == 206 or "Content-Range" in answer.headers:
        said = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        first, total = (int(said[1]), said[2]) if said else (-1, "*")
    else:
        first, total = 0, answer.headers.get("Content-Length", "*")
    if first != start:
        raise StorageError(
            object.uri, "the server does not serve ranges", "use a server that heeds Range"
        )
    if (object.etag and etag and etag != object.etag) or total not in ("*", str(object.size)):
        raise ObjectChangedError(
            object.uri, "changed since it was listed", "run again when it is at rest"
        )


def _bare(etag: str | None) -> str | None:
    """An ETag without its quotes, which listings of some servers lack."""
    return etag.removeprefix('"').removesuffix('"') or None if etag else None
