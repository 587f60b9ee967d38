"""Many records of one form whose lengths differ, read side by side: a step for all at a time.

The form comes from one parsed record: bytes that all records must have, lengths that each has for
itself, and what they are the lengths of. A step is a few numpy operations over every record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sm_container.records.frames import Frames
from sm_container.records.protobuf.forms import Form
from sm_container.records.protobuf.parser import Parser
from sm_container.records.tensors.cuts import Cut, cut

_LONGEST_LENGTH = 4  # bytes of a varint that says a length: up to 256 MB


@dataclass(frozen=True)
class _Constant:
    """These bytes stand here."""

    value: bytes


@dataclass(frozen=True)
class _Open:
    """The length of a message, which begins after it."""


@dataclass(frozen=True)
class _Close:
    """Here ends the message that was opened last."""


@dataclass(frozen=True)
class _Piece:
    """A length, and so many bytes that are a piece of the record."""

    number: int


_Step: TypeAlias = "_Constant | _Open | _Close | _Piece"


class Template:
    """The form of a regular record, for records of any length."""

    def __init__(self, parser: Parser, form: Form) -> None:
        self.form = form
        self._spans = form.spans
        self._varints = form.varints
        self._steps = _steps(parser, form)

    def match(self, frames: Frames, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[Cut]]:
        """Those of the records ``rows`` that are of this form, and their pieces."""
        state = _State(frames, rows)
        places: dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
        for step in self._steps:
            if isinstance(step, _Constant):
                state.expect(step.value)
            elif isinstance(step, _Open):
                state.open()
            elif isinstance(step, _Close):
                state.close()
            else:
                size = state.length()
                places[step.number] = state.at, size
                state.advance(size)
            if not state.fits.any():
                return rows[:0], []
        state.end()
        for number, (start, size) in places.items():
            self._check(number, start, size, state)
        found = np.flatnonzero(state.fits)
        cuts = [
            cut(frames.data, places[number][0][found], places[number][1][found], span.dtype)
            for number, span in enumerate(self._spans)
        ]
        return rows[found], cuts

    def _check(
        self, number: int, start: NDArray[np.int64], size: NDArray[np.int64], state: _State
    ) -> None:
        """A piece of fixed numbers is whole ones, and one of varints ends with a last byte."""
        width = self._spans[number].dtype.itemsize
        if width > 1:
            state.fits &= size % width == 0
        if number in self._varints:
            state.fits &= (size == 0) | (state.byte(start + size - 1) < 0x80)


class _State:
    """Where each record is read; ``fits`` says of which all was as it should be so far.

    A record that does not fit goes on being read, anywhere in the block: positions are held within
    it. What a record that fits has read is its own, since it ended where the record ends.
    """

    def __init__(self, frames: Frames, rows: NDArray[np.int64]) -> None:
        self._data = frames.data
        self._last = len(frames.data) - 1
        self.at: NDArray[np.int64] = frames.starts[rows]
        self._ends = [self.at + frames.lengths[rows]]
        self.fits = np.ones(len(rows), bool)

    def byte(self, at: NDArray[np.int64]) -> NDArray[np.uint8]:
        return self._data.take(at, mode="clip")

    def expect(self, value: bytes) -> None:
        """Every record has these bytes next."""
        done = 0
        for width in (8, 4, 2, 1):
            while len(value) - done >= width:
                if self._last + 1 < width:
                    self.fits[:] = False
                    return
                dtype = np.dtype(f"<u{width}")
                windows: NDArray[np.unsignedinteger] = np.ndarray(
                    (self._last + 2 - width,), dtype, self._data, 0, (1,)
                )
                wanted = np.frombuffer(value, dtype, 1, done)[0]
                found = windows[np.minimum(self.at + done, self._last + 1 - width)]
                self.fits &= found == wanted
                done += width
        self.at = self.at + done

    def length(self) -> NDArray[np.int64]:
        """The length that every record has next; none is read beyond it."""
        byte = self.byte(self.at)
        value = (byte & 0x7F).astype(np.int64)
        self.at = self.at + 1
        more = byte >= 0x80
        for place in range(1, _LONGEST_LENGTH):
            if not more.any():
                break
            byte = self.byte(self.at) * more  # 0 for a length that has ended
            value += (byte & 0x7F).astype(np.int64) << 7 * place
            self.at += more
            more = byte >= 0x80
        self.fits &= ~more
        return value

    def advance(self, size: NDArray[np.int64]) -> None:
        self.at = self.at + size

    def open(self) -> None:
        size = self.length()
        self._ends.append(self.at + size)

    def close(self) -> None:
        self.fits &= self.at == self._ends.pop()

    def end(self) -> None:
        self.close()


def _steps(parser: Parser, form: Form) -> list[_Step]:
    """What to expect of a record of the form, from its beginning to its end."""
    numbers = {piece[0].at: number for number, piece in enumerate(form.pieces)}
    steps: list[_Step] = []
    stops: list[int] = []
    at = 0

    def constant(stop: int) -> None:
        nonlocal at
        if at < stop:
            steps.append(_Constant(parser.data[at:stop]))
            at = stop

    def up_to(place: int) -> None:
        while stops and stops[-1] <= place:
            constant(stops.pop())
            steps.append(_Close())
        constant(place)

    for mark in parser.marks:
        up_to(mark.at)
        at = mark.start
        if mark.at in numbers:
            steps.append(_Piece(numbers[mark.at]))
            at = mark.stop
        else:
            steps.append(_Open())
            stops.append(mark.stop)
    up_to(len(parser.data))
    return steps
