"""Writing RecordIO: one record at a time, or many at once without touching each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from sm_container.records.errors import FormatError
from sm_container.records.format import Bytes
from sm_container.records.framing import (
    FIRST,
    FLAG_SHIFT,
    HEADER,
    LARGEST_PART,
    LAST,
    MAGIC,
    MAGIC_WORD,
    MIDDLE,
    WHOLE,
    padded,
)
from sm_container.records.recordio.multipart import Multipart
from sm_container.records.recordio.scan import magic_words, words_of

_AT_ONCE = 1 << 20  # bytes of frames that are made before they are written
_PADDING = (b"", bytes(3), bytes(2), bytes(1))


class RecordWriter:
    """Writes records to a binary sink, which stays open and unflushed.

    Under DMLC a payload is cut where an aligned magic word stands in it, byte for byte as MXNet
    does. Under CONCAT one is cut only where it is longer than ``largest_part``.
    """

    def __init__(
        self,
        sink: BinaryIO,
        multipart: Multipart = Multipart.DMLC,
        *,
        largest_part: int = LARGEST_PART,
    ) -> None:
        if not 0 < largest_part < 1 << FLAG_SHIFT:
            raise ValueError(f"a part has 1 to 2**29 - 1 bytes, and not {largest_part}")
        self._sink = sink
        self._multipart = multipart
        self._largest = largest_part

    def write(self, payload: Bytes) -> None:
        """Write one record. Raises FormatError for one that the dialect cannot hold."""
        view = memoryview(payload).cast("B")
        parts = list(self._parts(view))
        pieces: list[Bytes] = []
        for number, part in enumerate(parts):
            second = _flag(number, len(parts)) << FLAG_SHIFT | len(part)
            pieces += HEADER.pack(MAGIC, second), part, _PADDING[len(part) % 4]
        if len(view) <= _AT_ONCE:
            self._put(b"".join(pieces))
        else:
            for piece in pieces:
                self._put(piece)

    def write_frames(self, payloads: NDArray[np.uint8] | Sequence[Bytes]) -> int:
        """Write a record for each row of a matrix of uint8, or for each payload; how many.

        Raises TypeError for a matrix of anything else, and FormatError as ``write`` does.
        """
        if isinstance(payloads, np.ndarray):
            if payloads.dtype != np.uint8 or payloads.ndim != 2:
                raise TypeError(
                    "rows of payloads are a matrix of uint8; this is of "
                    f"{payloads.dtype} with the shape {payloads.shape}"
                )
            self._write_matrix(payloads)
        else:
            for some in _stretches(payloads):
                if len(set(map(len, some))) == 1 and len(some[0]):
                    joined = np.frombuffer(b"".join(some), np.uint8)
                    self._write_matrix(joined.reshape(len(some), -1))
                else:
                    self._write_some(some)
        return len(payloads)

    def _write_matrix(self, rows: NDArray[np.uint8]) -> None:
        length = rows.shape[1]
        stride = HEADER.size + padded(length)
        step = max(1, _AT_ONCE // stride)
        for at in range(0, len(rows), step):
            some = rows[at : at + step]
            if length > self._largest:
                self._write_each([row.tobytes() for row in some])
                continue
            frames = np.zeros((len(some), stride), np.uint8)
            words = frames.view("<u4")
            words[:, 0], words[:, 1] = MAGIC, length
            frames[:, HEADER.size : HEADER.size + length] = some
            if not self._put_whole(frames.data.cast("B"), len(some)):
                self._write_each([row.tobytes() for row in some])

    def _write_some(self, payloads: Sequence[Bytes]) -> None:
        lengths = np.array([len(payload) for payload in payloads], np.int64)
        if lengths.max() > self._largest:
            self._write_each(payloads)
            return
        headers = np.full((len(payloads), 2), MAGIC, "<u4")
        headers[:, 1] = lengths
        packed = headers.tobytes()
        pieces: list[Bytes] = []
        for number, payload in enumerate(payloads):
            header = packed[number * HEADER.size : (number + 1) * HEADER.size]
            pieces += header, payload, _PADDING[len(payload) % 4]
        if not self._put_whole(memoryview(b"".join(pieces)), len(payloads)):
            self._write_each(payloads)

    def _put_whole(self, frames: memoryview, count: int) -> bool:
        """Put so many whole records; False, and nothing is put, where one must be cut."""
        if self._multipart is Multipart.DMLC and len(magic_words(words_of(frames))) > count:
            return False
        self._put(frames)
        return True

    def _write_each(self, payloads: Sequence[Bytes]) -> None:
        for payload in payloads:
            self.write(payload)

    def _parts(self, payload: memoryview) -> Iterator[memoryview]:
        begin = 0
        if self._multipart is Multipart.DMLC:
            if len(payload) >> FLAG_SHIFT:
                raise FormatError(
                    f"a record of {len(payload)} bytes is too long: one is shorter than 2**29 "
                    'bytes where multipart is "dmlc"; choose multipart="concat"'
                )
            for place in (magic_words(words_of(payload)) * 4).tolist():
                yield payload[begin:place]
                begin = place + len(MAGIC_WORD)
        else:
            while len(payload) - begin > self._largest:
                yield payload[begin : begin + self._largest]
                begin += self._largest
        yield payload[begin:]

    def _put(self, data: Bytes) -> None:
        """Write all of it, since a raw file or a pipe may take less at a time."""
        left = memoryview(data)
        while len(left):
            count = self._sink.write(left)
            if count is None:
                raise BlockingIOError("the sink does not wait for room; open it in blocking mode")
            left = left[count:]


def _flag(number: int, parts: int) -> int:
    """The flag of a part by its number, from 0, among so many."""
    if parts == 1:
        return WHOLE
    if number == 0:
        return FIRST
    return LAST if number == parts - 1 else MIDDLE


def _stretches(payloads: Sequence[Bytes]) -> Iterator[Sequence[Bytes]]:
    """The payloads in runs of about as many bytes as are written at once."""
    begin = held = 0
    for number, payload in enumerate(payloads):
        if held and held + len(payload) > _AT_ONCE:
            yield payloads[begin:number]
            begin, held = number, 0
        held += HEADER.size + len(payload)
    if held:
        yield payloads[begin:]
