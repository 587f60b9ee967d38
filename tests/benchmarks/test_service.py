"""The benchmark of the service: its program, what it reads of a log, and one short run of it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from benchmarks import service
from benchmarks.servers import service as serving
from benchmarks.training_image import MORE_LINES, PROGRAM, first_line_at, training_image

# A terminal's, as Compose prefixes it: local mode asks for one.
COMPOSE = [
    " Container x-algo-1-y  Started ",
    "x-algo-1-y  | first line at 1795861091.719030209\r",
    "\x1b[Kx-algo-1-y exited with code 0",
]


@pytest.fixture
def program(hostile_tmp_path: Path) -> Path:
    path = hostile_tmp_path / "train"
    path.write_text(PROGRAM)
    path.chmod(0o755)
    return path


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    service.make_channels(tmp_path)
    return tmp_path


def test_the_program_says_when_it_began(program: Path) -> None:
    before = time.time()
    done = subprocess.run([program], capture_output=True, text=True, check=True)

    assert before <= first_line_at(done.stdout.splitlines()) <= time.time()
    assert len(done.stdout.splitlines()) == 1


def test_the_program_runs_on_until_it_is_stopped(program: Path) -> None:
    environment = {**os.environ, MORE_LINES: "1000"}
    with subprocess.Popen([program], stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert process.stdout.readline() == "train:loss=0.1000;\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_the_first_line_is_found_in_what_compose_says() -> None:
    assert first_line_at(COMPOSE) == pytest.approx(1795861091.719030)


def test_a_log_without_it_is_shown() -> None:
    with pytest.raises(ValueError, match="said nothing:\ncannot find train"):
        first_line_at(["cannot find train"])


@pytest.mark.container
def test_a_job_of_the_service_is_timed(workspace: Path, base_image: str) -> None:
    with training_image(base_image) as image, serving(workspace, 2) as endpoint:
        began = time.time()
        took = service.first_line(endpoint, image)
        assert 0 < took < time.time() - began


@pytest.mark.container
def test_descriptions_are_timed_while_jobs_run(
    workspace: Path, base_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "JOBS", 2)
    monkeypatch.setattr(service, "CALLS", 100)
    with training_image(base_image) as image, serving(workspace, 2) as endpoint:
        row = service.describe_row(workspace, endpoint, image)

    assert row.work == "DescribeTrainingJob while 2 jobs run, 99th percentile of 100 calls"
    assert row.note.endswith(f"99th percentile {row.ours_seconds * 1e3:.1f} ms")
    assert row.rival_seconds > 0
    _assert_nothing_is_left(image)


@pytest.mark.container
@pytest.mark.long
@pytest.mark.timeout(900)
def test_local_mode_is_timed(
    workspace: Path, base_image: str, host: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Installs the SDK into a venv of its own under build/, the first time."""
    monkeypatch.setenv("SM_CONTAINER_TEST_DOCKER", host["SM_CONTAINER_TEST_DOCKER"])
    monkeypatch.setattr(service, "REPEATS", 1)
    with training_image(base_image) as image, serving(workspace, 2) as endpoint:
        (row,) = service.first_line_rows(workspace, endpoint, image)

    assert row.rival.startswith("fit() to that line, local mode of sagemaker==2.")
    assert row.rival_seconds > 0
    assert row.ours_seconds > 0
    _assert_nothing_is_left(image)


def _assert_nothing_is_left(image: str) -> None:
    for words in (
        ["ps", "--all", "--format", "{{.Image}}"],
        ["images", "--format", "{{.Repository}}:{{.Tag}}"],
    ):
        left = subprocess.run(["podman", *words], capture_output=True, text=True, check=True)
        assert image not in left.stdout.split()
