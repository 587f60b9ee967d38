"""Answers the kernel's requests for one mount: names and attributes by the tree, bytes by handles.

What is in memory the threads that read the device answer themselves, and files of this machine too.
A read that may have to wait goes to a worker, one at a time for each handle and in the order in
which the kernel asked, so that reading ahead sees a sequence.
"""

from __future__ import annotations

import errno
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from sm_container.harness.inputs.fastfile import protocol
from sm_container.harness.inputs.fastfile.handles import Handle
from sm_container.harness.inputs.fastfile.protocol import Opcode, Request
from sm_container.harness.inputs.fastfile.replies import GONE, WITHDRAWN, Replies
from sm_container.harness.inputs.fastfile.tree import Tree
from sm_container.harness.inputs.fastfile.workers import Workers
from sm_container.storage.errors import ObjectChangedError

OnFault = Callable[["int | None", Exception], None]
"""Told the place in the listing of a file that cannot be read (None: it is about no file), and why;
once a file. Raises nothing."""

_THREADS = 8
"""They wait by turns, and almost all of their work is the kernel's; on a busy machine each has a
share of the processors."""
_WORKERS = 128


@dataclass(slots=True)
class _Opened:
    """A handle, the bytes it gave, its reads under way and those that wait for their turn."""

    index: int
    handle: Handle
    sent: int = 0
    reads: int = 0
    is_released: bool = False
    waiting: deque[tuple[int, int, int]] = field(default_factory=deque)
    is_busy: bool = False


