"""``run --build``: an image from a folder with a Dockerfile, by the engine that will run it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sm_container.cli.errors import EXIT_HARNESS, EXIT_INPUT, Complaint
from sm_container.cli.stream import Stream
from sm_container.harness.engines.detect import PROCESS, find_client

_DOCKERFILES = ("Dockerfile", "Containerfile")
# Source: "Run Training with a Custom Docker image": the exec form of ENTRYPOINT is required.
_SHELL_FORM = re.compile(r"^[ \t]*ENTRYPOINT[ \t]+[^\[\s]", re.MULTILINE | re.IGNORECASE)


def build_image(
    engine: str,
    folder: Path,
    reference: str | None,
    platform: str | None,
    arguments: Sequence[str],
    out: Stream,
) -> str:
    """Build, with the engine's own output on stderr; the reference of the image.

    Raises:
        Complaint: where there is no Dockerfile, or it does not build.
        EngineError: where no engine can build it.
    """
    if engine == PROCESS:
        raise Complaint(["--build makes an image, and the process engine runs none"], EXIT_INPUT)
    if not any((folder / name).is_file() for name in _DOCKERFILES):
        raise Complaint([f"--build {folder}: there is no Dockerfile in it"], EXIT_INPUT)
    client = find_client(engine, os.environ)
    if _SHELL_FORM.search(_dockerfile(folder)):
        out.line(
            "note: an ENTRYPOINT in the shell form gets no arguments and no signals; "
            'write it as a list: ENTRYPOINT ["sm-train"]',
            fg="yellow",
        )
    image = reference or image_name(folder)
    out.line(f"building {image} from {folder} with {client.dialect.value}", bold=True)
    done = subprocess.run(
        [
            client.program,
            "build",
            *("--tag", image),
            *(("--platform", platform) if platform else ()),
            *(word for each in arguments for word in ("--build-arg", each)),
            "--",
            str(folder.absolute()),
        ],
        env=client.environment(),
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),
        check=False,
    )
    if done.returncode != 0:
        said = f"{folder}: {client.dialect.value} build ended with exit code {done.returncode}"
        raise Complaint([f"{said}; what it said stands above"], EXIT_HARNESS)
    return image


def _dockerfile(folder: Path) -> str:
    found = next(file for name in _DOCKERFILES if (file := folder / name).is_file())
    return found.read_text(encoding="utf-8", errors="replace")


def image_name(folder: Path) -> str:
    """A reference for the image of a folder, made of the folder's name."""
    name = re.sub(r"[^a-z0-9]+", "-", folder.absolute().name.lower()).strip("-")
    return f"sm-container/{name or 'image'}:latest"
