"""Where a fault comes from that the reader of a stream has found: the object at the byte it says.

A stream has no objects in it, so a RecordError says the byte of ``train_0`` at which the record
begins. The feeder knows what it sent there.
"""

from __future__ import annotations

import re
from itertools import islice

from sm_container.contract.inputs import Compression, RecordWrapper
from sm_container.harness.inputs.augmented_manifest import Value
from sm_container.harness.inputs.pipe.channel import PipeChannel
from sm_container.harness.inputs.pipe.stream import values
from sm_container.harness.inputs.pipe.trace import Trace
from sm_container.storage.objects import Object

# The text of a RecordError; "object N" where objects are wrapped, and their records are inside.
_PLACE = re.compile(
    r"\bRecordError: (?P<fifo>[\w.-]+_\d+)(?:, object \d+ at byte (?P<object>\d+))?"
    r"(?:, record \d+)?(?:, byte (?P<byte>\d+))?: "
)


def origin(failure: str, channel: PipeChannel, trace: Trace) -> str | None:
    """What lies at the byte of the channel's stream that a failure names, in a sentence.

    None where the failure names none of the epoch that is traced, the channel's last.
    """
    found = _PLACE.search(failure)
    fifo = f"{channel.name}_{trace.epoch}"
    if found is None or found["fifo"] != fifo or (found["object"] or found["byte"]) is None:
        return None
    offset = int(found["object"] or found["byte"])
    place = trace.place(offset)
    if place < 0:
        return None
    before, value = [None, *islice(values(channel, trace.epoch), place + 1)][-2:]
    where = f"channel {channel.name!r}: byte {offset} of {fifo}"
    if found["object"] is not None or channel.wrapper is RecordWrapper.RECORD_IO:
        return f"{where} lies in {_named(value)}"
    unpacked = " unpacked" if channel.compression is Compression.GZIP else ""
    said = f"{where} is byte {offset - trace.starts[place]} of {_named(value)}{unpacked}"
    if before is None:
        return said
    return f"{said}; if that is sound, the one before it ends within a record: {_named(before)}"


def _named(value: Value | None) -> str:
    return value.uri if isinstance(value, Object) else "a manifest's text"
