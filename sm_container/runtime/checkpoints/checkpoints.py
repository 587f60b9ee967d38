"""``job.checkpoints``: save, find, restore.

Source: developer guide, "Use Checkpoints in Amazon SageMaker".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, SupportsFloat

from sm_container.runtime.checkpoints.background import Background
from sm_container.runtime.checkpoints.checkpoint import Checkpoint
from sm_container.runtime.checkpoints.folder import CheckpointFolder
from sm_container.runtime.checkpoints.retention import last_of_each_step

if TYPE_CHECKING:
    from sm_container.runtime.checkpoints.arrays import State

Write = Callable[[Path], object]
Deferred = Callable[[], AbstractContextManager[object]]


class WhenBusy(Enum):
    """What ``save_async`` does while the save before it is still being written."""

    WAIT = "wait"
    """It waits until that is done."""
    SKIP = "skip"
    """It leaves this save out."""


class Checkpoints:
    """The checkpoints of a job.

    One save is written at a time on a host, whichever thread or process asks for it; others wait.
    It can be pickled, and used in a forked process, which knows nothing of a save that its parent
    has under way.
    """

    def __init__(self, folder: CheckpointFolder, deferred: Deferred = nullcontext) -> None:
        """``deferred`` makes a context in which a stop is not raised."""
        self._folder = folder
        self._deferred = deferred
        self._background = Background()

    @property
    def path(self) -> Path:
        """The folder that holds them, which the platform keeps in S3."""
        return self._folder.path

    def save(
        self,
        step: int,
        state: Write | State,
        *,
        metrics: Mapping[str, SupportsFloat] | None = None,
    ) -> Checkpoint | None:
        """Save what training needs to go on after ``step``; it is on the disk when this returns.

        ``state`` is a function that writes files into the folder it is given, or a mapping of
        numpy arrays and bytes. An earlier checkpoint of the step gives way to it. None on a host
        that does not save.

        Raises what the function raises, and CheckpointError for a full disk and the like; then the
        checkpoints before are whole, and the program may go on. An error of a save in the
        background that was not raised yet comes first, and nothing is saved.
        """
        self.wait()
        name, values = self._folder.name_of(step), _floats(metrics)
        write, size = _written(state)
        if not self._folder.share.saves:
            return None
        with self._deferred():
            return self._folder.save(name, write, values, size)

    def save_async(
        self,
        step: int,
        state: Callable[[], Write] | State,
        *,
        metrics: Mapping[str, SupportsFloat] | None = None,
        when_busy: WhenBusy = WhenBusy.WAIT,
    ) -> bool:
        """Copy the state in memory now, and save the copy in a thread; says whether it will be.

        ``state`` is a function that makes the copy and returns another that writes it, or a
        mapping as for ``save``. At most one save is under way: while one is, this waits for it, or
        with ``WhenBusy.SKIP`` does nothing. What goes wrong in the thread is raised by the next
        call, or at the job's end.
        """
        if self._background.is_busy and when_busy is WhenBusy.SKIP:
            return False
        self.wait()
        name, values = self._folder.name_of(step), _floats(metrics)
        if not self._folder.share.saves:
            return False
        write, size = _snapshot(state)
        self._background.start(lambda: self._folder.save(name, write, values, size))
        return True

    def wait(self) -> None:
        """Wait for a save in the background; raises what went wrong in it."""
        self._background.wait()

    def all(self) -> list[Checkpoint]:
        """The checkpoints whose files are all there in full, the newest last; of each step the one
        that was saved last.

        The files are not read; ``Checkpoint.verify`` does that.
        """
        return last_of_each_step(self._whole())

    def latest(self) -> Checkpoint | None:
        """The newest checkpoint that is whole and as it was saved; None where there is none.

        Reads all of its files once: one that was damaged is passed over.
        """
        return self._folder.first_sound(reversed(self._whole()))

    def best(self) -> Checkpoint | None:
        """The best by the policy's metric, verified as ``latest``; None where none has a value."""
        return self._folder.first_sound(self._folder.retention.ranked(self.all()))

    def latest_everywhere(self) -> Checkpoint | None:
        """As ``latest``, of the newest step of which every host that saves has a checkpoint.

        For hosts that save each their own and must go on from the same step. Call it before the
        first save: what other hosts save later does not come here.
        """
        mine = self._whole()
        steps = self._folder.steps_everywhere()
        return self._folder.first_sound(each for each in reversed(mine) if each.step in steps)

    def restore(self, read: Callable[[Path], object]) -> Checkpoint | None:
        """Call ``read`` with the folder of the latest checkpoint; gives that, or None without one.

        Raises what ``read`` raises.
        """
        newest = self.latest()
        if newest is not None:
            read(newest.path)
        return newest

    def _whole(self) -> list[Checkpoint]:
        """Also what another save of its step will replace: it counts where that one is damaged."""
        self.wait()
        return self._folder.whole()

    def __enter__(self) -> Checkpoints:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """The job's end: waits, and raises what went wrong unless the job failed before."""
        try:
            self.wait()
        except Exception as fault:
            if error is None:
                raise
            self._folder.tell(f"a checkpoint was not saved: {fault}")

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_background": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _background=Background())


def _floats(metrics: Mapping[str, SupportsFloat] | None) -> dict[str, float]:
    return {name: float(value) for name, value in (metrics or {}).items()}


def _written(state: Write | State) -> tuple[Write, int | None]:
    """A function that writes the state, and about how many bytes; None where nobody knows."""
    if not isinstance(state, Mapping):
        return _called(state), None
    from sm_container.runtime.checkpoints.arrays import size_of, write_arrays

    return (lambda folder: write_arrays(folder, state)), size_of(state)


def _snapshot(state: Callable[[], Write] | State) -> tuple[Write, int | None]:
    """The same of a copy of the state."""
    if not isinstance(state, Mapping):
        return _called(_called(state)()), None
    from sm_container.runtime.checkpoints.arrays import copied

    return _written(copied(state))


def _called(state: Any) -> Any:
    if not callable(state):
        raise TypeError(
            "a checkpoint is saved from a function that writes into the folder it is given, or "
            f"from a mapping of arrays and bytes, not from a {type(state).__name__}"
        )
    return state
