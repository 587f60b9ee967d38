"""Where a pass gets its bytes: the stream of one FIFO, or the files of a folder."""

from __future__ import annotations

import io
import os
from collections.abc import Generator, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sm_container.channels.ahead import FifoAhead
from sm_container.channels.formats import Choice
from sm_container.channels.gunzip import Gunzipped, is_gzip
from sm_container.channels.lazy import FileSource, ReadAheadFile, in_order
from sm_container.channels.passes import Start
from sm_container.channels.pipe import Interrupted, PipeReader
from sm_container.channels.shuffling import Shuffle, order_of, permuted
from sm_container.channels.wrapped import Objects
from sm_container.contract.inputs import InputMode
from sm_container.records.whole import Whole

if TYPE_CHECKING:
    from sm_container.channels.channel import InputChannel


@dataclass(frozen=True)
class Part:
    """A source of bytes, what it is called, and how it is read."""

    source: io.RawIOBase
    name: str
    objects: Objects


def stream(
    channel: InputChannel,
    objects: Objects,
    timeout: float | None,
    in_thread: bool,
    start: Start,
) -> Generator[Part]:
    """The one part of a pass in Pipe mode. ``in_thread`` says that a thread may read it ahead."""
    path = channel.layout.channel_fifo(channel.name, start.number)
    kind = FifoAhead if in_thread else PipeReader
    reader = kind(path, (channel.stop, start.cancelled), timeout, start.before_wait)
    try:
        yield Part(reader, path.name, objects)
    finally:
        if not reader.met_writer():
            channel.numbers.give_back(start.number)
        reader.close()


def files(
    channel: InputChannel,
    choice: Choice,
    shuffle: Shuffle | None,
    shard: tuple[int, int],
    start: Start,
) -> Generator[Part]:
    """The files of a pass in File and FastFile mode, each closed before the next."""
    paths = channel.files()
    if shuffle is not None:
        paths = permuted(paths, *order_of(shuffle, start.number))
    worker, workers = shard
    paths = paths[worker::workers]
    folder = channel.path

    def check() -> None:
        if channel.stop.is_set or start.cancelled.is_set:
            raise Interrupted(f"channel {channel.name} is not read any further")

    with ExitStack() as stack:
        opened: Iterable[io.RawIOBase]
        if channel.config.training_input_mode is InputMode.FAST_FILE:
            sources = [FileSource(path) for path in paths]
            stack.enter_context(in_order(sources, channel.name))
            opened = (ReadAheadFile(source, check) for source in sources)
        else:
            opened = map(io.FileIO, paths)
        for path, file in zip(paths, opened, strict=True):
            with file:
                yield _part(channel, choice, os.fsdecode(path.relative_to(folder)), file)


def _part(channel: InputChannel, choice: Choice, name: str, file: io.RawIOBase) -> Part:
    objects = choice.of_file(name)
    if isinstance(objects, Whole):
        return Part(file, name, objects)  # the name is a column, and the bytes are as they lie
    called = f"{channel.name}/{name}"
    return Part(Gunzipped(file, called) if is_gzip(name) else file, called, objects)
