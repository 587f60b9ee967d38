"""The volumes of an image that would hide a part of the tree, and what is mounted instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from sm_container.harness.engines.engine import ContainerSpec, EngineError, ImageTarget, Mount
from sm_container.harness.engines.volumes import hiding, mounts_instead


def spec(tree: Path, *mounts: Mount) -> ContainerSpec:
    return ContainerSpec("c", ImageTarget("image:1"), tree, mounts=mounts)


@pytest.mark.parametrize(
    ("volumes", "places"),
    [
        ((), ()),
        (("/opt/ml/model", "/data"), ("/opt/ml/model",)),
        (("/opt/ml", "/opt", "/", "/opt/mlx", "/opt/ml2/model"), ()),
        (("/opt/ml/model/", "/opt//ml/./model", "opt/ml/model"), ("/opt/ml/model",)),
        (("/opt/ml/../ml/x", "/opt/ml/../etc"), ("/opt/ml/x",)),
        (("/opt/ml/input/data/train", "/opt/ml/input"), ("/opt/ml/input",)),
        (("/state", "/state/deep", "/states"), ("/state/deep",)),
    ],
)
def test_what_hides(tmp_path: Path, volumes: tuple[str, ...], places: tuple[str, ...]) -> None:
    mounts = (Mount(tmp_path, "/opt/ml/input/data/train/"), Mount(tmp_path, "/state"))
    assert hiding(volumes, spec(tmp_path, *mounts)) == places


def test_the_trees_own_folders_are_shown(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (shown,) = mounts_instead(["/opt/ml/a/b"], spec(tree))
    assert shown == Mount(tree / "a" / "b", "/opt/ml/a/b")
    assert (tree / "a" / "b").is_dir()


def test_what_another_mount_shows_is_shown_again(tmp_path: Path) -> None:
    """Where nothing may be made, nothing is."""
    train = tmp_path / "train"
    (train / "there").mkdir(parents=True)
    mount = Mount(train, "/opt/ml/input/data/train", read_only=True)
    places = ["/opt/ml/input/data/train/there", "/opt/ml/input/data/train/not there"]
    assert list(mounts_instead(places, spec(tmp_path / "tree", mount))) == [
        Mount(train / "there", places[0], read_only=True)
    ]
    assert [path.name for path in train.iterdir()] == ["there"]


def test_a_file_in_the_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "model").touch()
    with pytest.raises(EngineError, match=r"declares VOLUME /opt/ml/model/x, and no folder can be"):
        list(mounts_instead(["/opt/ml/model/x"], spec(tmp_path)))