class Server:
    """Serves one device, which it owns, until it is unmounted or closed.

    ``open_file`` opens the file at a place in the listing. ``may_wait`` says that reads may take
    long and want their order: then one thread alone takes the requests. ``read_ahead`` is what the
    kernel may read ahead, in bytes.
    """

    def __init__(
        self,
        device: int,
        tree: Tree,
        open_file: Callable[[int], Handle],
        on_fault: OnFault,
        *,
        may_wait: bool,
        read_ahead: int,
    ) -> None:
        self._device = device
        self._replies = Replies(device)
        self._tree = tree
        self._open_file = open_file
        self._on_fault = on_fault
        self._may_wait = may_wait
        self._read_ahead = read_ahead
        self._lock = threading.Lock()
        self._opened: dict[int, _Opened] = {}
        self._last = 0
        self._sent: dict[int, int] = {}
        self._waiting = 0  # reads that have no reply yet
        self._waiting_since = 0.0
        self._waited = 0.0
        self._faulty: set[int | None] = set()
        self._is_closing = False
        self._end = os.eventfd(0, os.EFD_CLOEXEC)
        self._ready = threading.Event()
        self._workers = Workers(_WORKERS, "fastfile reader")
        self._answers: dict[int, Callable[[Request], bytes | None]] = {
            Opcode.INIT: self._agree,
            Opcode.LOOKUP: self._look_up,
            Opcode.GETATTR: self._attributes,
            Opcode.OPEN: self._open,
            Opcode.READ: self._read,
            Opcode.RELEASE: self._release,
            Opcode.READDIR: partial(self._read_folder, protocol.dirent),
            Opcode.READDIRPLUS: partial(self._read_folder, protocol.dirent_plus),
            Opcode.STATFS: self._statfs,
        }
        self._threads = [
            threading.Thread(target=self._serve, name="fastfile", daemon=True)
            for _ in range(1 if may_wait else _THREADS)
        ]
        for thread in self._threads:
            thread.start()

    def wait_until_ready(self, seconds: float) -> bool:
        """Whether kernel and server have agreed on how they talk."""
        return self._ready.wait(seconds)

    def bytes_sent(self) -> dict[int, int]:
        """The bytes that were read of each file that was, by its place in the listing."""
        with self._lock:
            sent = dict(self._sent)
            for opened in self._opened.values():
                sent[opened.index] = sent.get(opened.index, 0) + opened.sent
        return sent

    def seconds_waited(self) -> float:
        """How long reads have waited for bytes that were not here; several at once count once."""
        with self._lock:
            now = time.monotonic() - self._waiting_since if self._waiting else 0.0
            return self._waited + now

    def close(self) -> None:
        """End all threads and let go of the device: who still reads gets an error."""
        self._is_closing = True
        os.eventfd_write(self._end, 1)
        for thread in self._threads:
            thread.join()
        for number in list(self._opened):
            self._close(number)
        self._workers.close()
        self._replies.close()
        os.close(self._end)

    def _serve(self) -> None:
        buffer = bytearray(protocol.REQUEST_BYTES)
        with select.epoll() as poll:
            # A request wakes one thread; the end wakes all.
            poll.register(self._device, select.EPOLLIN | select.EPOLLEXCLUSIVE)
            poll.register(self._end, select.EPOLLIN)
            while not self._is_closing:
                try:
                    os.readv(self._device, [buffer])
                except BlockingIOError:
                    poll.poll()
                except OSError as error:
                    if error.errno in GONE:
                        return
                    if error.errno not in WITHDRAWN:
                        self._report(None, error)
                        return
                else:
                    self._take(protocol.request_in(buffer))

    def _take(self, request: Request) -> None:
        """Answer one request, or see to it that it will be."""
        if request.opcode in protocol.UNANSWERED:
            return
        try:
            answer = self._answers.get(request.opcode, _refuse)(request)
            if answer is not None:
                self._replies.send([answer])
        except Exception as error:  # noqa: BLE001 - whoever asked waits for ever without a reply
            self._fail(None, request.unique, error)

    def _agree(self, request: Request) -> bytes:
        answer = protocol.init_reply(request.unique, request.body, self._read_ahead)
        self._ready.set()
        return answer

    def _look_up(self, request: Request) -> bytes:
        name = protocol.name_in(request.body)
        found = self._tree.folder(request.node).children.get(name)
        if found is None:
            return protocol.no_entry_reply(request.unique)
        return protocol.entry_reply(request.unique, self._tree.attributes(found))

    def _attributes(self, request: Request) -> bytes:
        return protocol.attributes_reply(request.unique, self._tree.attributes(request.node))

    def _statfs(self, request: Request) -> bytes:
        return protocol.statfs_reply(request.unique, self._tree.total, self._tree.nodes)

    def _read_folder(self, line_of: protocol.LineOf, request: Request) -> bytes:
        _, offset, size = protocol.range_in(request.body)
        lines = bytearray()
        listed = self._tree.listed(request.node, offset)
        for following, (found, name) in enumerate(listed, offset + 1):
            line = line_of(found, name, following)
            if len(lines) + len(line) > size:
                break
            lines += line
        return protocol.reply(request.unique, bytes(lines))

    def _open(self, request: Request) -> bytes | None:
        index = self._tree.index(request.node)
        try:
            handle = self._open_file(index)
        except Exception as error:  # noqa: BLE001 - it is told to whoever opens, and reported
            self._fail(index, request.unique, error)
            return None
        with self._lock:
            self._last += 1
            self._opened[self._last] = _Opened(index, handle)
            return protocol.open_reply(request.unique, self._last)

    def _release(self, request: Request) -> bytes:
        number = protocol.handle_in(request.body)
        with self._lock:
            opened = self._opened[number]
            opened.is_released = True
            is_idle = not opened.reads
        if is_idle:  # else a read has been answered, but still holds the bytes
            self._close(number)
        return protocol.reply(request.unique)

    def _close(self, number: int) -> None:
        with self._lock:
            opened = self._opened.pop(number)
            self._sent[opened.index] = self._sent.get(opened.index, 0) + opened.sent
        opened.handle.close()

    def _read(self, request: Request) -> bytes | None:
        number, offset, size = protocol.range_in(request.body)
        with self._lock:
            opened = self._opened[number]
            count = min(size, self._tree.size(opened.index) - offset)
            if count <= 0:
                return protocol.reply(request.unique)
            opened.reads += 1
            opened.sent += count  # before the reply: who has the bytes may ask for the count
            if self._may_wait:
                if not self._waiting:
                    self._waiting_since = time.monotonic()
                self._waiting += 1
                opened.waiting.append((request.unique, offset, count))
                is_served, opened.is_busy = opened.is_busy, True
        if not self._may_wait:
            self._send(number, opened, request.unique, offset, count)
        elif not is_served:
            self._workers.give(partial(self._send_waiting, number, opened))
        return None

    def _send_waiting(self, number: int, opened: _Opened) -> None:
        while True:
            with self._lock:
                if not opened.waiting:
                    opened.is_busy = False
                    return
                read = opened.waiting.popleft()
            self._send(number, opened, *read)

    def _send(self, number: int, opened: _Opened, unique: int, offset: int, count: int) -> None:
        """Reply with all of the bytes or an error: fewer would shorten the file for good."""
        try:
            opened.handle.send(self._replies, unique, offset, count)
        except Exception as error:  # noqa: BLE001 - it is told to whoever reads, and reported
            with self._lock:
                opened.sent -= count
            self._fail(opened.index, unique, error)
        with self._lock:
            if self._may_wait:
                self._waiting -= 1
                if not self._waiting:
                    self._waited += time.monotonic() - self._waiting_since
            opened.reads -= 1
            is_last = opened.is_released and not opened.reads and number in self._opened
        if is_last:
            self._close(number)

    def _fail(self, index: int | None, unique: int, error: Exception) -> None:
        number = errno.ESTALE if isinstance(error, ObjectChangedError) else errno.EIO
        try:
            self._replies.send([protocol.error_reply(unique, number)])
        except OSError as fault:  # the thread goes on: others wait for their replies
            self._report(None, fault)
        self._report(index, error)

    def _report(self, index: int | None, error: Exception) -> None:
        with self._lock:
            if self._is_closing or index in self._faulty:
                return
            self._faulty.add(index)
        self._on_fault(index, error)


def _refuse(request: Request) -> bytes:
    """What a read-only file system does not do, or leaves to the kernel from then on."""
    number = errno.EROFS if request.opcode in protocol.WRITING else errno.ENOSYS
    return protocol.error_reply(request.unique, number)
