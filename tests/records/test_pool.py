"""Memory that is used again: only what nobody has, no more than is bounded, and the system's."""

from __future__ import annotations

import gc
import pickle
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from sm_container.records.batch import Batch
from sm_container.records.pool import ArrayPool

ROWS = 8192
SHAPE = (ROWS, 100)
"""3.2 MB of float32."""


class Subclass(np.ndarray):
    """As pandas, masked arrays and others derive theirs."""


def made(pool: ArrayPool, value: float) -> np.ndarray:
    array = pool.empty(SHAPE, np.dtype(np.float32))
    array[...] = value
    return array


def place(array: np.ndarray) -> int:
    return int(array.__array_interface__["data"][0])


KEPT: dict[str, Callable[[np.ndarray], Any]] = {
    "the array": lambda array: array,
    "a slice": lambda array: array[5:7],
    "a slice of a slice": lambda array: array[5:][::2, 3],
    "another shape": lambda array: array.reshape(-1),
    "another dtype": lambda array: array.view(np.uint32).view(np.float32),
    "a subclass": lambda array: array[1:].view(Subclass)[1:],
    "a masked array": lambda array: np.ma.masked_less(array, 0, copy=False)[1:],
    "broadcast": lambda array: np.broadcast_to(array[0], (3, 100)),
    "strides": lambda array: np.lib.stride_tricks.as_strided(array, (3,), (4,)),
    "a memoryview": lambda array: memoryview(array)[3:],
    "its data": lambda array: array[9:].data,
    "from its buffer": lambda array: np.frombuffer(memoryview(array).cast("B"), np.float32),
    "DLPack": lambda array: np.from_dlpack(array),
    "out of band": lambda array: pickle.PickleBuffer(array[1:]),
    "a batch": lambda array: Batch({"features": array}).slice(2, 5)["features"],
    "an Arrow array": lambda array: Batch({"label": array.reshape(-1)}).to_arrow()["label"],
    "an Arrow buffer": lambda array: np.frombuffer(pa.py_buffer(array), np.float32),
}


@pytest.mark.parametrize("kept", KEPT)
def test_what_somebody_has_is_never_used_again(kept: str) -> None:
    pool = ArrayPool(spare=2)
    array = made(pool, 7)
    before = place(array)
    held = KEPT[kept](array)
    del array

    others = [made(pool, -1) for _ in range(4)]
    assert before not in map(place, others)
    assert (np.asarray(held) == 7).all()
    del held
    gc.collect()
    assert place(made(pool, -1)) == before


def test_a_tensor_keeps_its_memory() -> None:
    torch = pytest.importorskip("torch")
    pool = ArrayPool(spare=2)
    array = made(pool, 7)
    before = place(array)
    tensor = Batch({"features": array}).to_torch()["features"][1:]
    del array

    others = [made(pool, -1) for _ in range(4)]
    assert before not in map(place, others)
    assert bool((tensor == torch.tensor(7)).all())
    del tensor
    assert place(made(pool, -1)) == before


def test_a_pickled_batch_is_a_copy() -> None:
    pool = ArrayPool(spare=1)
    array = made(pool, 7)
    before = place(array)
    pickled = pickle.dumps(Batch({"features": array}), protocol=5)
    del array

    assert place(made(pool, -1)) == before
    assert (pickle.loads(pickled)["features"] == 7).all()


def test_only_the_last_that_are_gone_are_kept() -> None:
    pool = ArrayPool(spare=3)
    arrays = [made(pool, 0) for _ in range(10)]
    memories = [weakref.ref(array.base) for array in arrays]
    del arrays

    assert sum(memory() is not None for memory in memories) == 3


def test_other_sizes_make_room_in_the_end() -> None:
    pool = ArrayPool(spare=2)
    small = weakref.ref(made(pool, 0).base)
    dtype = np.dtype(np.uint8)
    larger = [pool.empty((size << 20,), dtype) for size in (9, 11)]
    assert small() is not None

    del larger
    assert small() is None


def test_nothing_is_left_of_a_pool_that_is_gone() -> None:
    pool = ArrayPool(spare=2)
    spare, array = weakref.ref(made(pool, 0).base), made(pool, 0)
    other = made(pool, 7)
    held = weakref.ref(other.base)
    del pool, array

    assert (other == 7).all()
    del other
    assert spare() is None
    assert held() is None


def test_the_system_may_take_what_is_spare() -> None:
    pool = ArrayPool(spare=1)
    size = 64 << 20
    array = pool.empty((size,), np.dtype(np.uint8))
    array[...] = 1
    before = _dirty()
    del array

    assert before - _dirty() > size // 2
    array = pool.empty((size,), np.dtype(np.uint8))
    array[...] = 2  # and then it is no longer the system's
    assert _dirty() > before - size // 2
    assert (array == 2).all()


def _dirty() -> int:
    """Bytes of this process that the system could not drop without writing them somewhere."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("Private_Dirty:"))
    return int(line.split()[1]) << 10


@pytest.mark.parametrize(
    ("shape", "dtype"), [((), "f4"), ((0, 9), "f4"), ((1000,), "i8"), ((1 << 20,), object)]
)
def test_small_arrays_and_objects_are_numpys_own(shape: tuple[int, ...], dtype: Any) -> None:
    array = ArrayPool(spare=2).empty(shape, np.dtype(dtype))
    assert array.shape == shape
    assert array.flags.owndata


def test_an_array_is_as_any_other() -> None:
    array = made(ArrayPool(spare=1), 0)
    flags = array.flags
    assert (flags.c_contiguous, flags.aligned, flags.writeable) == (True, True, True)
    assert array.nbytes == ROWS * 100 * 4


def test_threads_never_get_the_same_memory() -> None:
    pool = ArrayPool(spare=4)
    faults: list[str] = []

    def use(number: int) -> None:
        held: list[np.ndarray] = []
        for turn in range(60):
            held.append(made(pool, number))
            if turn % 3 == 0:
                held.pop(0)
            if any((array != number).any() for array in held):
                faults.append(f"thread {number}, turn {turn}")
            del held[:-2]

    threads = [threading.Thread(target=use, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
