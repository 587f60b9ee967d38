"""One epoch of a channel as the bytes of its FIFO.

The objects' bytes follow one another with nothing between. With CompressionType Gzip each object is
unpacked first. With RecordWrapperType RecordIO each object, or text of a manifest's line, is one
record, but for an object that is RecordIO already.

Source: CreateTrainingJob, CompressionType and RecordWrapperType.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from sm_container.contract.inputs import Compression, RecordWrapper
from sm_container.harness.inputs.augmented_manifest import Value
from sm_container.harness.inputs.pipe.channel import PipeChannel
from sm_container.harness.inputs.pipe.frame import frames, is_framed, padding, part_header
from sm_container.harness.inputs.pipe.gunzip import gunzipped
from sm_container.harness.inputs.pipe.source import Opened, Sources
from sm_container.harness.inputs.pipe.trace import Trace
from sm_container.harness.inputs.pipe.writer import FifoWriter
from sm_container.records.framing import HEADER, LARGEST_PART
from sm_container.storage.files import said_of

_IN_MEMORY = 8 << 20


def stream_epoch(
    channel: PipeChannel, trace: Trace, sources: Sources, writer: FifoWriter, spool: Path
) -> None:
    """Write an epoch, object by object, and note in the trace which lies where.

    ``spool`` is a folder for what must be unpacked before its length is known: a record of more
    than 8 MiB, and at most 512 MiB of it at once.

    Raises:
        StorageError, OSError: where an object cannot be had, or is not what it was.
        ReaderGoneError, StoppedError: where nobody takes the bytes.
    """
    with closing(sources.in_turn(list(values(channel, trace.epoch)), channel.name)) as opened:
        for value in opened:
            uri = None if isinstance(value, str) else value.object.uri
            with trace.sending(writer.position, uri):
                _send(value, channel, writer, spool)
    writer.flush()


def values(channel: PipeChannel, epoch: int) -> Iterator[Value]:
    """The objects and texts of an epoch, in their order."""
    for place in channel.share.entries(len(channel.entries), epoch):
        yield from channel.entries[place]


def _send(value: Opened | str, channel: PipeChannel, writer: FifoWriter, spool: Path) -> None:
    is_wrapped = channel.wrapper is RecordWrapper.RECORD_IO
    if isinstance(value, str):
        _send_text(value.encode(), is_wrapped, writer)
    elif channel.compression is Compression.GZIP:
        content = gunzipped(value.blocks(), value.object.uri)
        _send_unpacked(content, is_wrapped, writer, spool)
    elif is_wrapped and not is_framed(value.head(HEADER.size), value.object.size):
        _send_record(value, writer)
    else:
        value.send(writer, 0, value.object.size)


def _send_text(text: bytes, is_wrapped: bool, writer: FifoWriter) -> None:
    if not is_wrapped:
        writer.put(text)
        return
    at = 0
    for head, length, pad in frames(len(text)):
        writer.put(b"".join((head, text[at : at + length], pad)))
        at += length


def _send_record(opened: Opened, writer: FifoWriter) -> None:
    at = 0
    for head, length, pad in frames(opened.object.size):
        writer.put(head)
        opened.send(writer, at, at + length)
        writer.put(pad)
        at += length
    if opened.waits:
        writer.flush()


def _send_unpacked(
    content: Iterator[bytes], is_wrapped: bool, writer: FifoWriter, spool: Path
) -> None:
    """Content of a length that only its end tells: a frame's worth at a time where it needs one."""
    first = next(content, b"")
    while is_wrapped and len(first) < HEADER.size and (more := next(content, b"")):
        first += more
    if not is_wrapped or is_framed(first, None):
        writer.write(first)
        for block in content:
            writer.write(block)
        return
    rest, is_first = first, True
    while True:
        with _Frame(spool) as frame:
            rest = frame.fill(rest, content)
            is_last = not rest
            writer.put(part_header(frame.size, is_first=is_first, is_last=is_last))
            frame.send(writer)
            writer.write(padding(frame.size))
        if is_last:
            return
        is_first = False


class _Frame:
    """A payload that is collected before its header can be written: in memory, or in a file that
    has no name."""

    def __init__(self, spool: Path) -> None:
        self.size = 0
        self._spool = str(spool)
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=self._spool)  # noqa: SIM115

    def fill(self, rest: bytes, content: Iterable[bytes]) -> bytes:
        """Take ``rest`` and as much of the content as a frame holds; what is over, empty at the
        content's end."""
        over = self._take(rest)
        if not over:
            for block in content:
                over = self._take(block)
                if over:
                    break
        return over

    def send(self, writer: FifoWriter) -> None:
        with said_of(self._spool):
            self._file.seek(0)  # and what was buffered is written
        while block := self._file.read(1 << 20):
            writer.write(block)

    def __enter__(self) -> _Frame:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _take(self, block: bytes) -> bytes:
        room = LARGEST_PART - self.size
        with said_of(self._spool):
            self._file.write(block[:room])
        self.size += min(room, len(block))
        return block[room:]
