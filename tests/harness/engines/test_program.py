from __future__ import annotations

from pathlib import Path

import pytest
from engine_fixtures import executable

from sm_container.harness.engines.engine import (
    ContainerSpec,
    EngineError,
    ImageTarget,
    ProgramTarget,
)
from sm_container.harness.engines.program import find_program, program_of


def spec_of(path: Path, **fields: object) -> ContainerSpec:
    return ContainerSpec("c", ProgramTarget(path), Path("/tree"), **fields)  # type: ignore[arg-type]


def test_script_runs_under_the_supervisor(hostile_tmp_path: Path) -> None:
    script = hostile_tmp_path / "my train.py"
    script.touch()
    program = program_of(spec_of(script), python="/usr/bin/python3")
    assert program.argv == ("/usr/bin/python3", "-m", "sm_container.runtime.supervisor", "train")
    assert program.environment == {"SAGEMAKER_PROGRAM": "my train.py"}
    assert program.code == hostile_tmp_path
    assert program.folder == Path("/")


def test_executable_takes_the_place_of_an_entry_point(tmp_path: Path) -> None:
    path = executable(tmp_path / "go", "exit 0")
    program = program_of(spec_of(path))
    assert program.argv == (str(path), "train")
    assert program.folder == tmp_path
    assert program_of(spec_of(path, arguments=("a", "b"))).argv == (str(path), "a", "b")


def test_entry_point_takes_the_place_of_the_program(tmp_path: Path) -> None:
    path = executable(tmp_path / "go", "exit 0")
    program = program_of(spec_of(path, entrypoint=("sh", "-c"), arguments=("exit 4",)))
    assert program.argv == ("sh", "-c", "exit 4")


def test_executable_script_is_a_script_all_the_same(tmp_path: Path) -> None:
    path = executable(tmp_path / "train.py", "")
    assert program_of(spec_of(path)).environment["SAGEMAKER_PROGRAM"] == "train.py"


def test_folder_means_its_train(tmp_path: Path) -> None:
    (tmp_path / "train.py").touch()
    assert find_program(tmp_path) == tmp_path / "train.py"
    executable(tmp_path / "train", "exit 0")
    assert find_program(tmp_path) == tmp_path / "train"


def test_relative_path_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "train.py").touch()
    monkeypatch.chdir(tmp_path)
    assert find_program(Path("train.py")) == tmp_path / "train.py"


def test_what_was_looked_for_is_said(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"neither an executable train nor a train\.py$"):
        find_program(tmp_path)
    (tmp_path / "train").touch()
    with pytest.raises(EngineError, match=r"its train is not executable: chmod \+x it"):
        find_program(tmp_path)
    with pytest.raises(EngineError, match="is not executable"):
        find_program(tmp_path / "train")
    with pytest.raises(EngineError, match="is not there"):
        find_program(tmp_path / "nowhere")
    with pytest.raises(EngineError, match="neither a file nor a folder"):
        find_program(Path("/dev/null"))


def test_image_is_not_a_program() -> None:
    with pytest.raises(EngineError, match="use docker or podman"):
        program_of(ContainerSpec("c", ImageTarget("i"), Path("/t")))


def test_a_link_means_its_file_and_what_is_beside_that(tmp_path: Path) -> None:
    real, folder = tmp_path / "real", tmp_path / "folder"
    real.mkdir()
    folder.mkdir()
    (real / "trains.py").write_text("import beside")
    (folder / "train.py").symlink_to(real / "trains.py")

    program = program_of(spec_of(folder))

    assert program.code == real
    assert program.environment == {"SAGEMAKER_PROGRAM": "trains.py"}
