"""A tree as a job's container would find it, for an author's own functions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import sm_container as sm
from sm_container.contract.layout import Layout
from sm_container.harness.life.faults import DownloadError
from sm_container.harness.request.errors import RequestError
from sm_container.testing.assertions.metric import assert_metric
from sm_container.testing.jobs.data import Data
from sm_container.testing.jobs.training_job import TrainingJob
from sm_container.testing.opt_ml import filling
from sm_container.testing.opt_ml.tree import OptMl
from tests.testing.jobs.curve import algorithm

Tree = Callable[..., OptMl]
X = np.arange(20.0).reshape(-1, 1)
DATA = (X, X[:, 0] ** 2)

LOOKING = """
import hashlib, json, os, pathlib
ml = pathlib.Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
seen = {}
for path in sorted(ml.rglob("*")):
    if path.is_file() and "code" not in path.parts:
        seen[str(path.relative_to(ml))] = path.read_text()
    elif path.is_dir():
        seen[str(path.relative_to(ml))] = oct(path.stat().st_mode)
(ml / "output/data/seen.json").write_text(json.dumps(seen))
"""


@pytest.mark.parametrize("mode", ["File", "Pipe", "FastFile"])
def test_an_algorithm_in_every_mode(opt_ml: Tree, mode: str) -> None:
    tree = opt_ml(algorithm, channels={"train": DATA}, input_mode=mode)

    with tree.recorded():
        algorithm.run()

    assert tree.model_files() == ["curve.npy"]
    np.testing.assert_allclose(np.load(tree.model / "curve.npy"), [0, 0, 1], atol=1e-9)
    assert tree.metrics == {"train:rmse": [pytest.approx(0, abs=1e-9)]}
    assert "epoch 0 of 1\n" in tree.log
    assert tree.failure is None


def test_features_alone_are_all_read_as_features(opt_ml: Tree) -> None:
    table = np.arange(12.0).reshape(4, 3)
    tree = opt_ml(channels={"train": table, "with_labels": (table, np.zeros(4))})

    for name, columns in (("train", {"features"}), ("with_labels", {"features", "label"})):
        (batch,) = tree.channel(name).batches()
        assert batch.keys() == columns
        np.testing.assert_array_equal(batch["features"], table)


def test_its_files_are_those_of_a_job(
    opt_ml: Tree, training_job: Callable[..., TrainingJob], tmp_path: Path
) -> None:
    given = {
        "hyperparameters": {"depth": 3, "names": ["a", "b"]},
        "channels": {"train": DATA, "other": Data({"x/y.txt": "text"}, "text/plain")},
        "checkpoints": {"state.txt": "old"},
        "metrics": {"loss": r"loss=(\S+)"},
    }
    program = tmp_path / "program" / "train.py"
    program.parent.mkdir()
    program.write_text(LOOKING)
    job = training_job(program, environment={"A": "1"}, **given).run()
    tree = opt_ml(environment={"A": "1"}, **given)

    subprocess.run([sys.executable, str(program)], check=True)

    def seen(folder: Path, name: str, place: Path) -> dict[str, str]:
        """With what is of each alone, its name and its place, taken out."""
        text = (folder / "seen.json").read_text()
        place_of_each = str(place.parent.parent)[1:]  # keys have no slash before them
        found = json.loads(text.replace(place_of_each, "PLACE").replace(name, "NAME"))
        found.pop("code", None)  # the program's own folder
        return found  # type: ignore[no-any-return]

    of_tree = seen(tree.output_data, tree.request["TrainingJobName"], _data_of(tree.request))
    of_job = seen(job.output, job.name, _data_of(job.record.document))
    echo = "input/config/trainingjobconfig.json"
    assert of_tree.keys() == of_job.keys()
    assert {name for name in of_tree if of_tree[name] != of_job[name]} <= {echo}
    assert json.loads(of_tree[echo]).keys() == json.loads(of_job[echo]).keys()


def _data_of(document: object) -> Path:
    uri = document["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"]  # type: ignore[index]
    return Path(uri)


def test_variables_lead_to_it(opt_ml: Tree) -> None:
    first = opt_ml(channels={"train": DATA, "more": DATA}, environment={"MINE": "1"})
    assert os.environ["SM_CHANNEL_MORE"] == str(first.layout.channel("more"))
    assert os.environ["MINE"] == "1"

    second = opt_ml(channels={"train": DATA}, hyperparameters={"depth": 3})

    assert os.environ["SAGEMAKER_BASE_DIR"] == str(second.path) == os.environ["SM_INPUT_DIR"][:-6]
    assert os.environ["SM_HP_DEPTH"] == "3"
    assert "SM_CHANNEL_MORE" not in os.environ
    assert "MINE" not in os.environ
    assert Layout.from_environment() == second.layout


def test_the_variables_are_gone_after_a_test() -> None:
    assert "SAGEMAKER_BASE_DIR" not in os.environ
    assert "SM_CHANNELS" not in os.environ


def test_one_of_several_hosts(opt_ml: Tree) -> None:
    data = Data(DATA, files=3, distribution="ShardedByS3Key")

    tree = opt_ml(channels={"train": data}, hosts=2, host="algo-2")

    resources = json.loads(tree.layout.resource_config.read_text())
    assert (resources["current_host"], resources["hosts"]) == ("algo-2", ["algo-1", "algo-2"])
    assert [path.name for path in tree.channel("train").files()] == ["part-00001.csv"]
    with pytest.raises(ValueError, match="no host 'algo-3' among algo-1, algo-2"):
        opt_ml(hosts=2, host="algo-3")
    with pytest.raises(RequestError, match="Distributed training is not supported by curve"):
        opt_ml(algorithm, channels={"train": data}, hosts=2)


def test_checkpoints_by_step(opt_ml: Tree) -> None:
    tree = opt_ml(
        algorithm,
        channels={"train": DATA},
        hyperparameters={"epochs": 3},
        checkpoints={0: {"coef": np.ones(2)}, 1: lambda folder: (folder / "own").write_text("x")},
    )

    with tree.recorded():
        algorithm.run()

    assert (tree.checkpoints / "sm-checkpoint-000000000001" / "own").read_text() == "x"
    assert "epoch 1 of 3" not in tree.log
    assert "epoch 2 of 3" in tree.log


def test_checkpoints_of_each_host(opt_ml: Tree) -> None:
    each = sm.Algorithm(
        "each",
        supports_distributed_training=True,
        channels=[sm.Channel("train")],
        checkpoints=sm.CheckpointPolicy(saved_by=sm.SavedBy.EACH_HOST),
    )

    tree = opt_ml(each, channels={"train": DATA}, hosts=2, checkpoints={4: {"a.txt": "text"}})

    names = sorted(path.name for path in tree.checkpoints.iterdir())
    assert names == [f"sm-checkpoint-000000000004.algo-{number}" for number in (1, 2)]


def test_checkpoints_of_a_folder_elsewhere(opt_ml: Tree, hostile_tmp_path: Path) -> None:
    (hostile_tmp_path / "state").write_text("kept")
    request = {"CheckpointConfig": {"LocalPath": "/opt/ml/state"}}

    tree = opt_ml(checkpoints=hostile_tmp_path, request=request)

    assert tree.checkpoints == tree.path / "state"
    assert (tree.checkpoints / "state").read_text() == "kept"
    assert (hostile_tmp_path / "state").read_text() == "kept"


def test_what_no_checkpoint_can_be(opt_ml: Tree) -> None:
    with pytest.raises(TypeError, match="a checkpoint's file has bytes or text, not a dict"):
        opt_ml(checkpoints={"a": {"b": b""}})


def test_a_failure(opt_ml: Tree) -> None:
    tree = opt_ml(algorithm, channels={"train": DATA}, hyperparameters={"fail": True})

    with pytest.raises(SystemExit), tree.recorded():
        algorithm.main([])

    assert tree.failure is not None
    assert tree.failure.startswith("ValueError: the data is too small")
    assert "Traceback" in tree.log


def test_metrics_of_a_program_of_the_tests_own(opt_ml: Tree) -> None:
    tree = opt_ml(metrics={"loss": r"loss: (\S+)"})
    script = "import time; [print('loss:', 1 / n) for n in (1, 2, 4)]; print('loss: nan')"

    with tree.recorded():
        subprocess.run([sys.executable, "-c", script], check=True)
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)

    assert tree.metrics["loss"] == [1, 0.5, 0.25, pytest.approx(float("nan"), nan_ok=True)]
    assert tree.metrics_in(done.stdout)["loss"][:3] == [1, 0.5, 0.25]
    assert tree.metrics_in("nothing") == {}
    bare = opt_ml()
    assert bare.metrics == {}
    with pytest.raises(AssertionError, match=r"nothing was recorded: call the code in a recorded"):
        assert_metric(bare, "loss")


def test_epochs_through_real_fifos(pipe_channel: Callable[..., sm.InputChannel]) -> None:
    channel = pipe_channel(DATA)

    assert [sum(batch.rows for batch in channel.batches(rows=7)) for _ in range(2)] == [20, 20]
    fifo = channel.layout.channel_fifo("train", 2)
    with open(fifo, "rb") as stream:
        assert stream.read(4) == b"0,0\n"  # and the reader goes away
    with open(channel.layout.channel_fifo("train", 3), "rb") as stream:
        assert stream.read().count(b"\n") == 20
    assert not fifo.exists()


def test_records_wrapped_for_a_pipe(pipe_channel: Callable[..., sm.InputChannel]) -> None:
    images = {"a.png": b"one", "b.png": b"two"}

    channel = pipe_channel(
        images, "images", content_type="image/png", record_wrapper="RecordIO", shuffle_seed=3
    )

    assert {record["data"] for record in channel.records()} == {b"one", b"two"}


def test_files_that_are_read_when_asked_for(
    fastfile_channel: Callable[..., sm.InputChannel], tmp_path: Path
) -> None:
    (tmp_path / "given" / "deep").mkdir(parents=True)
    (tmp_path / "given" / "deep" / "a.txt").write_text("text")

    channel = fastfile_channel(tmp_path / "given", "files")

    with channel.open("deep/a.txt") as file:
        assert file.read() == b"text"
    if filling.availability() is None:
        with pytest.raises(OSError, match="Read-only file system"):
            (channel.path / "new").write_text("")


def test_files_where_there_is_no_fuse(
    fastfile_channel: Callable[..., sm.InputChannel],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """This machine may have it: what is asked is told that it has not."""
    (tmp_path / "a.txt").write_text("text")
    monkeypatch.setattr(filling, "availability", lambda: "there is no /dev/fuse")

    channel = fastfile_channel({"deep/a.txt": "text"}, content_type="text/plain")

    assert channel.config.training_input_mode is sm.InputMode.FAST_FILE
    assert [path.read_text() for path in channel.files()] == ["text"]
    assert not channel.layout.channel_manifest("train").exists()


def test_channels_into_a_tree_that_is_there(
    opt_ml: Tree,
    pipe_channel: Callable[..., sm.InputChannel],
    fastfile_channel: Callable[..., sm.InputChannel],
) -> None:
    tree = opt_ml(channels={"train": DATA}, hyperparameters={"degree": 2})
    name = os.environ["TRAINING_JOB_NAME"]
    (tree.model / "made.bin").write_bytes(b"stays")

    pipe_channel(DATA, "piped", into=tree)
    lazy = fastfile_channel(DATA, "lazy", into=tree)

    for channel in ("train", "piped", "lazy"):
        assert sum(batch.rows for batch in tree.channel(channel).batches()) == 20
    assert tree.channel("lazy") is lazy
    assert json.loads(os.environ["SM_CHANNELS"]) == ["lazy", "piped", "train"]
    assert os.environ["TRAINING_JOB_NAME"] == name
    assert tree.model_files() == ["made.bin"]
    with pytest.raises(ValueError, match="has a channel 'train' already"):
        pipe_channel(DATA, into=tree)


def test_a_channel_that_can_be_served_no_more(opt_ml: Tree, tmp_path: Path) -> None:
    """Its reader sees the end, and who closes the tree the reason."""
    (tmp_path / "broken.gz").write_bytes(b"\x1f\x8b\x08\x00 this is not packed")
    data = Data(tmp_path / "broken.gz", "text/csv", mode="Pipe", compression="Gzip")
    tree = opt_ml(channels={"train": data})

    with open(tree.fifo("train"), "rb") as stream:
        assert stream.read() == b""

    with pytest.raises(DownloadError, match="channel 'train': epoch 0"):
        tree.close()


def test_what_a_job_could_not_have_either(opt_ml: Tree, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="Invalid hyperparameter: speed"):
        opt_ml(algorithm, channels={"train": DATA}, hyperparameters={"speed": 1})
    with pytest.raises(ValueError, match="cannot be the name of a channel"):
        opt_ml(channels={"../train": DATA})
