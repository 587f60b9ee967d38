"""PyTorch modules, optimizers and random states as a checkpoint. torch is imported when needed."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sm_container.runtime.checkpoints.errors import CheckpointError

_RANDOM = "random"


class TorchState:
    """Objects with a ``state_dict``, by name: modules, optimizers, schedulers, scalers.

    With them go the random states of torch, CUDA, Python and numpy. ``write`` is what
    ``job.checkpoints.save`` takes, ``snapshot`` what ``save_async`` takes, and ``restore`` what
    ``restore`` takes. Files are read back without executing what they hold (``weights_only``).
    """

    def __init__(self, **objects: Any) -> None:
        if not objects or _RANDOM in objects:
            raise TypeError(f"give objects by names of your choice, but not {_RANDOM}")
        for name, each in objects.items():
            if not (hasattr(each, "state_dict") and hasattr(each, "load_state_dict")):
                raise TypeError(f"{name} is a {type(each).__name__}, which has no state_dict")
        self._objects = objects

    def write(self, folder: Path) -> None:
        """Write ``NAME.pt`` for each object, and ``random.pt``. Raises CheckpointError for a state
        that could not be read back."""
        _write(folder, self._states())

    def snapshot(self) -> Callable[[Path], None]:
        """Copy the states to the memory of the host; gives a function that writes the copy."""
        states = _copied(self._states(), {})
        return lambda folder: _write(folder, states)

    def restore(self, folder: Path, map_location: Any = "cpu") -> None:
        """Load the states into the objects, which keep their devices, and the random states.

        ``map_location`` is where the states are before that, as of ``torch.load``. Raises
        CheckpointError where the checkpoint is of other objects.
        """
        for name, each in self._objects.items():
            each.load_state_dict(_read(folder / f"{name}.pt", map_location))
        _set_random(_read(folder / f"{_RANDOM}.pt", "cpu"))

    def _states(self) -> dict[str, Any]:
        states = {name: each.state_dict() for name, each in self._objects.items()}
        return {**states, _RANDOM: _random()}


def _write(folder: Path, states: Mapping[str, Any]) -> None:
    import torch

    for name, state in states.items():
        path = folder / f"{name}.pt"
        torch.save(state, path)
        _read(path, "cpu", mmap=True)


def _read(path: Path, map_location: Any, mmap: bool | None = None) -> Any:
    import pickle

    import torch

    if not path.exists():
        raise CheckpointError(
            path, "is not in the checkpoint", "name the same objects as when it was saved"
        )
    try:
        return torch.load(path, map_location=map_location, weights_only=True, mmap=mmap)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            path,
            f"holds more than tensors and plain values ({str(error).splitlines()[0]})",
            "leave that out of the state_dict, or allow it with torch.serialization",
        ) from error


def _copied(state: Any, copies: dict[Any, Any]) -> Any:
    """A copy in the host's memory; tensors that are one and the same stay so."""
    import torch

    if isinstance(state, torch.Tensor):
        place = (state.device, state.data_ptr(), state.dtype, state.shape, state.stride())
        if state.numel() == 0 or place not in copies:
            copies[place] = state.detach().to("cpu", copy=True)
        return copies[place]
    if isinstance(state, dict):
        copied = copy.copy(state)  # with what a module's state says of versions
        copied.update((name, _copied(value, copies)) for name, value in state.items())
        return copied
    if type(state) in (list, tuple):
        return type(state)(_copied(value, copies) for value in state)
    return copy.deepcopy(state)


def _random() -> dict[str, Any]:
    import random

    import numpy as np
    import torch

    state: Any = np.random.get_state(legacy=True)
    kind, key, *rest = state
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "python": random.getstate(),
        "numpy": (kind, torch.from_numpy(key.astype(np.int64)), *rest),
    }


def _set_random(states: Mapping[str, Any]) -> None:
    import random

    import numpy as np
    import torch

    torch.set_rng_state(states["torch"])
    if len(states["cuda"]) == torch.cuda.device_count():  # else they are of another machine
        torch.cuda.set_rng_state_all(states["cuda"])
    random.setstate(states["python"])
    kind, key, *rest = states["numpy"]
    np.random.set_state((kind, key.numpy().astype(np.uint32), *rest))
