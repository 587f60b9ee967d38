"""The checkpoints that a job is to find: a folder, files by name, or this library's by step."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sm_container.contract.checkpoints import CheckpointName
from sm_container.harness.request.extensions import absolute
from sm_container.runtime.checkpoints.arrays import write_arrays
from sm_container.runtime.checkpoints.writing import write_checkpoint
from sm_container.testing.jobs.data import write_files
from sm_container.testing.jobs.describing import HOST

State = Mapping[str, Any] | Callable[[Path], object]
"""As ``job.checkpoints.save`` takes it: arrays, bytes or text by name, or a function that writes
into the folder it is given."""

Given = bool | str | os.PathLike[str] | Mapping[int, State] | Mapping[str, bytes | str]
"""Whether there is a CheckpointConfig, with nothing at its S3Uri yet (True); a folder that stands
for S3Uri, or the URI; checkpoints as this library writes them, by step; or any files by name."""


def checkpoint_uri(given: Given, folder: Path, hosts: Sequence[str | None] = (None,)) -> str | None:
    """S3Uri: ``folder``, with what was given in it, or the one that was given; None for no
    CheckpointConfig.

    ``hosts`` are those that save each their own checkpoints, (None,) where one saves for all.

    Raises:
        TypeError, ValueError: for what can be in no checkpoint.
    """
    if isinstance(given, str | os.PathLike):
        return absolute(os.fspath(given))
    if given is False:
        return None
    folder.mkdir(parents=True)
    if given is True:
        return str(folder)
    if all(isinstance(step, int) for step in given):
        for step, state in given.items():
            assert isinstance(step, int)
            for host in hosts:
                name = CheckpointName(step, host=host)
                write_checkpoint(folder, name, _writing(state), host or HOST, {})
    else:
        write_files({str(name): _content(each) for name, each in given.items()}, folder)
    return str(folder)


def _writing(state: Any) -> Callable[[Path], object]:
    if callable(state):
        return state  # type: ignore[no-any-return]
    encoded = {
        name: value.encode() if isinstance(value, str) else value for name, value in state.items()
    }
    return lambda folder: write_arrays(folder, encoded)


def _content(given: Any) -> bytes | str:
    if not isinstance(given, bytes | str):
        raise TypeError(
            f"a checkpoint's file has bytes or text, not a {type(given).__name__}; "
            "checkpoints of this library are given by their steps, which are numbers"
        )
    return given
