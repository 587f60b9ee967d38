"""The kernel's FUSE protocol, as far as a read-only file system needs it: requests and replies.

Source: linux/fuse.h, version 7.31; the kernel speaks every older version of it for good. All
numbers are in the machine's own byte order.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Callable
from enum import IntEnum, IntFlag
from typing import NamedTuple

MAJOR = 7
MINOR = 31
OLDEST_MINOR = 23
"""Linux 3.15; before that the reply to INIT was shorter."""

ROOT = 1
"""The node of the mount point."""

REQUEST_BYTES = 64 << 10
"""A buffer that holds each request we get; the kernel wants no less than 8 KiB."""

MAX_READ = 1 << 20
"""The most bytes that one READ asks for."""

NAME_LIMIT = 255
FOREVER = 1 << 30
"""Seconds that the kernel may keep what it was told: nothing here ever changes."""

_PAGE = 4096
_MAX_WRITE = 4096  # the least that the kernel knows, for nothing is written
_BACKGROUND = 128  # readers of many files at once shall not wait for one another


class Opcode(IntEnum):
    """What a request asks for; those that are not named here are answered with ENOSYS."""

    LOOKUP = 1
    FORGET = 2
    GETATTR = 3
    SETATTR = 4
    SYMLINK = 6
    MKNOD = 8
    MKDIR = 9
    UNLINK = 10
    RMDIR = 11
    RENAME = 12
    LINK = 13
    OPEN = 14
    READ = 15
    WRITE = 16
    STATFS = 17
    RELEASE = 18
    SETXATTR = 21
    REMOVEXATTR = 24
    INIT = 26
    READDIR = 28
    CREATE = 35
    INTERRUPT = 36
    DESTROY = 38
    BATCH_FORGET = 42
    FALLOCATE = 43
    READDIRPLUS = 44
    RENAME2 = 45
    COPY_FILE_RANGE = 47
    TMPFILE = 51


UNANSWERED = frozenset({Opcode.FORGET, Opcode.BATCH_FORGET, Opcode.INTERRUPT})
"""No reply may be sent to these. INTERRUPT may be ignored: the reply comes in its time."""

WRITING = frozenset(
    {
        Opcode.SETATTR,
        Opcode.SYMLINK,
        Opcode.MKNOD,
        Opcode.MKDIR,
        Opcode.UNLINK,
        Opcode.RMDIR,
        Opcode.RENAME,
        Opcode.LINK,
        Opcode.WRITE,
        Opcode.SETXATTR,
        Opcode.REMOVEXATTR,
        Opcode.CREATE,
        Opcode.FALLOCATE,
        Opcode.RENAME2,
        Opcode.COPY_FILE_RANGE,
        Opcode.TMPFILE,
    }
)


class Init(IntFlag):
    """What kernel and server agree on."""

    ASYNC_READ = 1 << 0  # several READs of a file at once
    DO_READDIRPLUS = 1 << 13  # a folder is read with the attributes of what it holds
    PARALLEL_DIROPS = 1 << 18
    MAX_PAGES = 1 << 22  # requests of more than 128 KiB
    NO_OPENDIR_SUPPORT = 1 << 24  # folders are opened without asking, and kept


WISHES = (
    Init.ASYNC_READ
    | Init.DO_READDIRPLUS
    | Init.PARALLEL_DIROPS
    | Init.MAX_PAGES
    | Init.NO_OPENDIR_SUPPORT
)

KEEP_CACHE = 1 << 1
"""In the reply to OPEN: the pages of an earlier reader are still good."""

_HEADER = struct.Struct("=IIQQIIIHH")
_OUT = struct.Struct("=IiQ")
_INIT_IN = struct.Struct("=IIII")
_INIT_OUT = struct.Struct("=IIIIHHIIHH32x")
_READ_IN = struct.Struct("=QQI")
_RELEASE_IN = struct.Struct("=Q")
_OPEN_OUT = struct.Struct("=QII")
_ATTRIBUTES = "QQQQQQIIIIIIIIII"
_ATTR_OUT = struct.Struct("=QII" + _ATTRIBUTES)
_ENTRY_OUT = struct.Struct("=QQQQII" + _ATTRIBUTES)
_STATFS_OUT = struct.Struct("=QQQQQIII28x")
_DIRENT = struct.Struct("=QQII")


class ProtocolError(Exception):
    """The kernel speaks a version that this server does not."""


class Attributes(NamedTuple):
    """What stat shows of a node. ``mode`` includes the type, ``modified`` is in nanoseconds.

    A tuple, for it is made for every name of a folder that is read.
    """

    node: int
    size: int
    mode: int
    links: int
    modified: int
    owner: int
    group: int

    def fields(self) -> tuple[int, ...]:
        seconds, nanoseconds = divmod(self.modified, 1_000_000_000)
        times = (seconds, seconds, seconds, nanoseconds, nanoseconds, nanoseconds)
        blocks = (self.size + 511) // 512
        return (
            *(self.node, self.size, blocks, *times),
            *(self.mode, self.links, self.owner, self.group, 0, _PAGE, 0),
        )


class Request(NamedTuple):
    """A request of the kernel: ``unique`` is its number, ``node`` what it is about."""

    opcode: int
    unique: int
    node: int
    body: bytes


LineOf = Callable[[Attributes, bytes, int], bytes]
"""What makes the lines of a folder: `dirent` or `dirent_plus`."""


def request_in(buffer: bytearray) -> Request:
    """The request at the head of a buffer."""
    length, opcode, unique, node, *_ = _HEADER.unpack_from(buffer)
    return Request(opcode, unique, node, bytes(memoryview(buffer)[_HEADER.size : length]))


def name_in(body: bytes) -> bytes:
    """The name that LOOKUP asks for, which ends with a NUL."""
    return body[:-1]


def handle_in(body: bytes) -> int:
    """The handle that RELEASE gives back."""
    handle: int = _RELEASE_IN.unpack_from(body)[0]
    return handle


def range_in(body: bytes) -> tuple[int, int, int]:
    """The handle, offset and size of READ, READDIR and READDIRPLUS."""
    handle, offset, size = _READ_IN.unpack_from(body)
    return handle, offset, size


def reply_header(unique: int, count: int) -> bytes:
    """What goes before ``count`` bytes of a reply."""
    return _OUT.pack(_OUT.size + count, 0, unique)


def reply(unique: int, body: bytes = b"") -> bytes:
    return _OUT.pack(_OUT.size + len(body), 0, unique) + body


def error_reply(unique: int, number: int) -> bytes:
    """A reply that a request failed with ``number`` of errno."""
    return _OUT.pack(_OUT.size, -number, unique)


def init_reply(unique: int, body: bytes, read_ahead: int) -> bytes:
    """Agree on the version and on all of WISHES that the kernel offers.

    ``read_ahead`` is in bytes; the kernel takes it as a bound, and lowers it to its own.

    Raises:
        ProtocolError: for a kernel older than Linux 3.15.
    """
    major, minor, _, offered = _INIT_IN.unpack_from(body)
    if (major, minor) < (MAJOR, OLDEST_MINOR):
        raise ProtocolError(
            f"this kernel speaks version {major}.{minor} of FUSE; Linux 3.15 or later is needed"
        )
    agreed = _INIT_OUT.pack(
        *(MAJOR, min(minor, MINOR), read_ahead, WISHES & offered),
        *(_BACKGROUND, _BACKGROUND * 3 // 4, _MAX_WRITE, 1, MAX_READ // _PAGE, 0),
    )
    return reply(unique, agreed)


def entry_reply(unique: int, found: Attributes) -> bytes:
    return reply(unique, _entry(found))


def no_entry_reply(unique: int) -> bytes:
    """That a name is not there, and never will be: ENOENT would be asked again."""
    return reply(unique, _ENTRY_OUT.pack(0, 0, FOREVER, *(0,) * (3 + 16)))


def attributes_reply(unique: int, attributes: Attributes) -> bytes:
    return reply(unique, _ATTR_OUT.pack(FOREVER, 0, 0, *attributes.fields()))


def open_reply(unique: int, handle: int) -> bytes:
    return reply(unique, _OPEN_OUT.pack(handle, KEEP_CACHE, 0))


def statfs_reply(unique: int, size: int, files: int) -> bytes:
    """A file system of ``size`` bytes that is full."""
    blocks = (size + _PAGE - 1) // _PAGE
    return reply(unique, _STATFS_OUT.pack(blocks, 0, 0, files, 0, _PAGE, NAME_LIMIT, _PAGE))


def dirent(found: Attributes, name: bytes, following: int) -> bytes:
    """One line of READDIR; ``following`` is the offset of the next."""
    kind = stat.S_IFMT(found.mode) >> 12  # as in d_type
    return _DIRENT.pack(found.node, following, len(name), kind) + name + bytes(-len(name) % 8)


def dirent_plus(found: Attributes, name: bytes, following: int) -> bytes:
    """One line of READDIRPLUS: the folder itself and the one above are not looked up by it."""
    entry = bytes(_ENTRY_OUT.size) if name in (b".", b"..") else _entry(found)
    return entry + dirent(found, name, following)


def _entry(found: Attributes) -> bytes:
    return _ENTRY_OUT.pack(found.node, 0, FOREVER, FOREVER, 0, 0, *found.fields())
