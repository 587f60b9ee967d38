"""A mapping as a checkpoint: numpy arrays in ``.npy`` files, without pickle, and plain bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    State = Mapping[str, ArrayLike | bytes]

_SUFFIX = ".npy"


def write_arrays(folder: Path, state: State) -> None:
    """Write each array as ``NAME.npy``, and bytes as the file NAME.

    Raises TypeError for what is neither, nor numbers, nor text of a fixed width, and ValueError for
    a name that leads out of the folder, or to the file of another.
    """
    import numpy as np

    written: set[Path] = set()
    for name, value in state.items():
        path = folder / (name if isinstance(value, bytes) else f"{name}{_SUFFIX}")
        if not path.is_relative_to(folder) or ".." in path.parts:
            raise ValueError(f"{name!r} leads out of the checkpoint's folder")
        if path in written:
            raise ValueError(f"{name!r} and another are both the file {path.name}: rename one")
        written.add(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(value, bytes):
            path.write_bytes(value)
        else:
            np.save(path, _array(name, value), allow_pickle=False)


def read_arrays(folder: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a folder, by the names that they were written under."""
    import numpy as np

    paths = sorted(folder.rglob(f"*{_SUFFIX}"))
    return {
        path.relative_to(folder).as_posix().removesuffix(_SUFFIX): np.load(path, allow_pickle=False)
        for path in paths
    }


def copied(state: State) -> State:
    """A copy that later changes of the arrays do not reach."""
    return {
        name: value if isinstance(value, bytes) else _array(name, value).copy()
        for name, value in state.items()
    }


def size_of(state: State) -> int:
    """About how many bytes the state takes on the disk."""
    return sum(
        len(value) if isinstance(value, bytes) else _array(name, value).nbytes
        for name, value in state.items()
    )


def _array(name: str, value: ArrayLike) -> NDArray[Any]:
    import numpy as np

    array = np.asanyarray(value)
    if array.dtype.hasobject or isinstance(array, np.ma.MaskedArray):
        raise TypeError(
            f"{name!r} is a {type(value).__name__} that has no form without pickle: give arrays of "
            "numbers, or bytes, or a function that writes into the folder it is given"
        )
    return array
