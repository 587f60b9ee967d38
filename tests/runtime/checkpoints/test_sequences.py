"""Any sequence of saves, kills, half restores, damage and restarts: a whole checkpoint or none."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sm_container.contract.checkpoints import CheckpointName
from tests.runtime.checkpoints.saving import content, files, names, opened
from tests.runtime.checkpoints.victim import Victim, victim

NEWEST = 2


class Sequences(RuleBasedStateMachine):
    """``sure`` are the steps that have to be found, ``saved`` all states ever given for a step."""

    process: Victim

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="sequence"))
        self.checkpoints = opened(self.folder, newest=NEWEST)
        self.step = 0
        self.turn = 0
        self.sure: set[int] = set()
        self.saved: dict[int, list[dict[str, bytes]]] = {}

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def state(self) -> dict[str, bytes]:
        """Another state each time, in files that are all of the same turn."""
        self.turn += 1
        made = {name: b"%s of turn %d" % (name.encode(), self.turn) for name in ("a", "b/c")}
        self.saved.setdefault(self.step, []).append(made)
        return made

    @rule(further=st.integers(0, 2))
    def save(self, further: int) -> None:
        self.step += further
        self.checkpoints.save(self.step, files(self.state()))
        self.sure = {step for step in self.sure if step != self.step} | {self.step}
        self.sure = set(sorted(self.sure)[-NEWEST:])
        assert len(names(self.folder)) <= NEWEST

    @rule(further=st.integers(0, 2), kill_at=st.integers(0, 70))
    def save_and_kill(self, further: int, kill_at: int) -> None:
        self.step += further
        state = {name: data.decode() for name, data in self.state().items()}
        ended = self.process.save(self.folder, self.step, state, kill_at, NEWEST)
        assert ended in (0, -9)
        latest = opened(self.folder).latest()
        if latest is not None and latest.step == self.step:
            self.sure |= {self.step}
            self.sure = set(sorted(self.sure)[-NEWEST:])

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
        self.checkpoints = opened(self.folder, newest=NEWEST)
        self.checkpoints.latest()  # as a job begins

    @invariant()
    def the_newest_is_whole(self) -> None:
        latest = self.checkpoints.latest()
        assert (latest.step if latest else -1) >= max(self.sure, default=-1)
        if latest is not None:
            assert content(latest) in self.saved[latest.step]


def test_any_sequence() -> None:
    with victim() as process:

        class WithProcess(Sequences):
            pass

        WithProcess.process = process
        case: Any = WithProcess.TestCase
        case.settings = settings(
            max_examples=12,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        case().runTest()
