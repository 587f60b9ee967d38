"""``kill -9`` at each step of a save: what was whole stays whole, and nothing torn is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest

from tests.runtime.checkpoints.saving import content, names, opened, steps
from tests.runtime.checkpoints.victim import Victim, victim

NEW = {"weights.bin": "the new weights", "optimizer/state.bin": "the new state"}
OLD = {"weights.bin": "the old weights", "optimizer/state.bin": "the old state"}
ENOUGH = 1000
"""More steps than a save has."""


@pytest.fixture(scope="module")
def process() -> Iterator[Victim]:
    with victim() as made:
        yield made


def as_bytes(texts: dict[str, str]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in texts.items()}


def test_at_each_step_of_a_save(process: Victim, hostile_tmp_path: Path) -> None:
    """The save of step 3 also prunes step 1, and what a killed save of step 3 left."""
    before = hostile_tmp_path / "before"
    for step in (1, 2):
        assert process.save(before, step, OLD) == 0
    (before / "sm-checkpoint-000000000003").mkdir()
    (before / "sm-checkpoint-000000000003" / "weights.bin").write_text("torn long ago")
    found: list[int] = []
    for number in range(ENOUGH):
        folder = Path(copytree(before, hostile_tmp_path / str(number)))
        ended = process.save(folder, 3, NEW, kill_at=number)

        latest = opened(folder).latest()
        assert latest is not None
        found.append(latest.step)
        assert content(latest) == as_bytes(NEW if latest.step == 3 else OLD)
        assert all(content(each) == as_bytes(OLD) for each in opened(folder).all()[:-1])
        assert {2, latest.step} <= set(steps(opened(folder)))

        assert process.save(folder, 3, NEW) == 0
        assert content(opened(folder).latest()) == as_bytes(NEW)
        assert steps(opened(folder)) == [2, 3]
        assert len(names(folder)) == 2, "a leftover stayed"
        if ended == 0:
            break
        assert ended == -9
    assert found == sorted(found), "a save that was committed was lost"
    assert set(found) == {2, 3}
    assert len(found) > 40, "the kills missed most steps"


def test_at_each_step_of_saving_a_step_again(process: Victim, hostile_tmp_path: Path) -> None:
    """Also where one checkpoint alone is kept: there is never none."""
    before = hostile_tmp_path / "before"
    assert process.save(before, 7, OLD, newest=1) == 0
    found: list[bool] = []
    for number in range(ENOUGH):
        folder = Path(copytree(before, hostile_tmp_path / str(number)))
        ended = process.save(folder, 7, NEW, kill_at=number, newest=1)

        latest = opened(folder).latest()
        assert content(latest) in (as_bytes(OLD), as_bytes(NEW))
        found.append(content(latest) == as_bytes(NEW))
        if ended == 0:
            break
        assert ended == -9
    assert found == sorted(found)
    assert set(found) == {False, True}
