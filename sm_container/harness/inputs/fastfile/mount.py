"""A channel's objects as read-only files in a folder: what is read is fetched when it is read.

Source: CreateTrainingJob, TrainingInputMode FastFile.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from sm_container.harness.inputs.fastfile.device import let_read_ahead, mount_device, unmount
from sm_container.harness.inputs.fastfile.errors import MountError
from sm_container.harness.inputs.fastfile.handles import FileHandle, Handle, ReaderHandle
from sm_container.harness.inputs.fastfile.mounts import find_mount
from sm_container.harness.inputs.fastfile.protocol import MAX_READ
from sm_container.harness.inputs.fastfile.server import Server
from sm_container.harness.inputs.fastfile.tree import Tree
from sm_container.harness.inputs.listing import InputObject
from sm_container.harness.inputs.stored_object import StoredObject
from sm_container.readahead.ahead import ReadAhead
from sm_container.storage.files import said_of
from sm_container.storage.local import LocalStore
from sm_container.storage.store import Store

_SPLICED = 1020 << 10  # a page less than a pipe holds, for the header takes one

READ_AHEAD = 2 * _SPLICED
"""Bytes that the kernel reads ahead in a file of this machine, where it lets us say so."""

_SECONDS = 30.0


@dataclass(frozen=True)
class MountStatistics:
    """The bytes that were read of each file that was read, by its path below the mount, and the
    seconds in which reads waited for bytes."""

    read: dict[str, int]
    waited: float = 0.0

    @property
    def total(self) -> int:
        return sum(self.read.values())


class Mount:
    """Made by `mount`; stands until it is closed."""

    def __init__(
        self, path: Path, server: Server, objects: Sequence[InputObject], read_ahead: ReadAhead
    ) -> None:
        self.path = path
        self._server = server
        self._read_ahead = read_ahead
        self._objects = objects
        self._lock = threading.Lock()
        self._is_closed = False

    def __enter__(self) -> Mount:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def statistics(self) -> MountStatistics:
        """What was read so far, also of a mount that is closed."""
        sent = self._server.bytes_sent().items()
        read = {self._objects[index].path: count for index, count in sent}
        return MountStatistics(read, self._server.seconds_waited())

    def close(self) -> None:
        """Unmount, at once even if files are open, and end all threads; again is no error.

        Who still reads, also in a container, gets an error (ENOTCONN; ECONNABORTED for what was
        asked just then).

        Raises:
            MountError: where it cannot be unmounted; nobody is served any more all the same.
        """
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
        try:
            if find_mount(self.path) is not None:
                unmount(self.path)
        finally:
            self._server.close()
            self._read_ahead.hint((), of=self.path)


def mount(
    objects: Sequence[InputObject],
    store: Store,
    mountpoint: Path,
    *,
    read_ahead: ReadAhead,
    everyone: bool,
    on_fault: Callable[[str, Exception], None],
) -> Mount:
    """Mount objects of a store at ``mountpoint``, an empty folder, in the order of their listing.

    Objects are read by ``read_ahead``, which several mounts may share, and the next ones in the
    order ahead of their being opened; files of this machine are read straight. ``everyone`` lets
    other users read too: root's mount in a container needs it. ``on_fault`` is told, in any thread,
    the path of a file that cannot be read, once, and why ("" where it is about no file); programs
    see ESTALE where an object changed since it was listed, else EIO.

    Raises:
        MountError: where it cannot be mounted; `device.availability` may say so before.
    """
    tree = Tree(
        ((item.path, item.object.size, item.object.modified) for item in objects),
        since=time.time(),
    )
    open_file, may_wait = _opening(objects, store, mountpoint, read_ahead)
    max_read, ahead = (MAX_READ, MAX_READ) if may_wait else (_SPLICED, READ_AHEAD)

    def tell(index: int | None, error: Exception) -> None:
        on_fault("" if index is None else objects[index].path, error)

    device = mount_device(mountpoint, everyone=everyone, max_read=max_read)
    try:
        server = Server(device, tree, open_file, tell, may_wait=may_wait, read_ahead=ahead)
    except BaseException:
        os.close(device)
        unmount(mountpoint)
        raise
    mounted = Mount(mountpoint, server, objects, read_ahead)
    if not server.wait_until_ready(_SECONDS):
        mounted.close()
        raise MountError(f"{mountpoint} cannot be mounted: the kernel does not answer")
    let_read_ahead(mountpoint, ahead)
    return mounted


def _opening(
    objects: Sequence[InputObject], store: Store, mountpoint: Path, read_ahead: ReadAhead
) -> tuple[Callable[[int], Handle], bool]:
    """How a file is opened, and whether its reads may have to wait."""
    if isinstance(store, LocalStore):
        return lambda index: _open_local(store, objects[index]), False
    sources = [StoredObject(store, item.object) for item in objects]
    read_ahead.hint(sources, of=mountpoint)
    return lambda index: ReaderHandle(read_ahead.open(sources[index])), True


def _open_local(store: LocalStore, item: InputObject) -> FileHandle:
    file = store.local_file(item.object)
    with said_of(item.object.uri):
        return FileHandle.open(item.object.uri, file)
