"""What stays until it is in S3, on platforms that upload soon, late, or never say so."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import pytest

from sm_container.contract.checkpoints import UPLOADING_SUFFIX, CheckpointName
from sm_container.declaration.checkpoints import SavedBy
from sm_container.runtime.checkpoints.checkpoints import Checkpoints
from sm_container.runtime.checkpoints.folder import CheckpointFolder
from sm_container.runtime.checkpoints.retention import Retention
from sm_container.runtime.checkpoints.sharing import Share
from sm_container.runtime.checkpoints.uploads import PATIENCE_SECONDS, Uploads
from tests.runtime.checkpoints.saving import (
    content,
    files,
    mark_uploaded,
    names,
    opened,
    steps,
    text,
)

STATE = files({"a": b"a", "b/c": b"c"})


class Platform:
    """Has in S3 what stood for ``lag`` saves, and no more what is gone from the folder."""

    def __init__(self, folder: Path, lag: int) -> None:
        self._folder = folder
        self._lag = lag
        self._ages: dict[str, int] = {}

    def look(self) -> list[int]:
        """Look once after a save; gives the steps that are in S3."""
        self._ages = {name: self._ages.get(name, -1) + 1 for name in names(self._folder)}
        there = [name for name, age in self._ages.items() if age >= self._lag]
        for name in there:
            mark_uploaded(self._folder / name)
        parsed = [CheckpointName.parse(name) for name in there]
        return sorted(name.step for name in parsed if name is not None)


@pytest.mark.parametrize("lag", [0, 1, 3, 7, 20])
@pytest.mark.parametrize("newest", [1, 3])
def test_saves_that_are_faster_than_uploads_reach_s3(
    hostile_tmp_path: Path, newest: int, lag: int
) -> None:
    checkpoints = opened(hostile_tmp_path, newest=newest, is_copied=True)
    platform = Platform(hostile_tmp_path, lag)
    for step in range(50):
        checkpoints.save(step, text(str(step)))
        assert steps(checkpoints)[-newest:] == list(range(max(0, step + 1 - newest), step + 1))
        assert len(names(hostile_tmp_path)) <= newest + 2
        there = platform.look()
        if step >= lag:
            assert there[-1] >= step - 2 * lag, "S3 has only what is long outdated"


def test_one_step_that_is_saved_again_and_again_reaches_s3(hostile_tmp_path: Path) -> None:
    checkpoints = opened(hostile_tmp_path, newest=1, is_copied=True)
    platform = Platform(hostile_tmp_path, lag=5)
    for turn in range(20):
        checkpoints.save(7, text(str(turn)))
        assert steps(checkpoints) == [7]
        assert content(checkpoints.latest()) == {"state": str(turn).encode()}
        assert len(names(hostile_tmp_path)) <= 3
        assert bool(platform.look()) == (turn >= 5)


def test_an_earlier_save_of_a_step_serves_where_the_later_is_damaged(
    hostile_tmp_path: Path,
) -> None:
    checkpoints = opened(hostile_tmp_path, is_copied=True)
    for word in ("one", "two"):
        saved = checkpoints.save(7, text(word))
    assert saved is not None
    (saved.path / "state").write_text("2wo")
    assert content(checkpoints.latest()) == {"state": b"one"}


def test_the_next_waits_until_all_of_it_is_uploaded(hostile_tmp_path: Path) -> None:
    checkpoints = opened(hostile_tmp_path, newest=1, is_copied=True)
    for step in (1, 2, 3):
        checkpoints.save(step, STATE)
    assert steps(checkpoints) == [1, 3]
    first = hostile_tmp_path / str(CheckpointName(1))
    (first / "a.sagemaker-uploaded").touch()
    (first / f"sm-checkpoint.json{UPLOADING_SUFFIX}").touch()
    checkpoints.save(4, STATE)
    assert steps(checkpoints) == [1, 4], "half of it is in S3"
    mark_uploaded(first)
    checkpoints.save(5, STATE)
    assert steps(checkpoints) == [1, 4, 5]
    checkpoints.save(6, STATE)
    assert steps(checkpoints) == [1, 4, 6]
    mark_uploaded(hostile_tmp_path / str(CheckpointName(4)))
    checkpoints.save(7, STATE)
    assert steps(checkpoints) == [4, 6, 7]


def test_what_was_restored_is_in_s3(hostile_tmp_path: Path) -> None:
    """A restore brings no markers."""
    for step in (1, 2, 3):
        opened(hostile_tmp_path).save(step, STATE)
    checkpoints = opened(hostile_tmp_path, newest=1, is_copied=True)
    for step in (4, 5, 6):
        checkpoints.save(step, STATE)
    assert steps(checkpoints) == [3, 4, 6]


def test_a_process_that_takes_over_knows_what_was_restored(hostile_tmp_path: Path) -> None:
    opened(hostile_tmp_path).save(1, STATE)
    checkpoints = opened(hostile_tmp_path, newest=1, is_copied=True)
    checkpoints.save(2, STATE)
    taken: Checkpoints = pickle.loads(pickle.dumps(checkpoints))
    for step in (3, 4):
        taken.save(step, STATE)
    assert steps(taken) == [1, 2, 4]


class Clock:
    """Stands for ``time.monotonic``."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def timed(folder: Path, clock: Clock) -> Checkpoints:
    share = Share("algo-1", ("algo-1",), SavedBy.FIRST_HOST)
    return Checkpoints(CheckpointFolder(folder, Retention(1), share, Uploads(clock)))


def test_without_any_marker_time_tells(hostile_tmp_path: Path) -> None:
    clock = Clock()
    checkpoints = timed(hostile_tmp_path, clock)
    for step in (1, 2, 3):
        checkpoints.save(step, STATE)
    assert steps(checkpoints) == [1, 3]
    clock.now = PATIENCE_SECONDS - 1
    checkpoints.save(4, STATE)
    assert steps(checkpoints) == [1, 4]
    clock.now = PATIENCE_SECONDS
    checkpoints.save(5, STATE)
    assert steps(checkpoints) == [1, 4, 5], "the first is taken for uploaded, and 4 is the next"
    clock.now = 2 * PATIENCE_SECONDS
    checkpoints.save(6, STATE)
    assert steps(checkpoints) == [5, 6]


def test_time_tells_nothing_where_the_platform_makes_markers(hostile_tmp_path: Path) -> None:
    """A slow upload may take longer than any patience."""
    clock = Clock()
    checkpoints = timed(hostile_tmp_path, clock)
    checkpoints.save(1, STATE)
    mark_uploaded(hostile_tmp_path / str(CheckpointName(1)))
    for step in (2, 3, 4):
        clock.now = step * 10 * PATIENCE_SECONDS
        checkpoints.save(step, STATE)
    assert steps(checkpoints) == [1, 2, 4]


def test_a_name_that_comes_again_is_another_checkpoint(hostile_tmp_path: Path) -> None:
    opened(hostile_tmp_path).save(5, STATE)
    checkpoints = opened(hostile_tmp_path, newest=1, is_copied=True)
    assert steps(checkpoints) == [5]
    shutil.rmtree(hostile_tmp_path / str(CheckpointName(5)))
    for step in (5, 6, 7):
        checkpoints.save(step, STATE)
    assert steps(checkpoints) == [5, 7], "5 is the next, since the one that was restored is gone"
    mark_uploaded(hostile_tmp_path / str(CheckpointName(5)))
    checkpoints.save(8, STATE)
    assert steps(checkpoints) == [5, 7, 8]
