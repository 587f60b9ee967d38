"""Memory for large arrays that is used again once nobody has it.

New memory is slow: the system zeroes each page as it is first written to. Of the batches of a pass
only a few are there at a time, so the memory of those that are gone does for those that come.
"""

from __future__ import annotations

import math
import mmap
import weakref
from collections import deque
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

_HUGE_PAGE = 2 << 20
_SMALLEST = _HUGE_PAGE
"""Bytes of an array for which all this pays."""
_MADV_FREE = 8  # it has no name in an interpreter that was built on an old system


class ArrayPool:
    """Makes arrays, and keeps the memory of the last ``spare`` of them that are gone.

    An array is gone when nothing refers to it any more, nor to what views its memory: a slice, a
    memoryview, a tensor, an Arrow buffer. What is spare is still the system's to take back as soon
    as it is short of memory. Arrays below 2 MiB and arrays of objects are numpy's own.
    """

    def __init__(self, spare: int) -> None:
        self._spare: deque[mmap.mmap] = deque(maxlen=spare)

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """An array of whatever its memory holds."""
        size = math.prod(shape) * dtype.itemsize
        if size < _SMALLEST or dtype.hasobject:
            return np.empty(shape, dtype)
        whole = -(-size // _HUGE_PAGE) * _HUGE_PAGE
        memory = self._taken(whole) or _mapped(whole)
        array: NDArray[Any] = np.ndarray(shape, dtype, memory)
        # Since the memory is no array, every view of it refers to this one.
        weakref.finalize(array, self._give_back, memory).atexit = False
        return array

    def _taken(self, size: int) -> mmap.mmap | None:
        for memory in list(self._spare):
            if len(memory) == size:
                with suppress(ValueError):  # another thread was first
                    self._spare.remove(memory)
                    return memory
        return None

    def _give_back(self, memory: mmap.mmap) -> None:
        with suppress(OSError):  # where memory cannot be left to the system, it is freed
            memory.madvise(_MADV_FREE)
            self._spare.append(memory)


def _mapped(size: int) -> mmap.mmap:
    memory = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(OSError):  # a system without huge pages
        memory.madvise(mmap.MADV_HUGEPAGE)
    return memory
