"""The images of the examples, each by its own Dockerfile with this checkout's library."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.examples.loading import EXAMPLES

ROOT = EXAMPLES.parent


def built(example: str, base_image: str, context: Path, *wheels: str) -> str:
    """The image of ``examples/EXAMPLE``. ``wheels`` are requirements that pip gets before, as it is
    told on this machine to get them, and puts beside the Dockerfile."""
    image = f"localhost/sm-container-test-{example.replace('_', '-')}:latest"
    for name in ("Dockerfile", "requirements.txt", "train.py"):
        shutil.copy(EXAMPLES / example / name, context)
    uv = Path(sys.executable).with_name("uv")
    _run(uv, "build", "--quiet", "--wheel", "--out-dir", context, ROOT)
    if wheels:
        _run(
            sys.executable, *("-m", "pip", "download", "--quiet", "--no-deps"), *wheels, of=context
        )
    _run(
        *("podman", "build", "--quiet", "--layers", "--network", "host", "--tag", image),
        *("--volume", "/etc/ssl/certs:/etc/ssl/certs:ro"),  # what pip has to trust here
        *("--build-arg", f"BASE_IMAGE={base_image}", context),
    )
    return image


def _run(*words: str | Path, of: Path | None = None) -> None:
    done = subprocess.run(words, cwd=of, capture_output=True, text=True, env={**os.environ})
    assert done.returncode == 0, f"{words[0]}: {done.stdout}{done.stderr}"
