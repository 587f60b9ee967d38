"""What a file holds, by its name and its first bytes: for a person who does not say."""

from __future__ import annotations

from sm_container.records.errors import FormatError
from sm_container.records.format import Format
from sm_container.records.formats import format_of
from sm_container.records.framing import HEADER, MAGIC_WORD

LOOK = 4096
"""How many of a file's first bytes are looked at."""
_PARQUET = b"PAR1"
_RECORDIO = "application/x-recordio"


def guessed(name: str | None, start: bytes) -> Format:
    """The format of a file of this name that begins with these bytes.

    RecordIO is told by its magic word whatever the name says, and what its records are by the
    first of them. Raises FormatError where neither name nor bytes say anything.
    """
    if start.startswith(MAGIC_WORD):
        return format_of(_framed(start))
    if start.startswith(_PARQUET):
        return format_of("application/x-parquet")
    if name is None:
        raise FormatError("these bytes do not say their format: give it with --from")
    return format_of(None, name)


def payload_kind(payload: bytes) -> str:
    """``protobuf``, ``msgpack`` or ``opaque``: what a record's first bytes look like."""
    head = payload[:64]
    if head[:1] in (b"\x0a", b"\x12") and b"\x0a\x06values" in head:
        return "protobuf"
    if head[:1] and head[0] & 0xF0 == 0x80 and (b"\xa8features" in head or b"\xa5label" in head):
        return "msgpack"
    return "opaque"


def _framed(start: bytes) -> str:
    kind = payload_kind(start[HEADER.size :])
    return _RECORDIO if kind == "opaque" else f"{_RECORDIO}-{kind}"
