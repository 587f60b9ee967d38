"""A connection to one bucket: boto3's client for what is rare, signed requests for the bytes.

botocore finds the credentials, of every kind, keeps them fresh, and signs; its own HTTP session
carries the request. A request so made costs a fraction of a client's call, and its body can be
read as it comes. The signature stands in the headers: a URL here can be logged.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from sm_container.storage.errors import StorageError
from sm_container.storage.s3_errors import said_by_s3

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.awsrequest import AWSResponse
    from mypy_boto3_s3 import S3Client

CONNECT_SECONDS = 10.0
READ_SECONDS = 20.0

_DEFAULT_REGION = "us-east-1"
_AWS = re.compile(r"(.+\.)?amazonaws\.com(\.cn)?")
_BUCKET_REGION = "x-amz-bucket-region"


class BucketConnection:
    """Signed requests to a bucket, and the client that knows the way to it.

    Raises:
        StorageError: where the bucket, its region or credentials for it cannot be found.
    """

    def __init__(self, bucket: str, *, connections: int) -> None:
        import botocore.session
        from boto3.session import Session

        self.uri = f"s3://{bucket}/"
        if bucket.endswith("--x-s3"):
            raise StorageError(self.uri, "is a directory bucket", "use a general purpose bucket")
        with said_by_s3(self.uri):
            core = botocore.session.get_session()
            self.client = _client(Session(botocore_session=core), bucket, connections)
            self.origin = _url_of(self.client, bucket)
            self._region = self.client.meta.region_name
            self._credentials: Any = core.get_credentials()
            bundle = core.get_config_variable("ca_bundle")
            self._http = _http_session(self.origin, bundle, connections)
        self._lock = threading.Lock()
        self._bodies: set[Any] = set()

    @contextmanager
    def request(self, method: str, key: str, headers: dict[str, str]) -> Iterator[AWSResponse]:
        """Send one request; the answer's body is in ``raw``, unread, whatever the status.

        Raises:
            botocore's BotoCoreError: where there is no answer, or no credentials.
        """
        response = self._http.send(self._signed(method, key, headers))
        # Once read to its end the connection is back in the pool, and closing leaves it there.
        with closing(response.raw) as body:
            with self._lock:
                self._bodies.add(body)
            try:
                yield response
            finally:
                with self._lock:
                    self._bodies.discard(body)

    def interrupt(self) -> None:
        """Wake every thread that waits for a body's bytes."""
        with self._lock:
            bodies = list(self._bodies)
        for body in bodies:
            if hasattr(body, "shutdown"):  # urllib3 2.3; before, the read runs into its time-out
                with suppress(OSError, RuntimeError, ValueError):
                    body.shutdown()

    def _signed(self, method: str, key: str, headers: dict[str, str]) -> Any:
        from botocore.auth import S3SigV4Auth
        from botocore.awsrequest import AWSRequest

        url = self.origin + quote(key, safe="/~")
        request = AWSRequest(method=method, url=url, headers=headers, stream_output=True)
        # Frozen anew for each request: credentials that run out are renewed here.
        S3SigV4Auth(self._credentials.get_frozen_credentials(), "s3", self._region).add_auth(
            request
        )
        return request.prepare()


def _client(session: Session, bucket: str, connections: int) -> S3Client:
    region = session.region_name or _DEFAULT_REGION
    client = _new_client(session, region, connections, addressing="auto")
    host = urlsplit(client.meta.endpoint_url).hostname or ""
    if not _AWS.fullmatch(host):
        # Few servers other than S3 have a name for each bucket.
        return _new_client(session, region, connections, addressing="path")
    found = _region_of(client, bucket)
    if found in (None, region):
        return client
    return _new_client(session, found, connections, addressing="auto")


def _new_client(session: Session, region: str, connections: int, *, addressing: str) -> S3Client:
    from botocore.config import Config

    options: dict[str, Any] = {
        "region_name": region,
        "signature_version": "s3v4",
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": READ_SECONDS,
        "retries": {"mode": "standard", "total_max_attempts": 6},
        "max_pool_connections": connections,
        "s3": {"addressing_style": addressing},
    }
    for name in ("request_checksum_calculation", "response_checksum_validation"):
        if name in Config.OPTION_DEFAULTS:  # botocore before 1.36 has no such checksums
            options[name] = "when_required"
    return session.client("s3", config=Config(**options))


def _region_of(client: S3Client, bucket: str) -> str | None:
    """Where a bucket of AWS is; it says so even to those that it refuses."""
    from botocore.exceptions import ClientError

    try:
        answer: Any = client.head_bucket(Bucket=bucket)
    except ClientError as error:
        answer = error.response
        if answer.get("Error", {}).get("Code") == "404":
            answer["Error"]["Code"] = "NoSuchBucket"  # HEAD has the status alone
            raise
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    found: str | None = headers.get(_BUCKET_REGION)
    return found


def _url_of(client: S3Client, bucket: str) -> str:
    """The URL that a key is appended to; botocore's rules make it, credentials it needs."""
    signed = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
    return signed.partition("?")[0].removesuffix("k")


def _http_session(url: str, bundle: str | None, connections: int) -> Any:
    from botocore import httpsession
    from botocore.utils import get_environ_proxies

    session: Any = httpsession.URLLib3Session
    return session(
        verify=bundle or os.environ.get("REQUESTS_CA_BUNDLE") or True,
        proxies=get_environ_proxies(url),
        timeout=(CONNECT_SECONDS, READ_SECONDS),
        max_pool_connections=connections,
    )
