"""The GPUs of this machine, and the words by which an engine gives them to a container.

Docker gives them through NVIDIA's container toolkit, podman by the toolkit's CDI specification.
Source: NVIDIA Container Toolkit, "Installation Guide" and "Support for Container Device Interface".
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from sm_container.harness.engines.client import Dialect

_ROOT = Path("/")
_DRIVER = "proc/driver/nvidia/gpus"  # a folder for each
_CDI_FOLDERS = ("etc/cdi", "var/run/cdi")
_KIND = "nvidia.com/gpu"


def gpus_here(root: Path = _ROOT) -> int:
    """How many GPUs NVIDIA's driver has found; 0 without it."""
    try:
        return len(os.listdir(root / _DRIVER))
    except OSError:
        return 0


def why_no_gpus(engine: str, root: Path = _ROOT) -> str | None:
    """Why an engine cannot give this machine's GPUs to a container, and what to do; None where it
    can."""
    if engine == Dialect.DOCKER.value:
        if shutil.which("nvidia-container-cli") is None:
            return "docker needs the NVIDIA Container Toolkit for it: install that"
    elif not any(_names_gpus(file) for name in _CDI_FOLDERS for file in (root / name).glob("*")):
        return (
            "podman needs a CDI specification for it: "
            "nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"
        )
    return None


def gpu_words(dialect: Dialect, count: int) -> list[str]:
    """The first ``count`` GPUs; no words for none."""
    if count == 0:
        return []
    if dialect is Dialect.DOCKER:
        return ["--gpus", str(count)]
    return [word for number in range(count) for word in ("--device", f"{_KIND}={number}")]


def _names_gpus(file: Path) -> bool:
    try:
        return _KIND in file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
