"""What this process writes, taken away from it for a while: as a container's output, or to be read.

Both the descriptors and Python's own streams are taken, since pytest has given those files of their
own. While a debugger talks to a person they are given back.
"""

from __future__ import annotations

import os
import selectors
import socket
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

_STREAMS = {1: "stdout", 2: "stderr"}
_CHUNK = 64 << 10


class Output:
    """Takes what is written to the standard output and the standard error, to be read from
    ``stdout`` and ``stderr``, which are the reader's to close.

    Both end with ``end``, whoever else still holds what was written to: a process that was left
    behind, an object that nobody has collected yet. A container's output ends with it, too.
    """

    def __init__(self) -> None:
        self.inside: dict[int, int] = {}
        """What is written to in the place of each descriptor. A pipe, so that a shell's
        ``/dev/stderr`` can be opened."""
        self._passed_on: dict[int, socket.socket] = {}
        read: dict[int, int] = {}
        for descriptor in _STREAMS:
            source, self.inside[descriptor] = os.pipe()
            # A socket can be shut down for all who hold it; a forked child holds everything.
            read[descriptor], self._passed_on[source] = _socket_pair()
        self.stdout, self.stderr = read[1], read[2]
        self._end_seen, self._end = os.pipe()
        self._thread = threading.Thread(target=self._pass_on, name="output", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """All that was written until now can be read, and nothing more. Once, and afterwards
        nothing here is used."""
        for descriptor in self.inside.values():
            os.close(descriptor)
        os.write(self._end, b".")
        self._thread.join()
        os.close(self._end)
        os.close(self._end_seen)

    def _pass_on(self) -> None:
        with selectors.PollSelector() as selector:
            for source in (*self._passed_on, self._end_seen):
                selector.register(source, selectors.EVENT_READ)
            has_ended = False
            while not has_ended:
                for key, _ in selector.select():
                    if key.fd == self._end_seen:
                        has_ended = True
                    elif not self._move(key.fd):
                        selector.unregister(key.fd)
        for source, target in self._passed_on.items():
            os.set_blocking(source, False)
            while self._move(source):
                pass
            os.close(source)
            target.shutdown(socket.SHUT_RDWR)
            target.close()

    def _move(self, source: int) -> bool:
        """Pass on what is there; False where nothing more comes."""
        try:
            data = os.read(source, _CHUNK)
        except BlockingIOError:
            return False
        self._passed_on[source].sendall(data)
        return bool(data)


class Taking:
    """This process's output while it goes to an ``Output``."""

    def __init__(self, output: Output) -> None:
        self._inside = output.inside
        self._kept: dict[int, int] = {}
        self._before: dict[int, TextIO] = {}
        self._own: dict[int, TextIO] = {}

    @property
    def streams(self) -> dict[int, tuple[TextIO, TextIO]]:
        """By descriptor: Python's stream as it was before, and the one in its place."""
        return {each: (self._before[each], self._own[each]) for each in self._own}

    def begin(self) -> None:
        for descriptor, name in _STREAMS.items():
            before: TextIO = getattr(sys, name)
            before.flush()
            self._before[descriptor] = before
            self._kept[descriptor] = os.dup(descriptor)
            self._own[descriptor] = _stream(os.dup(self._inside[descriptor]))
        self.resume()

    def end(self) -> None:
        """As before. A stream that somebody has kept writes to where all is written from now on."""
        for descriptor, name in _STREAMS.items():
            own = self._own[descriptor]
            own.flush()
            setattr(sys, name, self._before[descriptor])
            os.dup2(self._kept[descriptor], descriptor)
            os.dup2(descriptor, own.fileno(), inheritable=False)
            os.close(self._kept[descriptor])

    def resume(self) -> None:
        for descriptor, name in _STREAMS.items():
            os.dup2(self._inside[descriptor], descriptor)
            setattr(sys, name, self._own[descriptor])

    def suspend(self) -> None:
        """Give back what pytest, which knows nothing of this, has not given back by itself."""
        for descriptor, name in _STREAMS.items():
            self._own[descriptor].flush()
            if os.path.sameopenfile(descriptor, self._inside[descriptor]):
                os.dup2(self._kept[descriptor], descriptor)
            if getattr(sys, name) is self._own[descriptor]:
                setattr(sys, name, self._before[descriptor])


_current: list[Taking] = []
"""The takings that are in force, the innermost last: a process's output is the process's."""


@contextmanager
def taking(output: Output) -> Iterator[Taking]:
    """Have what this process writes go to ``output`` while the block runs."""
    taken = Taking(output)
    taken.begin()
    _current.append(taken)
    try:
        yield taken
    finally:
        _current.remove(taken)
        taken.end()


def suspend() -> None:
    """A debugger is about to talk to a person."""
    for taken in reversed(_current):
        taken.suspend()


def resume() -> None:
    """The debugger lets the program go on."""
    for taken in _current:
        taken.resume()


def _stream(descriptor: int) -> TextIO:
    stream = open(  # noqa: SIM115 - whoever keeps it may write to it for ever
        descriptor,
        "w",
        buffering=1,
        encoding="utf-8",
        errors="surrogateescape",
        closefd=False,
    )
    weakref.finalize(stream, os.close, descriptor)
    return stream


def _socket_pair() -> tuple[int, socket.socket]:
    reader, writer = socket.socketpair()
    return reader.detach(), writer
