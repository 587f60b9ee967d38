"""Reading RecordIO: blocks of whole records, or one payload after another."""

from __future__ import annotations

from collections.abc import Iterator

from sm_container.records.errors import OnFault, RecordError
from sm_container.records.faults import end, is_left_out
from sm_container.records.format import Source
from sm_container.records.frames import Frames
from sm_container.records.framing import HEADER, MAGIC_WORD
from sm_container.records.recordio.assembly import Assembly
from sm_container.records.recordio.multipart import Multipart
from sm_container.records.recordio.resync import resynchronise
from sm_container.records.recordio.scan import Chain, scan
from sm_container.records.refill import Refill

BLOCK = 1 << 20
"""Bytes looked at in one go: more no longer fit into the processor's cache, and are slower."""


def read_frames(
    source: Source,
    name: str,
    *,
    multipart: Multipart = Multipart.DMLC,
    on_fault: OnFault = OnFault.RAISE,
    block: int = BLOCK,
) -> Iterator[Frames]:
    """Every record of the source, in blocks of about ``block`` bytes.

    The source is read to its end, and is the caller's to close. Of a source in memory the blocks
    are views; of any other they are views of a buffer that the next block overwrites. Records of
    several parts stand in blocks made for them.

    Raises RecordError at a frame without the magic word, a source that ends within a record, and
    parts that do not belong together; the records before it come first. ``on_fault`` may leave
    such a record out (SKIP, with a warning to the log of ``sm_container.records``) and go on with
    the next that is followed by another or by the end, or end there (STOP, with a warning).
    """
    refill = Refill(source, block)
    assembly = Assembly(name, multipart)
    needed = HEADER.size
    while refill.wait_for(needed) or len(refill) or assembly.is_within_record:
        is_cut = len(refill) < needed
        window = refill.view[: HEADER.size if is_cut else max(refill.lent, block, needed)]
        chain = scan(window)
        try:
            yield from assembly.records(chain, window, refill.offset)
            if chain.is_broken:
                raise assembly.fault(_not_a_frame(window, chain), refill.offset + chain.end)
            if is_cut:
                raise assembly.fault(_cut_off(len(refill), needed), refill.offset)
        except RecordError as error:
            if not is_left_out(error, on_fault):
                return end(error, on_fault)
            assembly.restart()
            refill.consume(min(assembly.resume - refill.offset, len(refill)))
            if not resynchronise(refill, block):
                return
            needed = HEADER.size
        else:
            refill.consume(chain.end)
            needed = chain.needed


def read_records(
    source: Source,
    name: str,
    *,
    multipart: Multipart = Multipart.DMLC,
    on_fault: OnFault = OnFault.RAISE,
    block: int = BLOCK,
) -> Iterator[memoryview]:
    """Every payload of the source, each a view that is valid until the next one is asked for.

    Make ``bytes`` of what is to stay. Faults are as in read_frames.
    """
    for frames in read_frames(source, name, multipart=multipart, on_fault=on_fault, block=block):
        yield from frames.payloads()


def _not_a_frame(window: memoryview, chain: Chain) -> str:
    found = bytes(window[chain.end : chain.end + 4]).hex()
    return (
        f"begins with {found} and not with RecordIO's magic word {MAGIC_WORD.hex()}: "
        "this is damaged, or not RecordIO"
    )


def _cut_off(held: int, needed: int) -> str:
    if not held:
        return "is missing: the source ends there"
    what = "a frame's header" if needed == HEADER.size else "the frame"
    return f"is cut off: {what} is {needed} bytes long, and the source ends after {held}"
