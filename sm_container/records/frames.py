"""The records that one block of bytes holds: where each payload lies, as two arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Frames:
    """Whole records, in order. Payload i is ``data[starts[i] : starts[i] + lengths[i]]``.

    ``data`` is uint8 and may be a buffer that the next block overwrites: copy what is to stay.
    ``offsets`` are where the records' first frames begin in the source, ``index`` is the number
    of the first record in it; ``source`` is its name. ``stride`` is how far each payload is from
    the next where all are of one length; 0 where that is not so, or not known.
    """

    data: NDArray[np.uint8]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    offsets: NDArray[np.int64]
    index: int
    source: str
    stride: int = 0

    def __len__(self) -> int:
        return len(self.starts)

    def payload(self, number: int) -> memoryview:
        """The payload of one record, as a view."""
        start = int(self.starts[number])
        view: memoryview = self.data.data[start : start + int(self.lengths[number])]
        return view

    def payloads(self) -> Iterator[memoryview]:
        """The payloads one after another, as views."""
        data, stops = self.data.data, self.starts + self.lengths
        for start, stop in zip(self.starts.tolist(), stops.tolist(), strict=True):
            yield data[start:stop]

    def slice(self, start: int, stop: int) -> Frames:
        """The records from ``start`` up to ``stop`` of these."""
        part: Any = slice(start, stop)
        return Frames(
            self.data,
            self.starts[part],
            self.lengths[part],
            self.offsets[part],
            self.index + start,
            self.source,
            self.stride,
        )
