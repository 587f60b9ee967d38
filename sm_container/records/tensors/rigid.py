"""Records of one length and one form: the constant bytes are compared, the rest is viewed.

Nothing is looked at record by record: each part of all records is one strided array.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sm_container.records.frames import Frames
from sm_container.records.tensors.cuts import Cut, Span, evenly, repeated


class Rigid:
    """The form of a record: its bytes, and the spans in which others of the form differ."""

    def __init__(self, payload: bytes, spans: Sequence[Span]) -> None:
        self.length = len(payload)
        self._spans = spans
        self._constants: list[tuple[int, bytes]] = []
        at = 0
        for start, stop in sorted((span.start, span.stop) for span in spans):
            if at < start:
                self._constants.append((at, payload[at:start]))
            at = stop
        if at < self.length:
            self._constants.append((at, payload[at:]))

    def cuts(self, frames: Frames) -> list[Cut] | None:
        """Every span of all these records, which are of the form's length; None where one is not
        of the form."""
        data, first, stride = _evenly(frames, self.length)
        rows = len(frames)
        for at, constant in self._constants:
            size = len(constant)
            whole = np.dtype((np.void, size))  # copied at once, not byte by byte
            if evenly(data, first + at, stride, rows, size, whole).tobytes() != constant * rows:
                return None
        return [self._cut(span, data, first, stride, rows) for span in self._spans]

    def _cut(self, span: Span, data: NDArray[np.uint8], first: int, stride: int, rows: int) -> Cut:
        size = span.stop - span.start
        items = evenly(data, first + span.start, stride, rows, size, span.dtype)
        return Cut(items, repeated(size, rows))


def runs(frames: Frames, shortest: int) -> list[tuple[int, int]]:
    """The records as runs of equal length; one run of all where such runs would be too short.

    ``shortest`` is how many records a run must have on the average.
    """
    if frames.stride:
        return [(0, len(frames))]
    changes = np.flatnonzero(frames.lengths[1:] != frames.lengths[:-1]) + 1
    if (len(changes) + 1) * shortest > len(frames):
        return [(0, len(frames))]
    edges = [0, *changes.tolist(), len(frames)]
    return list(pairwise(edges))


def are_equally_long(frames: Frames) -> bool:
    """Whether every record has the length of the first."""
    return frames.stride > 0 or bool((frames.lengths == frames.lengths[0]).all())


def _evenly(frames: Frames, length: int) -> tuple[NDArray[np.uint8], int, int]:
    """Where records of this length lie at even distances: data, the first's place, the stride."""
    starts = frames.starts
    if len(starts) == 1 or frames.stride:
        return frames.data, int(starts[0]), frames.stride or length
    stride = int(starts[1] - starts[0])
    if stride > 0 and (starts[1:] - starts[:-1] == stride).all():
        return frames.data, int(starts[0]), stride
    whole = np.dtype((np.void, length))
    places: NDArray[np.void] = np.ndarray(
        (len(frames.data) - length + 1,), whole, frames.data, 0, (1,)
    )
    return places[starts].view(np.uint8), 0, length
