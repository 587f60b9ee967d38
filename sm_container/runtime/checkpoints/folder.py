"""A folder of checkpoints as one host uses it: what is whole in it, saving, pruning."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path

from sm_container.contract.checkpoint_manifest import TornError
from sm_container.contract.checkpoints import CheckpointName
from sm_container.contract.errors import ContractError
from sm_container.runtime.checkpoints.checkpoint import Checkpoint
from sm_container.runtime.checkpoints.errors import CheckpointError
from sm_container.runtime.checkpoints.finding import Found, look
from sm_container.runtime.checkpoints.retention import Retention
from sm_container.runtime.checkpoints.sharing import Share
from sm_container.runtime.checkpoints.uploads import Uploads

_saving: ContextVar[Path | None] = ContextVar("saving", default=None)
"""The folder in which this thread is saving: it would wait for itself."""


class CheckpointFolder:
    """The folder at ``path``, of which this host's checkpoints alone are ever removed.

    What is passed over is told in the log, each once. ``uploads`` is for a folder that the platform
    keeps in S3, None for one that it does not.
    """

    def __init__(
        self, path: Path, retention: Retention, share: Share, uploads: Uploads | None
    ) -> None:
        self.path = path
        self.retention = retention
        self.share = share
        self._uploads = uploads
        self._damaged: set[tuple[Path, str]] = set()
        self._told: set[str] = set()

    def whole(self) -> list[Checkpoint]:
        """The checkpoints to load, as far as their sizes tell; the newest last.

        Of a step that was saved again there may be an earlier one, until the later one is in S3.
        """
        found = self._look()
        for each in found.passed_over:
            self.tell(f"passed over: {each.why}")
        return self._sound(found)

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
                    self._damaged.add(candidate.identity)
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
                self._prune(saved)
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
        if self._uploads is None:
            self.tell(f"the job has no CheckpointConfig: nothing copies {self.path} to S3")
        if self.retention.metric is not None and self.retention.metric not in metrics:
            self.tell(
                f"saved without the metric {self.retention.metric}, by which the best are kept: "
                "give it to save(metrics=...)"
            )

    def _look(self) -> Found:
        """What is there now; what is there before the first save was restored."""
        found = look(self.path, self.share.folder_host)
        if self._uploads is not None:
            self._uploads.begin(found.whole)
        return found

    def _sound(self, found: Found) -> list[Checkpoint]:
        return [each for each in found.whole if each.identity not in self._damaged]

    def _make_room(self, size: int | None) -> None:
        """See that a checkpoint has room; where it has not, remove what its save would remove.

        If that is not enough, one more of the newest goes, in the place of the one that waits for
        its upload, or else that one. Nothing goes that would not help.
        """
        from sm_container.runtime.checkpoints.space import free_bytes, short_of_space

        if self._uploads is not None and not self._uploads.has_begun:
            self._look()
        if size is None:
            whole = self._look().whole
            size = whole[-1].size if whole else 0
        if size <= free_bytes(self.path):
            return
        found = self._look()
        self._remove(each.path for each in found.passed_over if each.is_leftover)
        newest = self.retention.newest
        for left, with_next in ((newest - 1, True), (newest - 2, True), (newest - 1, False)):
            kept = self._staying(self._sound(found), max(1, left), with_next)
            going = [each for each in found.whole if each.path not in kept]
            if size <= free_bytes(self.path) + sum(each.size for each in going):
                self._remove(each.path for each in going)
                break
        if size > free_bytes(self.path):
            raise short_of_space(self.path, size)

    def _prune(self, saved: Checkpoint) -> None:
        """Remove what does not stay, and what is left of saves; never the one just saved."""
        found = self._look()
        kept = {saved.path, *self._staying(self._sound(found), self.retention.newest)}
        self._remove(each.path for each in found.passed_over if each.is_leftover)
        self._remove(each.path for each in found.whole if each.path not in kept)

    def _staying(
        self, sound: Sequence[Checkpoint], newest: int, with_next: bool = True
    ) -> set[Path]:
        """Those that stay if ``newest`` do; ``with_next``: also the next that is to get to S3."""
        staying: list[Checkpoint | None] = []
        staying += replace(self.retention, newest=newest).kept(sound)
        if self._uploads is not None:
            standing = self._uploads.standing(sound)
            staying += [standing.arrived, standing.next if with_next else None]
        return {each.path for each in staying if each is not None}

    def _remove(self, paths: Iterable[Path]) -> None:
        from sm_container.runtime.checkpoints.removal import remove

        for path in paths:
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
