"""The service's model: what is kept of it, and what becomes of a cache."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sm_container.harness.request.model import (
    ROOT,
    ModelError,
    ServiceModel,
    closure,
    load_model,
)


def _cached(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def test_the_model_has_limits_patterns_enums_and_required_members(model: ServiceModel) -> None:
    name = model["TrainingJobName"]
    assert (name.type, name.minimum, name.maximum) == ("string", 1, 63)
    assert name.pattern == "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
    assert model["TrainingInputMode"].enum == ("Pipe", "File", "FastFile")
    assert set(model[ROOT].required) >= {"TrainingJobName", "RoleArn", "OutputDataConfig"}
    assert model["InputDataConfig"].member == "Channel"
    assert (model["HyperParameters"].key, model["HyperParameters"].value) == (
        "HyperParameterKey",
        "HyperParameterValue",
    )


def test_the_cache_is_named_by_botocores_version_and_small(tmp_path: Path) -> None:
    import botocore

    load_model(tmp_path)
    file = _cached(tmp_path)
    assert botocore.__version__ in file.name
    assert file.stat().st_size < 100_000


def test_a_warm_load_gives_the_same_and_imports_nothing_of_botocore(tmp_path: Path) -> None:
    cold = load_model(tmp_path)
    script = (
        "import sys, pathlib\n"
        "from sm_container.harness.request.model import load_model\n"
        "model = load_model(pathlib.Path(sys.argv[1]))\n"
        "assert not [m for m in sys.modules if m.partition('.')[0] == 'botocore']\n"
        "print(len(model.shapes))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) == len(cold.shapes)
    assert load_model(tmp_path).shapes == cold.shapes


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied", "other"])
def test_a_damaged_cache_is_built_anew(tmp_path: Path, damage: str) -> None:
    whole = load_model(tmp_path)
    file = _cached(tmp_path)
    content = file.read_bytes()
    damaged = {
        "cut": content[: len(content) // 2],
        "flipped": content.replace(b'"max":63', b'"max":64'),
        "emptied": b"",
        "other": b"not ours\n{}",
    }[damage]
    assert damaged != content
    file.write_bytes(damaged)
    assert load_model(tmp_path).shapes == whole.shapes
    assert file.read_bytes() == content
    assert list(tmp_path.iterdir()) == [file], "nothing is left beside it"


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    folder = tmp_path / "file"
    folder.write_text("a file where the folder should be")
    assert load_model(folder).shapes["TrainingJobName"].maximum == 63
    assert folder.read_text() == "a file where the folder should be"


def test_the_cache_folder_is_made(hostile_tmp_path: Path) -> None:
    folder = hostile_tmp_path / "new" / "cache"
    load_model(folder)
    assert stat.S_ISREG(os.lstat(_cached(folder)).st_mode)


def test_botocore_missing_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(ModelError, match=r"sm-container\[local\]"):
        load_model(tmp_path / "cache")


def test_closure_keeps_what_is_reached_and_no_prose() -> None:
    shapes = {
        "Root": {
            "type": "structure",
            "members": {"A": {"shape": "Text", "documentation": "prose"}, "B": {"shape": "Loop"}},
            "documentation": "prose",
        },
        "Loop": {"type": "list", "member": {"shape": "Root"}},
        "Text": {"type": "string", "max": 3, "documentation": "prose"},
        "Elsewhere": {"type": "string"},
    }
    kept = closure(shapes, "Root")
    assert set(kept) == {"Root", "Loop", "Text"}
    assert "prose" not in json.dumps(kept)


def test_paths_go_through_lists_and_stop_at_maps(model: ServiceModel) -> None:
    paths = set(model.paths())
    assert "InputDataConfig[].DataSource.S3DataSource.S3Uri" in paths
    assert "HyperParameters" in paths
    assert not [path for path in paths if path.startswith("HyperParameters.")]
