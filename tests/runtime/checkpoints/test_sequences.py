"""Any sequence of saves, kills, half restores, damage and restarts: a whole checkpoint or none."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sm_container.contract.checkpoint_manifest import MANIFEST_NAME
from sm_container.contract.checkpoints import UPLOADED_SUFFIX, CheckpointName
from sm_container.runtime.checkpoints.checkpoint import Checkpoint
from sm_container.runtime.checkpoints.checkpoints import Checkpoints
from tests.runtime.checkpoints.saving import content, files, mark_uploaded, names, opened
from tests.runtime.checkpoints.victim import Victim, victim

NEWEST = 2
UPLOADS = 2
"""How many more stay at the most where the platform copies them."""


class Sequences(RuleBasedStateMachine):
    """``sure`` are the steps that have to be found, ``saved`` all states ever given for a step."""

    process: Victim
    is_copied: bool

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="sequence"))
        self.checkpoints = self.opened()
        self.step = 0
        self.turn = 0
        self.sure: set[int] = set()
        self.restored: set[tuple[Path, str]] = set()
        self.saved: dict[int, list[dict[str, bytes]]] = {}

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def opened(self) -> Checkpoints:
        return opened(self.folder, newest=NEWEST, is_copied=self.is_copied)

    def is_one_in_s3(self) -> bool:
        """Whether a kill without a warning leaves anything, on a platform that copies."""
        return self.is_copied and any(
            is_marked(each) or (each.path, each.time) in self.restored
            for each in self.checkpoints._whole()
        )

    def state(self) -> dict[str, bytes]:
        """Another state each time, in files that are all of the same turn."""
        self.turn += 1
        made = {name: b"%s of turn %d" % (name.encode(), self.turn) for name in ("a", "b/c")}
        self.saved.setdefault(self.step, []).append(made)
        return made

    @rule(further=st.integers(0, 2))
    def save(self, further: int) -> None:
        self.step += further
        was_one_in_s3 = self.is_one_in_s3()
        self.checkpoints.save(self.step, files(self.state()))
        assert self.is_one_in_s3() or not was_one_in_s3
        self.sure = {step for step in self.sure if step != self.step} | {self.step}
        self.sure = set(sorted(self.sure)[-NEWEST:])
        assert len(names(self.folder)) <= NEWEST + (UPLOADS if self.is_copied else 0)

    @rule(further=st.integers(0, 2), kill_at=st.integers(0, 70))
    def save_and_kill(self, further: int, kill_at: int) -> None:
        self.step += further
        state = {name: data.decode() for name, data in self.state().items()}
        ended = self.process.save(
            self.folder, self.step, state, kill_at, NEWEST, is_copied=self.is_copied
        )
        assert ended in (0, -9)
        latest = opened(self.folder).latest()
        if latest is not None and latest.step == self.step:
            self.sure |= {self.step}
            self.sure = set(sorted(self.sure)[-NEWEST:])

    @precondition(lambda self: self.is_copied and self.checkpoints.all())
    @rule(data=st.data())
    def upload(self, data: st.DataObject) -> None:
        mark_uploaded(data.draw(st.sampled_from(self.checkpoints.all())).path)

    @precondition(lambda self: any(self.folder.rglob("*")))
    @rule(data=st.data(), how=st.sampled_from(["lose", "cut", "flip", "lose all"]))
    def tear(self, data: st.DataObject, how: str) -> None:
        """As a restore of a half, or a disk, does it; whoever looks then has just started."""
        path = data.draw(st.sampled_from(sorted(self.folder.rglob("*"))))
        name = CheckpointName.parse(path.relative_to(self.folder).parts[0])
        assert name is not None
        self.sure.discard(name.step)
        if how == "lose all" or path.is_dir():
            shutil.rmtree(self.folder / str(name))
        elif how == "lose":
            path.unlink()
        elif how == "cut":
            path.write_bytes(path.read_bytes()[:-1])
        elif path.stat().st_size:
            damaged = bytearray(path.read_bytes())
            damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= 1 << data.draw(
                st.integers(0, 7)
            )
            path.write_bytes(damaged)
        self.restart()

    @rule()
    def restart(self) -> None:
        self.checkpoints = self.opened()
        self.checkpoints.latest()  # as a job begins
        self.restored = {(each.path, each.time) for each in self.checkpoints._whole()}

    @invariant()
    def the_newest_is_whole(self) -> None:
        latest = self.checkpoints.latest()
        assert (latest.step if latest else -1) >= max(self.sure, default=-1)
        if latest is not None:
            assert content(latest) in self.saved[latest.step]


def is_marked(checkpoint: Checkpoint) -> bool:
    marked = [MANIFEST_NAME, *(file.name for file in checkpoint.manifest.files)]
    return all((checkpoint.path / f"{name}{UPLOADED_SUFFIX}").exists() for name in marked)


@pytest.mark.parametrize("is_copied", [True, False])
def test_any_sequence(is_copied: bool) -> None:
    with victim() as process:

        class WithProcess(Sequences):
            pass

        WithProcess.process = process
        WithProcess.is_copied = is_copied
        case: Any = WithProcess.TestCase
        case.settings = settings(
            max_examples=8,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        case().runTest()
