"""``sm-checkpoint.json``: what makes a folder a checkpoint, written into it last.

It names every file with its size and the CRC-32 of each piece of it. The platform copies a
checkpoint file by file, so what comes back from S3 may be a part of one: only a folder whose files
are all as its manifest says is a checkpoint.
"""

from __future__ import annotations

import json
import math
import os
import re
import stat
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from sm_container.contract.checkpoints import is_upload_marker
from sm_container.contract.document import Fields, encoded
from sm_container.contract.errors import ContractError

MANIFEST_NAME = "sm-checkpoint.json"
UNFINISHED_MANIFEST_NAME = "sm-checkpoint.json.unfinished"
FORMAT = 1
PIECE_BYTES = 64 << 20
"""How much one checksum is of: the pieces of a large file are summed on all cores at once."""

_SUM_OF_ALL_BEFORE = re.compile(rb',"crc32":"([0-9a-f]{8})"\}\Z')
_NOT_FINITE = ("nan", "inf", "-inf")
_UNREADABLE = "see that it can be read, or go on from an older checkpoint"


class TornError(ContractError):
    """A file of the checkpoint is not as it was saved, or not there.

    Any other ContractError says that this could not be found out: it may well be whole.
    """

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(path, what, "go on from an older checkpoint")


@dataclass(frozen=True)
class CheckpointFile:
    """One file of a checkpoint. ``name`` is relative to its folder, with ``/`` between parts.

    ``checksums`` has the CRC-32 of each piece, eight hexadecimal digits.
    """

    name: str
    size: int
    checksums: tuple[str, ...]

    def to_document(self) -> dict[str, Any]:
        return {"name": self.name, "size": self.size, "crc32": list(self.checksums)}


@dataclass(frozen=True)
class CheckpointManifest:
    """The facts of one checkpoint: its step, the host that saved it and when (ISO 8601, UTC).

    ``metrics`` are the values that it was saved with, ``files`` all that belongs to it.
    """

    step: int
    host: str
    time: str
    files: tuple[CheckpointFile, ...]
    metrics: Mapping[str, float] = field(default_factory=dict)
    piece_bytes: int = PIECE_BYTES

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)

    def to_bytes(self) -> bytes:
        """The file's content: a JSON object whose last member is the CRC-32 of all before it."""
        content = encoded(
            {
                "format": FORMAT,
                "step": self.step,
                "host": self.host,
                "time": self.time,
                "metrics": {name: _written(value) for name, value in self.metrics.items()},
                "piece_bytes": self.piece_bytes,
                "files": [file.to_document() for file in self.files],
            }
        ).removesuffix(b"}")
        return b'%s,"crc32":"%08x"}' % (content, zlib.crc32(content))

    @classmethod
    def from_bytes(cls, content: bytes, path: Path = Path(MANIFEST_NAME)) -> CheckpointManifest:
        """Parse the content. Raises TornError, which names ``path``, for a damaged one, and
        ContractError for one that this version cannot read."""
        try:
            fields = Fields(json.loads(content), path)
        except (ValueError, RecursionError) as error:
            raise TornError(path, f"is not JSON ({error})") from error
        version = fields.integer("format")
        if version > FORMAT:
            raise ContractError(
                path,
                f"has format {version}, and this version reads no later one than {FORMAT}",
                "install the version of sm-container that wrote it",
            )
        found = _SUM_OF_ALL_BEFORE.search(content)
        if found is None or int(found[1], 16) != zlib.crc32(content[: found.start()]):
            raise TornError(path, "was changed or damaged: its checksum is another")
        piece_bytes = fields.integer("piece_bytes")
        if piece_bytes < 1:
            fields.refuse("piece_bytes", "a number of bytes", piece_bytes)
        return cls(
            step=fields.integer("step"),
            host=fields.text("host"),
            time=fields.text("time"),
            metrics=_metrics(fields.nested("metrics")),
            piece_bytes=piece_bytes,
            files=tuple(_file(each, piece_bytes) for each in fields.objects("files")),
        )

    @classmethod
    def read(cls, folder: Path) -> CheckpointManifest:
        """Read the manifest of a checkpoint's folder; raises as ``from_bytes``, also where there
        is none."""
        path = folder / MANIFEST_NAME
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise TornError(
                path, "is missing: the checkpoint was not finished, or is being written"
            ) from None
        except OSError as error:
            raise ContractError(path, f"cannot be read ({error.strerror})", _UNREADABLE) from error
        return cls.from_bytes(content, path)

    def check_sizes(self, folder: Path) -> None:
        """Raise TornError unless every file is in ``folder``, in its full length.

        Other files beside them, such as the platform's markers, do not matter.
        """
        for file in self.files:
            path = folder / file.name
            try:
                status = path.lstat()
            except (FileNotFoundError, NotADirectoryError):
                raise TornError(path, "is not there") from None
            except OSError as error:
                raise ContractError(
                    path, f"cannot be looked at ({error.strerror})", _UNREADABLE
                ) from error
            if not stat.S_ISREG(status.st_mode):
                raise TornError(path, "is not a regular file")
            if status.st_size != file.size:
                raise TornError(path, f"has {status.st_size} bytes, not {file.size}")

    def check_piece(self, folder: Path, file: CheckpointFile, number: int) -> None:
        """Raise TornError unless one piece of a file has the bytes that were saved."""
        path = folder / file.name
        offset = number * self.piece_bytes
        try:
            found = checksum(path, offset, min(self.piece_bytes, file.size - offset))
        except OSError as error:
            raise ContractError(path, f"cannot be read ({error.strerror})", _UNREADABLE) from error
        if found != file.checksums[number]:
            raise TornError(
                path, f"was changed or damaged in the {self.piece_bytes} bytes from byte {offset}"
            )


