"""Multipart uploads: parts in a folder beside the buckets, put together when all are there.

They outlast the service: an upload goes on where it was.
Source: Amazon S3 User Guide, "Uploading and copying objects using multipart upload".
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from sm_container.service.s3.errors import S3Error
from sm_container.service.s3.root import UPLOADS, Root

MOST_PARTS = 10_000
SMALLEST_PART = 5 << 20
"""Bytes of every part but the last. Source: "Amazon S3 multipart upload limits"."""

_ID = re.compile(r"[0-9a-f]{32}")
_PART = re.compile(r"(\d{5})\.([0-9a-f]{32})")
_FACTS = "upload.json"
_STEP = 64 << 20


@dataclass(frozen=True)
class Part:
    """``etag`` is the MD5 of its bytes, in hexadecimal."""

    number: int
    etag: str
    path: Path

    @property
    def size(self) -> int:
        return self.path.stat().st_size


@dataclass(frozen=True)
class Upload:
    """An upload that has begun; ``headers`` are kept with its object."""

    id: str
    folder: Path
    bucket: str
    key: str
    headers: dict[str, str]

    @property
    def began(self) -> Path:
        """The file whose time is that of its beginning."""
        return self.folder / _FACTS

    def parts(self) -> list[Part]:
        """In the order of their numbers."""
        found = []
        for name in sorted(os.listdir(self.folder)):
            match = _PART.fullmatch(name)
            if match is not None:
                found.append(Part(int(match[1]), match[2], self.folder / name))
        return found

    def partial(self) -> Path:
        """A name for a part that is being written."""
        return self.folder / f"{uuid.uuid4().hex}.partial"

    def add(self, number: int, etag: str, written: Path, root: Root) -> None:
        """Make a file that was written a part, in the place of one of the same number."""
        with root.settling:
            for each in self.parts():
                if each.number == number:
                    each.path.unlink()
            written.rename(self.folder / f"{number:05d}.{etag}")

    def end(self) -> None:
        """Forget it, and its parts."""
        shutil.rmtree(self.folder)


def begin(root: Root, bucket: str, key: str, headers: dict[str, str]) -> Upload:
    folder = root.path / UPLOADS / uuid.uuid4().hex
    folder.mkdir(parents=True)
    facts = {"bucket": bucket, "key": key, "headers": headers}
    written = folder / f"{_FACTS}.partial"
    written.write_text(json.dumps(facts))
    written.rename(folder / _FACTS)
    return Upload(folder.name, folder, bucket, key, headers)


def find(root: Root, bucket: str, key: str, id: str) -> Upload:
    """An upload of an object.

    Raises:
        S3Error: where there is none, or no longer.
    """
    upload = _read(root.path / UPLOADS / id) if _ID.fullmatch(id) else None
    if upload is None or (upload.bucket, upload.key) != (bucket, key):
        raise S3Error(
            "NoSuchUpload",
            "The specified upload does not exist: it may have been aborted or completed",
            404,
        )
    return upload


def every(root: Root, bucket: str) -> list[Upload]:
    """The uploads of a bucket, by their keys."""
    folder = root.path / UPLOADS
    found = [_read(each) for each in folder.iterdir()] if folder.is_dir() else []
    of_bucket = [each for each in found if each is not None and each.bucket == bucket]
    return sorted(of_bucket, key=lambda each: (each.key, each.id))


def chosen(upload: Upload, document: Element) -> list[Part]:
    """The parts that a CompleteMultipartUpload document names.

    Raises:
        S3Error: where they are not there as it says.
    """
    there = {each.number: each for each in upload.parts()}
    found: list[Part] = []
    for each in document.iter("Part"):
        number, etag = each.findtext("PartNumber", ""), each.findtext("ETag", "").strip().strip('"')
        part = there.get(int(number)) if re.fullmatch(r"\d{1,5}", number) else None
        if part is None or part.etag != etag:
            raise S3Error(
                "InvalidPart",
                f"Part {number} could not be found, or its ETag is not that of what was uploaded",
            )
        if found and found[-1].number >= part.number:
            raise S3Error("InvalidPartOrder", "The parts have to be in the order of their numbers")
        found.append(part)
    if not found:
        raise S3Error("MalformedXML", "The document names no part")
    small = [each.number for each in found[:-1] if each.size < SMALLEST_PART]
    if small:
        raise S3Error(
            "EntityTooSmall", f"Part {small[0]} has less than {SMALLEST_PART} bytes, not the last"
        )
    return found


def join(parts: Sequence[Part], target: Path) -> str:
    """Write parts one after the other; gives the ETag of the whole."""
    digest = hashlib.md5(usedforsecurity=False)
    with target.open("wb") as file:
        for part in parts:
            digest.update(bytes.fromhex(part.etag))
            with part.path.open("rb") as source:
                _append(source.fileno(), file.fileno(), part.size)
    return f"{digest.hexdigest()}-{len(parts)}"


def blocks(file: int, start: int, end: int) -> Iterator[bytes]:
    """The bytes of a range of a file."""
    while start < end:
        block = os.pread(file, min(1 << 20, end - start), start)
        if not block:
            raise S3Error("InternalError", "The source was cut while it was copied", 500)
        start += len(block)
        yield block


def _append(source: int, target: int, size: int) -> None:
    """In the kernel: one file system has them both."""
    while size:
        count = os.copy_file_range(source, target, min(size, _STEP))
        if not count:
            raise S3Error("InternalError", "A part was cut while it was copied", 500)
        size -= count


def _read(folder: Path) -> Upload | None:
    """The upload in a folder; None where there is none, or none any more."""
    try:
        facts = json.loads((folder / _FACTS).read_bytes())
    except FileNotFoundError:
        return None
    return Upload(folder.name, folder, facts["bucket"], facts["key"], facts["headers"])
