"""Records made of frames: parts joined, and everything that frames can tell of a fault."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sm_container.records.errors import RecordError
from sm_container.records.frames import Frames
from sm_container.records.framing import FIRST, HEADER, LAST, MAGIC_WORD, MIDDLE, WHOLE
from sm_container.records.recordio.multipart import Multipart
from sm_container.records.recordio.scan import Chain, Places, magic_words, words_of

Flags = NDArray[np.uint8]


@dataclass(eq=False)
class _Unfinished:
    """A record whose last part has not come yet, and the byte of the source it begins at."""

    offset: int
    payload: bytearray


class Assembly:
    """Makes records of a source's chains of frames, one chain after another.

    ``index`` is the number of the next record, ``resume`` the byte of the source from which on
    another record may begin, once an error was raised.
    """

    def __init__(self, source: str, multipart: Multipart) -> None:
        self._source = source
        self._multipart = multipart
        self._unfinished: _Unfinished | None = None
        self.index = 0
        self.resume = 0

    @property
    def is_within_record(self) -> bool:
        """Whether the last part of a record is still to come."""
        return self._unfinished is not None

    def restart(self) -> None:
        """Leave out the record that the last error was about."""
        self._unfinished = None
        self.index += 1

    def records(self, chain: Chain, block: memoryview, offset: int) -> Iterator[Frames]:
        """The records that the chain completes; ``offset`` is the block's in the source.

        Raises RecordError at a part that does not belong where it stands, after what was whole
        before it.
        """
        starts, lengths, flags = chain.starts, chain.lengths, chain.flags
        if not len(starts):
            return
        if flags is None:
            if self._unfinished is None:
                yield self._whole(block, starts, lengths, offset, chain.stride)
                return
            flags = np.zeros(len(starts), np.uint8)
        fault, what = self._first_fault(chain, flags, block)
        begin = 0
        if self._unfinished is not None:
            begin = _after_first(flags[:fault] == LAST)
            self._extend(block, starts[:begin], lengths[:begin], offset)
            if begin and flags[begin - 1] == LAST:
                yield self._finished(self._unfinished)
        end = _last_begin(flags[:fault]) if fault > begin else begin
        part = slice(begin, end)
        if end > begin:
            yield self._joined(block, starts[part], lengths[part], flags[part], offset)
        self._extend(block, starts[end:fault], lengths[end:fault], offset)
        if fault < len(flags):
            at = offset + int(starts[fault]) - HEADER.size
            raise self.fault(what, at, is_begin=bool(flags[fault] <= FIRST))

    def fault(self, what: str, offset: int, *, is_begin: bool = False) -> RecordError:
        """The error for a frame at this byte of the source; of the record that it is to continue,
        where one is unfinished. ``is_begin``: the frame itself begins another record."""
        unfinished = self._unfinished
        self.resume = offset if is_begin and unfinished is not None else offset + 4
        if unfinished is None:
            return RecordError(f"it {what}", source=self._source, index=self.index, offset=offset)
        return RecordError(
            f"its next part, at byte {offset}, {what}",
            source=self._source,
            index=self.index,
            offset=unfinished.offset,
        )

    def _first_fault(self, chain: Chain, flags: Flags, block: memoryview) -> tuple[int, str]:
        """The first frame that does not belong where it stands, and why; the number of frames
        where there is none."""
        continues = (flags == MIDDLE) | (flags == LAST)
        goes_on = (flags == FIRST) | (flags == MIDDLE)
        open_before = np.concatenate(([self.is_within_record], goes_on[:-1]))
        faults = (flags > LAST) | (continues != open_before)
        if self._multipart is Multipart.DMLC:
            foreign = goes_on & (chain.lengths % 4 != 0)
            foreign[_owners_of_magic_words(chain, block)] = True
            foreign &= flags != WHOLE
        else:
            foreign = np.zeros(len(flags), bool)
        wrong = np.flatnonzero(faults | foreign)
        if not len(wrong):
            return len(flags), ""
        first = int(wrong[0])
        if faults[first]:
            return first, _misplaced(int(flags[first]))
        return first, _NOT_DMLC

    def _whole(
        self, block: memoryview, starts: Places, lengths: Places, offset: int, stride: int = 0
    ) -> Frames:
        data = np.frombuffer(block, np.uint8)
        return self._counted(data, starts, lengths, starts + (offset - HEADER.size), stride)

    def _joined(
        self, block: memoryview, starts: Places, lengths: Places, flags: Flags, offset: int
    ) -> Frames:
        """Whole records, parts and all, in a new block in which each payload is in one piece.

        It is the old block without what stands between parts: under DMLC a header's first word
        stays, which is the very magic word that is to be put back.
        """
        if not flags.any():
            return self._whole(block, starts, lengths, offset)
        kept = 4 if self._multipart is Multipart.DMLC else 0
        continuing = np.flatnonzero(flags >= MIDDLE)
        cut_from = (starts + lengths)[continuing - 1] + kept
        cut_to = starts[continuing]
        first, last = int(starts[0]), int(starts[-1] + lengths[-1])
        pieces = zip([first, *cut_to.tolist()], [*cut_from.tolist(), last], strict=True)
        data = np.frombuffer(b"".join([block[begin:end] for begin, end in pieces]), np.uint8)
        cut = np.zeros(len(starts), np.int64)
        cut[continuing] = cut_to - cut_from
        glued = lengths.copy()
        glued[continuing] += kept
        begins = np.flatnonzero(flags <= FIRST)
        return self._counted(
            data,
            starts[begins] - first - np.cumsum(cut)[begins],
            np.add.reduceat(glued, begins),
            starts[begins] + (offset - HEADER.size),
        )

    def _extend(self, block: memoryview, starts: Places, lengths: Places, offset: int) -> None:
        """Put these parts behind what there is of the unfinished record; the first begins one
        where there is none."""
        for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
            if self._unfinished is None:
                self._unfinished = _Unfinished(offset + start - HEADER.size, bytearray())
            elif self._multipart is Multipart.DMLC:
                self._unfinished.payload += MAGIC_WORD
            self._unfinished.payload += block[start : start + length]

    def _finished(self, record: _Unfinished) -> Frames:
        """The record that was unfinished, alone in a block of its own."""
        self._unfinished = None
        return self._counted(
            np.frombuffer(record.payload, np.uint8),
            np.zeros(1, np.int64),
            np.array([len(record.payload)], np.int64),
            np.array([record.offset], np.int64),
        )

    def _counted(
        self,
        data: NDArray[np.uint8],
        starts: Places,
        lengths: Places,
        offsets: Places,
        stride: int = 0,
    ) -> Frames:
        frames = Frames(data, starts, lengths, offsets, self.index, self._source, stride)
        self.index += len(starts)
        return frames


_NOT_DMLC = (
    "is a part as the dmlc (MXNet) writer never makes it, since it cuts a record only where the "
    'magic word stands; choose multipart="concat"'
)


def _misplaced(flag: int) -> str:
    """What is wrong with a frame of this flag that stands where it cannot."""
    if flag > LAST:
        return f"has the flag {flag}, and there are only 0 to 3: the bytes are damaged"
    if flag in (WHOLE, FIRST):
        return (
            "is the beginning of another record: the rest of this one was never written, or is lost"
        )
    return "is a later part of a record whose first part is not before it"


def _owners_of_magic_words(chain: Chain, block: memoryview) -> Places:
    """The frames that have an aligned magic word in their payload, by number."""
    found = magic_words(words_of(block[: chain.end])) * 4
    owners = np.searchsorted(chain.starts, found, side="right") - 1
    found, owners = found[owners >= 0], owners[owners >= 0]
    inside: Places = owners[found + 4 <= (chain.starts + chain.lengths)[owners]]
    return inside


def _after_first(hits: NDArray[np.bool_]) -> int:
    """The number behind the first hit; how many there are where none is one."""
    return int(hits.argmax()) + 1 if hits.any() else len(hits)


def _last_begin(flags: Flags) -> int:
    """Where the record begins that the last frames leave unfinished; behind them all if none."""
    if flags[-1] in (FIRST, MIDDLE):
        return len(flags) - 1 - int((flags[::-1] == FIRST).argmax())
    return len(flags)
