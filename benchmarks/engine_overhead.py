"""What `sm-container run` adds to an image that does nothing, above the engine's own `run`.

The image is the base image that scripts/prepare-host makes, or the one that BENCHMARK_IMAGE names;
it is run with the argument ``true``. Engines that cannot run it are left out, with a line that says
so.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.row import Row, within
from benchmarks.timing import side_by_side

IMAGE = os.environ.get("BENCHMARK_IMAGE") or os.environ.get(
    "SM_CONTAINER_TEST_BASE_IMAGE", "docker.io/library/debian:stable-slim"
)
COMMAND = Path(sys.executable).with_name("sm-container")
ENGINES = ("podman", "docker")
ALLOWED_SECONDS = 0.3
REPEATS = 7


def rows() -> list[Row]:
    """One row for each engine here that can run the image, and one for the process engine."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        containers = [_container_row(engine, workspace) for engine in ENGINES if can_run(engine)]
        return [*containers, _process_row(workspace)]


def can_run(engine: str) -> bool:
    """Whether an engine runs the image; a line says why not."""
    try:
        done = subprocess.run(_own(engine), capture_output=True, text=True, check=False)
    except OSError as error:
        print(f"   left out: {engine}: {error.strerror}", file=sys.stderr)
        return False
    if done.returncode != 0:
        last = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
        print(f"   left out: {engine} cannot run {IMAGE}: {last}", file=sys.stderr)
    return done.returncode == 0


def _own(engine: str) -> list[str]:
    return [engine, "run", "--rm", IMAGE, "true"]


def _container_row(engine: str, workspace: Path) -> Row:
    ours, rival = side_by_side(
        lambda: _run_job(workspace, engine, IMAGE, "--", "true"),
        lambda: subprocess.run(_own(engine), check=True, capture_output=True),
        repeats=REPEATS,
    )
    work = f"run of an image that does nothing, {engine}"
    return Row(work, ours, f"{engine} run --rm", rival, within(ALLOWED_SECONDS))


def _process_row(workspace: Path) -> Row:
    program = workspace / "train"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    ours, rival = side_by_side(
        lambda: _run_job(workspace, "process", str(program)),
        lambda: subprocess.run([program], check=True, capture_output=True),
        repeats=REPEATS,
    )
    work = "run of a program that does nothing, process engine"
    return Row(work, ours, "the program itself", rival, within(ALLOWED_SECONDS))


def _run_job(workspace: Path, engine: str, *target: str) -> None:
    output = str(workspace / "output")
    command = [str(COMMAND), "run", "--engine", engine, "--output", output, *target]
    environment = {**os.environ, "SM_CONTAINER_HOME": str(workspace / "home")}
    # As installed: pip leaves bytecode beside every module, a source tree has it after a first run.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run(command, check=True, capture_output=True, env=environment)