def pieces(size: int, piece_bytes: int) -> Iterator[tuple[int, int]]:
    """Offset and length of each piece of a file of ``size`` bytes; none of an empty one."""
    for offset in range(0, size, piece_bytes):
        yield offset, min(piece_bytes, size - offset)


def checksum(path: Path, offset: int, length: int) -> str:
    """The CRC-32 of a part of a file, eight hexadecimal digits; of less where the file ends.

    Fit for threads: nearly all of its time is spent without the interpreter's lock.
    """
    buffer = memoryview(bytearray(min(length, 1 << 20)))
    value = 0
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        while count := os.preadv(descriptor, [buffer[: min(length, len(buffer))]], offset):
            value = zlib.crc32(buffer[:count], value)
            offset += count
            length -= count
    finally:
        os.close(descriptor)
    return f"{value:08x}"


def is_safe_name(name: str) -> bool:
    """Whether a file's name leads to a place in the checkpoint's folder that is not the library's
    own or the platform's."""
    path = PurePosixPath(name)
    return (
        str(path) == name
        and name != "."
        and not path.is_absolute()
        and ".." not in path.parts
        and "\0" not in name
        and name not in (MANIFEST_NAME, UNFINISHED_MANIFEST_NAME)
        and not is_upload_marker(name)
    )


def _file(fields: Fields, piece_bytes: int) -> CheckpointFile:
    file = CheckpointFile(fields.text("name"), fields.integer("size"), fields.texts("crc32"))
    if not is_safe_name(file.name):
        fields.refuse("name", "the name of a file in the checkpoint's folder", file.name)
    if file.size < 0:
        fields.refuse("size", "a number of bytes", file.size)
    if len(file.checksums) != -(-file.size // piece_bytes):
        fields.refuse("crc32", "a checksum for each piece", list(file.checksums))
    return file


def _written(value: float) -> float | str:
    return value if math.isfinite(value) else repr(value)  # JSON has no nan and no inf


def _metrics(fields: Fields) -> dict[str, float]:
    values: dict[str, float] = {}
    for name, value in fields.rest().items():
        if not isinstance(value, float) and value not in _NOT_FINITE:
            fields.refuse(name, "a number", value)
        values[name] = float(value)
    return values
