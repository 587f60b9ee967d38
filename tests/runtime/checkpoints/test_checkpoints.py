"""Saving, finding and restoring, as an author does it."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sm_container.contract.checkpoint_manifest import MANIFEST_NAME
from sm_container.runtime.checkpoints.checkpoints import Checkpoints
from sm_container.runtime.checkpoints.errors import CheckpointError
from tests.runtime.checkpoints.saving import content, files, names, opened, steps, text


def test_a_first_run_has_none(hostile_tmp_path: Path) -> None:
    checkpoints = opened(hostile_tmp_path / "not there")
    assert checkpoints.latest() is None
    assert checkpoints.best() is None
    assert checkpoints.latest_everywhere() is None
    assert checkpoints.all() == []
    assert checkpoints.restore(pytest.fail) is None
    assert names(hostile_tmp_path) == []


def test_what_was_saved_is_found(hostile_tmp_path: Path) -> None:
    state = {"weights.bin": b"weights", "optimizer/state.bin": b"state", "empty": b""}
    saved = opened(hostile_tmp_path).save(7, files(state), metrics={"loss": np.float32(0.5)})

    found = opened(hostile_tmp_path).latest()
    assert found is not None
    assert found == saved
    assert (found.step, found.host, found.metrics) == (7, "algo-1", {"loss": 0.5})
    assert found.size == len(b"weightsstate")
    assert found.time.endswith("+00:00")
    assert content(found) == state
    assert names(hostile_tmp_path) == ["sm-checkpoint-000000000007"]


def test_the_newest_are_kept_in_order(hostile_tmp_path: Path) -> None:
    checkpoints = opened(hostile_tmp_path, newest=3)
    for step in (0, 9, 10, 99, 100):
        checkpoints.save(step, text(str(step)))
    assert steps(checkpoints) == [10, 99, 100]
    assert [content(each) for each in checkpoints.all()] == [
        {"state": word} for word in (b"10", b"99", b"100")
    ]


def test_the_best_is_kept_too(hostile_tmp_path: Path) -> None:
    checkpoints = opened(hostile_tmp_path, newest=1, best=1, metric="rmse")
    for step, rmse in enumerate([5.0, 1.0, float("nan"), 3.0, 1.0, 2.0]):
        checkpoints.save(step, text(str(step)), metrics={"rmse": rmse})
    best = checkpoints.best()
    assert best is not None
    assert (best.step, steps(checkpoints)) == (1, [1, 5])


def test_restoring_reads_the_latest(hostile_tmp_path: Path) -> None:
    checkpoints = opened(hostile_tmp_path)
    checkpoints.save(1, text("one"))
    checkpoints.save(2, text("two"))
    read: list[bytes] = []
    found = checkpoints.restore(lambda folder: read.append((folder / "state").read_bytes()))
    assert found is not None
    assert (found.step, read) == (2, [b"two"])


def test_what_reading_raises_comes_through(hostile_tmp_path: Path) -> None:
    checkpoints = opened(hostile_tmp_path)
    checkpoints.save(1, text("one"))
    with pytest.raises(FileNotFoundError):
        checkpoints.restore(lambda folder: (folder / "other").read_bytes())


def test_a_step_saved_again_replaces_the_one_before(hostile_tmp_path: Path) -> None:
    checkpoints = opened(hostile_tmp_path)
    for word in ("first", "second", "third"):
        checkpoints.save(4, text(word))
    assert steps(checkpoints) == [4]
    assert content(checkpoints.latest()) == {"state": b"third"}


def test_an_earlier_step_stays_where_later_ones_are(hostile_tmp_path: Path) -> None:
    checkpoints = opened(hostile_tmp_path, newest=2)
    for step in (5, 6, 1):
        saved = checkpoints.save(step, text(str(step)))
    assert content(saved) == {"state": b"1"}
    assert steps(checkpoints) == [1, 5, 6]


def test_a_failing_function_leaves_nothing(hostile_tmp_path: Path) -> None:
    checkpoints = opened(hostile_tmp_path)
    checkpoints.save(1, text("one"))

    def fail(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise RuntimeError("in the middle")

    for _ in range(2):
        with pytest.raises(RuntimeError, match="in the middle"):
            checkpoints.save(2, fail)
    assert names(hostile_tmp_path) == ["sm-checkpoint-000000000001"]
    checkpoints.save(2, text("two"))
    assert steps(checkpoints) == [1, 2]


def test_an_interrupt_leaves_nothing(hostile_tmp_path: Path) -> None:
    def interrupt(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        opened(hostile_tmp_path).save(1, interrupt)
    assert names(hostile_tmp_path) == []


def test_writing_nothing_is_a_fault(hostile_tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="the function wrote no file"):
        opened(hostile_tmp_path).save(1, lambda folder: (folder / "empty").mkdir())
    assert names(hostile_tmp_path) == []


def test_saving_within_saving_is_refused(hostile_tmp_path: Path) -> None:
    checkpoints = opened(hostile_tmp_path)
    with pytest.raises(CheckpointError, match="save was called while it was saving"):
        checkpoints.save(1, lambda folder: checkpoints.save(2, text("inner")))
    assert names(hostile_tmp_path) == []


@pytest.mark.parametrize("state", ["weights.npy", 5, None])
def test_what_is_no_function_is_refused(hostile_tmp_path: Path, state: Any) -> None:
    with pytest.raises(TypeError, match="from a function that writes into the folder"):
        opened(hostile_tmp_path).save(1, state)
    with pytest.raises(TypeError, match="from a function that writes into the folder"):
        opened(hostile_tmp_path).save_async(1, state)


@pytest.mark.parametrize("step", [-1, 10**12])
def test_a_step_without_a_name_is_refused(hostile_tmp_path: Path, step: int) -> None:
    for save in (opened(hostile_tmp_path).save, opened(hostile_tmp_path).save_async):
        with pytest.raises(ValueError, match="a checkpoint's step is"):
            save(step, {"x": b"x"})


def test_a_step_is_an_integer_of_any_kind(hostile_tmp_path: Path) -> None:
    checkpoints = opened(hostile_tmp_path)
    checkpoints.save(np.int64(5), text("x"))  # type: ignore[arg-type]
    assert steps(checkpoints) == [5]
    with pytest.raises(TypeError, match=r"a checkpoint's step is an integer, not 5\.0"):
        checkpoints.save(5.0, text("x"))  # type: ignore[arg-type]


def test_arrays_are_saved_and_read(hostile_tmp_path: Path) -> None:
    checkpoints = opened(hostile_tmp_path)
    state = {"weights": np.arange(6.0).reshape(2, 3), "step": 5, "notes.txt": b"as they are"}
    checkpoints.save(5, state)
    latest = checkpoints.latest()
    assert latest is not None
    arrays = latest.arrays()
    assert sorted(arrays) == ["step", "weights"]
    np.testing.assert_array_equal(arrays["weights"], state["weights"])
    assert arrays["step"] == 5
    assert content(latest)["notes.txt"] == b"as they are"


def test_a_save_is_one_piece_to_a_stop(hostile_tmp_path: Path) -> None:
    said: list[str] = []

    @contextmanager
    def deferred() -> Iterator[None]:
        said.append("begin")
        yield
        said.append(f"end, {len(names(hostile_tmp_path))} there")

    checkpoints = opened(hostile_tmp_path, newest=1, deferred=deferred)
    for word in ("one", "two"):

        def write(folder: Path, word: str = word) -> None:
            said.append(word)
            text(word)(folder)

        checkpoints.save(len(said), write)
    assert said == ["begin", "one", "end, 1 there", "begin", "two", "end, 1 there"]


def test_it_can_be_sent_to_another_process(hostile_tmp_path: Path) -> None:
    checkpoints = opened(hostile_tmp_path)
    checkpoints.save_async(1, lambda: text("one"))
    sent: Checkpoints = pickle.loads(pickle.dumps(checkpoints))
    checkpoints.wait()
    sent.save_async(2, lambda: text("two"))
    assert steps(sent) == [1, 2]


def test_a_job_without_a_checkpoint_config_hears_of_it_once(
    hostile_tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoints = opened(hostile_tmp_path)
    for step in range(3):
        checkpoints.save(step, text("x"))
    assert [record.getMessage() for record in caplog.records] == [
        f"checkpoints: the job has no CheckpointConfig: nothing copies {hostile_tmp_path} to S3"
    ]


def test_a_missing_metric_is_told_once(
    hostile_tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoints = opened(hostile_tmp_path, best=1, metric="rmse", is_copied=True)
    for step in range(3):
        checkpoints.save(step, text("x"), metrics={"rsme": 1})
    (record,) = caplog.records
    assert "saved without the metric rmse, by which the best are kept" in record.getMessage()


def test_a_file_in_the_folders_place_is_told(hostile_tmp_path: Path) -> None:
    place = hostile_tmp_path / "checkpoints"
    place.touch()
    with pytest.raises(CheckpointError, match="checkpoints: cannot be made"):
        opened(place).save(1, text("x"))
    with pytest.raises(CheckpointError, match="checkpoints: cannot be listed"):
        opened(place).latest()


def test_a_checkpoint_is_written_where_it_stays(hostile_tmp_path: Path) -> None:
    """The platform uploads every file it sees: there is no copy, and the manifest comes last."""
    seen: list[str] = []

    def write(folder: Path) -> None:
        text("x")(folder)
        seen.extend(path.relative_to(hostile_tmp_path).as_posix() for path in folder.iterdir())

    saved = opened(hostile_tmp_path).save(1, write)
    assert seen == ["sm-checkpoint-000000000001/state"]
    assert saved is not None
    assert names(saved.path) == [MANIFEST_NAME, "state"]
    assert os.stat(saved.path / MANIFEST_NAME).st_mode & 0o444 == 0o444
