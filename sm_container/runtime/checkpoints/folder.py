"""A folder of checkpoints as one host uses it: what is whole in it, saving, pruning."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path

from sm_container.contract.checkpoint_manifest import TornError
from sm_container.contract.checkpoints import CheckpointName
from sm_container.contract.errors import ContractError
from sm_container.runtime.checkpoints.checkpoint import Checkpoint
from sm_container.runtime.checkpoints.errors import CheckpointError
from sm_container.runtime.checkpoints.finding import look
from sm_container.runtime.checkpoints.retention import Retention
from sm_container.runtime.checkpoints.sharing import Share

_saving: ContextVar[Path | None] = ContextVar("saving", default=None)
"""The folder in which this thread is saving: it would wait for itself."""


class CheckpointFolder:
    """The folder at ``path``, of which this host's checkpoints alone are ever removed.

    What is passed over is told in the log, each once. ``is_copied`` says whether the platform keeps
    the folder in S3.
    """

    def __init__(
        self, path: Path, retention: Retention, share: Share, is_copied: bool = True
    ) -> None:
        self.path = path
        self.retention = retention
        self.share = share
        self._is_copied = is_copied
        self._damaged: set[Path] = set()
        self._told: set[str] = set()

    def whole(self) -> list[Checkpoint]:
        """The checkpoints to load, as far as their sizes tell; the newest last."""
        found = look(self.path, self.share.folder_host)
        for each in found.passed_over:
            self.tell(f"passed over: {each.why}")
        return [each for each in found.whole if each.path not in self._damaged]

    def steps_everywhere(self) -> set[int]:
        """The steps of which each host that saves has a whole checkpoint here."""
        saving = self.share.folder_hosts
        steps = [{each.step for each in look(self.path, host).whole} for host in saving]
        return set.intersection(*steps)

    def first_sound(self, candidates: Iterable[Checkpoint]) -> Checkpoint | None:
        """The first whose files are, to the byte, as they were saved; None where none is."""
        for candidate in candidates:
            try:
                candidate.verify()
            except ContractError as fault:
                if isinstance(fault, TornError):
                    self._damaged.add(candidate.path)
                self.tell(f"passed over: {fault}")
            else:
                return candidate
        return None

    def name_of(self, step: int) -> CheckpointName:
        """The name of a checkpoint that this host saves. Raises ValueError for a step that cannot
        be, TypeError for one that is no integer."""
        try:
            number = operator.index(step)
        except TypeError:
            raise TypeError(f"a checkpoint's step is an integer, not {step!r}") from None
        return CheckpointName(number, host=self.share.folder_host)

    def save(
        self,
        name: CheckpointName,
        write: Callable[[Path], object],
        metrics: Mapping[str, float],
        size: int | None = None,
    ) -> Checkpoint:
        """Write a checkpoint and remove those that do not stay; waits for another that is written.

        ``size`` is about how many bytes it will take; None for as many as the last. Raises what
        ``write`` raises, and CheckpointError.
        """
        from sm_container.runtime.checkpoints.locking import locked
        from sm_container.runtime.checkpoints.writing import write_checkpoint

        if _saving.get() == self.path:
            raise CheckpointError(self.path, "save was called while it was saving", "call it after")
        self._warn(metrics)
        _make(self.path)
        with locked(self.path):
            token = _saving.set(self.path)
            try:
                self._make_room(size)
                saved = write_checkpoint(self.path, name, write, self.share.host, metrics)
                self._prune(self.retention, saved)
            finally:
                _saving.reset(token)
        return saved

    def tell(self, text: str) -> None:
        """Write a line into the log, unless it was written before."""
        if text not in self._told:
            import logging

            self._told.add(text)
            logging.getLogger("sm_container").warning("checkpoints: %s", text)

    def _warn(self, metrics: Mapping[str, float]) -> None:
        if not self._is_copied:
            self.tell(f"the job has no CheckpointConfig: nothing copies {self.path} to S3")
        if self.retention.metric is not None and self.retention.metric not in metrics:
            self.tell(
                f"saved without the metric {self.retention.metric}, by which the best are kept: "
                "give it to save(metrics=...)"
            )

    def _make_room(self, size: int | None) -> None:
        """See that a checkpoint has room; where it has not, remove what its save would remove."""
        from sm_container.runtime.checkpoints.space import free_bytes, short_of_space

        if size is None:
            whole = look(self.path, self.share.folder_host).whole
            size = whole[-1].size if whole else None
        if size is None or size <= free_bytes(self.path):
            return
        self._prune(replace(self.retention, newest=max(1, self.retention.newest - 1)))
        if size > free_bytes(self.path):
            raise short_of_space(self.path, size)

    def _prune(self, retention: Retention, saved: Checkpoint | None = None) -> None:
        """Remove what does not stay, and what is left of saves; never the one just saved."""
        from sm_container.runtime.checkpoints.removal import remove

        found = look(self.path, self.share.folder_host)
        sound = [each for each in found.whole if each.path not in self._damaged]
        kept = {each.path for each in (*retention.kept(sound), *([saved] if saved else []))}
        leftovers = [each.path for each in found.passed_over if each.is_leftover]
        for path in (*leftovers, *(each.path for each in found.whole if each.path not in kept)):
            try:
                remove(path)
            except OSError as error:
                self.tell(f"cannot be removed, and stays until the next save: {error}")


def _make(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(
            path, f"cannot be made ({error.strerror})", "make the folder above it writable"
        ) from error
