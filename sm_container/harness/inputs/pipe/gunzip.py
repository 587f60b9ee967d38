"""Gunzipping a stream of blocks, one member after another, in bounded memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from sm_container.storage.errors import StorageError

_BLOCK = 1 << 20
_PIECE = 64 << 10
_GZIP = 31  # windowBits of zlib: a gzip header and trailer, the largest window


def gunzipped(blocks: Iterable[bytes | memoryview], uri: str) -> Iterator[bytes]:
    """The content of gzip data, in blocks of at most 1 MiB however much a block holds.

    Several members follow one another as in ``cat a.gz b.gz``; zeros after the last, which tapes
    and some tools leave, are passed over. An empty object has no content.

    Raises:
        StorageError: with ``uri``, for what is no gzip data, damaged, or cut off.
    """
    member = None
    is_first = True
    for piece in _pieces(blocks):
        rest = piece
        while rest:
            if member is None:
                rest = rest if is_first else rest.lstrip(b"\0")
                if not rest:
                    break
                member = zlib.decompressobj(_GZIP)
                is_first = False
            try:
                content = member.decompress(rest, _BLOCK)
                if content:
                    yield content
                while len(content) == _BLOCK and not member.unconsumed_tail and not member.eof:
                    content = member.decompress(b"", _BLOCK)  # what zlib itself still holds
                    if content:
                        yield content
            except zlib.error as fault:
                raise _refused(uri, f"is not sound gzip data ({fault})") from fault
            rest = member.unused_data if member.eof else member.unconsumed_tail
            if member.eof:
                member = None
    if member is not None:
        raise _refused(uri, "is gzip data that is cut off")


def _pieces(blocks: Iterable[bytes | memoryview]) -> Iterator[bytes]:
    """Small ones: zlib copies what it has not taken yet at each call."""
    for block in blocks:
        view = memoryview(block)
        for start in range(0, len(view), _PIECE):
            yield bytes(view[start : start + _PIECE])


def _refused(uri: str, what: str) -> StorageError:
    return StorageError(uri, what, "compress it anew, or take CompressionType Gzip out")
