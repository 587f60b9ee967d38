"""The bytes that a request brings: as they are or in signed chunks, held against their checksums.

Source: Amazon S3 API Reference, "Signature calculations ... transferring payload in multiple
chunks", "Checking object integrity".
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Protocol

from sm_container.service.s3.errors import S3Error

LARGEST = 5 << 30
"""Bytes that one PutObject or UploadPart may bring. Source: "Amazon S3 multipart upload limits"."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,8})(;[^\r\n]*)?")
_LINE_BYTES = 4096
_TRAILERS = 16
_CHECKSUM = "x-amz-checksum-"


class Digest(Protocol):
    def update(self, data: bytes, /) -> object: ...

    def digest(self) -> bytes: ...


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


class Body:
    """Iterating gives the object's bytes, once; ``md5`` is of those that were given so far.

    At their end all that the request says of them is checked.
    """

    def __init__(self, headers: Mapping[str, str], pieces: Iterator[bytes]) -> None:
        self._headers = headers
        self._pieces = pieces
        self._is_chunked = headers.get("x-amz-content-sha256", "").startswith("STREAMING-")
        size = headers.get("x-amz-decoded-content-length") or headers.get("content-length")
        if size is None or not size.isdecimal():
            raise S3Error(
                "MissingContentLength", "You must provide the Content-Length HTTP header", 411
            )
        self.size = int(size)
        if self.size > LARGEST:
            raise S3Error(
                "EntityTooLarge", f"One request brings at most {LARGEST} bytes: upload in parts"
            )
        self.md5 = hashlib.md5(usedforsecurity=False)

    def __iter__(self) -> Iterator[bytes]:
        expected = dict(self._headers)
        digests = self._digests()
        left = self.size
        for piece in self._chunks(expected) if self._is_chunked else self._pieces:
            left -= len(piece)
            if left < 0:
                break
            for digest in digests.values():
                digest.update(piece)
            yield piece
        if left:
            raise S3Error("IncompleteBody", "The body has not the length that its headers say")
        _check(expected, digests)

    def _digests(self) -> dict[str, Digest]:
        """By the headers that have to agree with them."""
        named = self._headers.get("x-amz-trailer", "").lower().split(",")
        made: dict[str, Digest] = {"content-md5": self.md5}
        for name, digest in (("crc32", _Crc32), ("sha1", hashlib.sha1), ("sha256", hashlib.sha256)):
            header = _CHECKSUM + name
            if header in self._headers or header in (each.strip() for each in named):
                made[header] = digest()
        if _SHA256.fullmatch(self._headers.get("x-amz-content-sha256", "")):
            made["x-amz-content-sha256"] = hashlib.sha256()
        return made

    def _chunks(self, expected: dict[str, str]) -> Iterator[bytes]:
        """What the chunks hold; their trailers go to ``expected``."""
        source = _Source(self._pieces)
        while True:
            found = _CHUNK.fullmatch(source.line())
            if found is None:
                raise S3Error("IncompleteBody", "The body is not in chunks, as its headers say")
            size = int(found[1], 16)
            if not size:
                break
            yield from source.take(size)
            if source.line():
                raise S3Error("IncompleteBody", "A chunk is longer than it says")
        for _ in range(_TRAILERS):
            name, colon, value = source.line(at_end=b"").partition(b":")
            if not colon:
                break
            expected[name.decode("latin-1").strip().lower()] = value.decode("latin-1").strip()
        for _ in self._pieces:
            pass  # nothing that follows is of the object


class _Source:
    """Lines and bytes out of pieces."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def line(self, at_end: bytes | None = None) -> bytes:
        while b"\r\n" not in self._left:
            if len(self._left) > _LINE_BYTES:
                raise S3Error("IncompleteBody", "A chunk's first line has no end")
            piece = next(self._pieces, None)
            if piece is None:
                if at_end is not None:
                    return at_end
                raise S3Error("IncompleteBody", "The body ends within a chunk")
            self._left += piece
        line, _, self._left = self._left.partition(b"\r\n")
        return line

    def take(self, size: int) -> Iterator[bytes]:
        while size:
            if not self._left:
                piece = next(self._pieces, None)
                if piece is None:
                    raise S3Error("IncompleteBody", "The body ends within a chunk")
                self._left = piece
            taken, self._left = self._left[:size], self._left[size:]
            size -= len(taken)
            if taken:
                yield taken


def _check(expected: Mapping[str, str], digests: Mapping[str, Digest]) -> None:
    """Hold what came against what the request says of it."""
    for header, digest in digests.items():
        if header == "x-amz-content-sha256":
            if digest.digest().hex() != expected[header]:
                raise S3Error(
                    "XAmzContentSHA256Mismatch",
                    "The provided 'x-amz-content-sha256' header does not match what was computed",
                )
        elif header in expected:
            found = base64.b64encode(digest.digest()).decode()
            if found != expected[header]:
                raise S3Error(
                    "BadDigest",
                    f"The {header} you specified did not match the calculated checksum, {found}",
                )
