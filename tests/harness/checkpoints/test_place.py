"""Where LocalPath is on this machine."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from sm_container.harness.checkpoints.place import place_of

TREE, BESIDE = Path("/jobs/job/hosts/algo-1/ml"), Path("/jobs/job/hosts/algo-1/checkpoints")


@pytest.mark.parametrize(
    ("local_path", "below"),
    [
        ("/opt/ml/checkpoints", "checkpoints"),
        ("/opt/ml/checkpoints/", "checkpoints"),
        ("//opt//ml/./model/a", "model/a"),
    ],
)
def test_below_opt_ml_it_is_a_part_of_the_tree(local_path: str, below: str) -> None:
    place = place_of(local_path, TREE, BESIDE)
    assert place.mount is None
    assert place.folder.path == TREE / below
    assert place.folder.anchor == TREE
    assert place.folder.shown == PurePosixPath("/opt/ml") / below


@pytest.mark.parametrize(
    ("local_path", "target"),
    [("/state", "/state"), ("//state/of mine/", "/state/of mine"), ("/opt/mlx", "/opt/mlx")],
)
def test_elsewhere_it_is_a_folder_beside_the_tree(local_path: str, target: str) -> None:
    place = place_of(local_path, TREE, BESIDE)
    assert place.mount is not None
    assert (place.mount.source, place.mount.target) == (BESIDE, target)
    assert not place.mount.read_only
    assert place.folder.path == BESIDE
    assert str(place.folder.shown) == target
