"""Requests as no kind client would write them: paths that lead out, bodies that end early."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import urllib.error
import urllib.request
import zlib
from typing import Any

import pytest

from sm_container.harness.engines.leftovers import eventually
from tests.service.s3.conftest import SIGNED, Bucket


def chunked(*pieces: bytes, trailer: bytes = b"") -> bytes:
    """A body in signed chunks."""
    signature = b";chunk-signature=" + b"0" * 64
    chunks = [b"%x%s\r\n%s\r\n" % (len(each), signature, each) for each in pieces]
    return b"".join(chunks) + b"0%s\r\n%s\r\n" % (signature, trailer)


def in_chunks(size: int, **more: str) -> dict[str, str]:
    return {
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": str(size),
        "content-encoding": "aws-chunked",
        **more,
    }


@pytest.mark.parametrize(
    "key",
    [
        "../outside/secret",
        "..%2foutside/secret",
        "%2e%2e/outside/secret",
        "a/%2e%2e/%2e%2e/outside/secret",
        "/outside/secret",
        "%2f%2fetc/passwd",
        "./k",
        "a//b",
        "a/",
        "n%00l",
        "link/secret",
        "file-link",
        "k" * 256,
        "k/" * 600 + "k",
    ],
)
def test_no_key_leads_out_of_its_bucket(bucket: Bucket, key: str) -> None:
    outside = bucket.service.s3 / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "secret").write_text("secret")
    beyond = bucket.service.folder / "beyond"
    beyond.mkdir(exist_ok=True)
    (beyond / "secret").write_text("secret")
    (bucket.folder / "link").symlink_to(beyond)
    (bucket.folder / "file-link").symlink_to(beyond / "secret")
    before = bucket.files()
    path = f"/{bucket.name}/{key}"
    copying = {"x-amz-copy-source": path}

    assert bucket.ask("GET", path)[0] == 404
    assert bucket.ask("HEAD", path)[0] == 404
    if key != "file-link":  # which is replaced, as any name in the folder can be
        assert bucket.ask("PUT", path, b"evil")[0] == 400
    assert bucket.ask("DELETE", f"/{bucket.name}/{key}x")[0] in (204, 400)
    assert bucket.ask("PUT", f"/{bucket.name}/copy", headers=copying)[0] in (400, 404)
    assert bucket.ask("POST", f"{path}?uploads", b"")[0] in (
        (200,) if key == "file-link" else (400, 200)
    )

    assert (outside / "secret").read_text() == (beyond / "secret").read_text() == "secret"
    assert sorted(each.name for each in (*outside.iterdir(), *beyond.iterdir())) == ["secret"] * 2
    assert bucket.files() == before


@pytest.mark.parametrize(
    "name", ["..", ".", "%2e%2e", ".sm-container-uploads", "", "b" * 300, "%ff"]
)
def test_no_bucket_is_above_the_folder(bucket: Bucket, name: str) -> None:
    for method, path in [("GET", f"/{name}/secret"), ("PUT", f"/{name}/x"), ("DELETE", f"/{name}")]:
        status, _ = bucket.ask(method, path, b"evil" if method == "PUT" else None)
        assert status in (400, 404, 501)


def test_a_body_in_chunks_is_put_together(bucket: Bucket) -> None:
    crc = base64.b64encode(zlib.crc32(b"onetwo").to_bytes(4, "big"))
    body = chunked(b"one", b"two", trailer=b"x-amz-checksum-crc32:%s\r\n" % crc)
    headers = in_chunks(6, **{"x-amz-trailer": "x-amz-checksum-crc32"})
    assert bucket.ask("PUT", f"/{bucket.name}/k", body, headers)[0] == 200
    assert bucket.body("k") == b"onetwo"
    assert "ContentEncoding" not in bucket.s3.head_object(Bucket=bucket.name, Key="k")


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (b"body", {"content-md5": base64.b64encode(b"0" * 16).decode()}, b"BadDigest"),
        (b"body", {"x-amz-checksum-sha256": "x"}, b"BadDigest"),
        (
            b"body",
            {"x-amz-content-sha256": hashlib.sha256(b"another").hexdigest()},
            b"XAmzContentSHA256Mismatch",
        ),
        (
            chunked(b"body", trailer=b"x-amz-checksum-crc32:AAAAAA==\r\n"),
            in_chunks(4, **{"x-amz-trailer": "x-amz-checksum-crc32"}),
            b"BadDigest",
        ),
        (chunked(b"body"), in_chunks(5), b"IncompleteBody"),
        (chunked(b"body"), in_chunks(3), b"IncompleteBody"),
        (b"no chunks", in_chunks(4), b"IncompleteBody"),
        (b"4\r\nbodytoo\r\n0\r\n\r\n", in_chunks(4), b"IncompleteBody"),
        (b"ffffffff\r\nbody", in_chunks(4), b"IncompleteBody"),
        (b"4" * 9000, in_chunks(4), b"IncompleteBody"),
        (b"", {"content-length": str(6 << 30), "expect": "100-continue"}, b"EntityTooLarge"),
        (b"body", {"x-amz-meta-long": "x" * 3000}, b"MetadataTooLarge"),
    ],
)
def test_what_is_not_as_it_says_leaves_the_object_as_it_was(
    bucket: Bucket, body: bytes, headers: dict[str, str], code: bytes
) -> None:
    bucket.put("k")
    status, said = bucket.ask("PUT", f"/{bucket.name}/k", body, headers)
    assert status >= 400
    assert b"<Code>%s</Code>" % code in said
    assert bucket.body("k") == b"k"
    assert bucket.files() == ["k"]


def test_a_body_that_breaks_off_leaves_nothing(bucket: Bucket) -> None:
    with socket.create_connection(("127.0.0.1", bucket.connect().port)) as connection:
        head = f"PUT /{bucket.name}/k HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {SIGNED}\r\n"
        connection.sendall(f"{head}Content-Length: 9000000\r\n\r\n".encode() + b"x" * (2 << 20))
        assert eventually(lambda: len(bucket.files()) == 1, 30)  # it is being written
    assert eventually(lambda: bucket.files() == [], 30)


@pytest.mark.parametrize("key", ["a/", "nothing"])
def test_an_answer_instead_of_leave_ends_the_connection(bucket: Bucket, key: str) -> None:
    """A client that got no leave sends no body: what follows is another request."""
    connection = bucket.connect()
    connection.connect()
    request = (
        f"PUT /{bucket.name}/{key} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {SIGNED}\r\n"
        "Expect: 100-continue\r\nIf-Match: x\r\nContent-Length: 100\r\n\r\n"
    )
    connection.sock.sendall(request.encode())
    said = b""
    while part := connection.sock.recv(1 << 16):
        said += part
    assert said.startswith(b"HTTP/1.1 40")
    assert b"connection: close" in said.lower()


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_an_address_that_was_signed_for_a_while(bucket: Bucket, version: str) -> None:
    s3 = bucket.service.client("s3", signature_version=version)

    def signed(operation: str, **fields: Any) -> str:
        place = {"Bucket": bucket.name, "Key": "k", **fields}
        url: str = s3.generate_presigned_url(operation, Params=place, ExpiresIn=60)
        return url

    with urllib.request.urlopen(urllib.request.Request(signed("put_object"), b"k", method="PUT")):
        assert bucket.body("k") == b"k"
    url = signed("get_object", ResponseContentType="text/x", ResponseCacheControl="no-store")
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"k"
        found = answer.headers["content-type"], answer.headers["cache-control"]
    assert found == ("text/x", "no-store")
    over = re.sub(r"Expires=\d+", "Expires=0", url)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(over)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<Delete>",
        b"<Other/>",
        b'<!DOCTYPE x [<!ENTITY e "eeee">]><Delete><Object><Key>&e;</Key></Object></Delete>',
        b"<Delete/>",
        b"<Delete>" + b"<Object><Key>k</Key></Object>" * 1001 + b"</Delete>",
    ],
)
def test_a_document_that_is_none_deletes_nothing(bucket: Bucket, body: bytes) -> None:
    bucket.put("k")
    status, said = bucket.ask("POST", f"/{bucket.name}?delete", body)
    assert (status, b"MalformedXML" in said) == (400, True)
    assert bucket.body("k") == b"k"
