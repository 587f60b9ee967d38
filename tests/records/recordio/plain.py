"""A reader of RecordIO as plain as can be, frame by frame, to hold the quick one against."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from sm_container.records.recordio import Multipart

MAGIC = bytes.fromhex("0a23d7ce")


@dataclass
class Plain:
    """What should be read: (index, offset, payload) of the records, (index, offset) of faults."""

    records: list[tuple[int, int, bytes]] = field(default_factory=list)
    faults: list[tuple[int | None, int | None]] = field(default_factory=list)


def plain(data: bytes, multipart: Multipart, *, skip: bool = False) -> Plain:
    """Read all; up to the first fault, or with ``skip`` beyond every one."""
    result = Plain()
    at = index = 0
    parts: list[bytes] = []
    begin = 0
    while at < len(data) or parts:
        frame = frame_at(data, at)
        flag = frame[0] if frame else -1
        if not parts:
            begin = at
        if (
            frame is None
            or flag > 3
            or (flag in (2, 3)) != bool(parts)
            or foreign(frame, multipart)
        ):
            result.faults.append((index, begin))
            if not skip:
                return result
            at = next_record(data, at if parts and flag in (0, 1) else at + 4)
            parts = []
            index += 1
            continue
        parts.append(frame[1])
        at += 8 + len(frame[1]) + -len(frame[1]) % 4
        if flag in (0, 3):
            glue = MAGIC if multipart is Multipart.DMLC else b""
            result.records.append((index, begin, glue.join(parts)))
            parts = []
            index += 1
    return result


def frame_at(data: bytes, at: int) -> tuple[int, bytes] | None:
    """The flag and the payload of the frame at this byte; None where there is no whole one."""
    if data[at : at + 4] != MAGIC or at + 8 > len(data):
        return None
    (word,) = struct.unpack_from("<I", data, at + 4)
    length = word & (1 << 29) - 1
    if at + 8 + length + -length % 4 > len(data):
        return None
    return word >> 29, data[at + 8 : at + 8 + length]


def foreign(frame: tuple[int, bytes], multipart: Multipart) -> bool:
    """Whether this is a part that the dmlc writer never makes, and dmlc is what is read."""
    flag, payload = frame
    if multipart is Multipart.CONCAT or flag == 0:
        return False
    return (flag in (1, 2) and len(payload) % 4 > 0) or MAGIC in words(payload)


def next_record(data: bytes, at: int) -> int:
    """Where the next record begins, behind which a frame or the end follows."""
    while at < len(data):
        frame = frame_at(data, at)
        if frame is not None and frame[0] <= 3:
            end = at + 8 + len(frame[1]) + -len(frame[1]) % 4
            if end == len(data) or data[end : end + 4] == MAGIC:
                if frame[0] in (0, 1):
                    return at
                at = end
                continue
        at += 4
    return len(data)


def words(payload: bytes) -> Iterator[bytes]:
    return (payload[at : at + 4] for at in range(0, len(payload), 4))


def framed(payload: bytes, flag: int = 0) -> bytes:
    """One frame."""
    header = struct.pack("<II", 0xCED7230A, flag << 29 | len(payload))
    return header + payload + bytes(-len(payload) % 4)
