"""GPUs of machines that are laid out as files, and the engines' words for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sm_container.harness.engines.client import Dialect
from sm_container.harness.engines.gpus import gpu_words, gpus_here, why_no_gpus


def test_the_driver_has_a_folder_for_each(tmp_path: Path) -> None:
    assert gpus_here(tmp_path) == 0
    for name in ("0000:00:1b.0", "0000:00:1c.0"):
        (tmp_path / "proc/driver/nvidia/gpus" / name).mkdir(parents=True)
    assert gpus_here(tmp_path) == 2


def test_podman_needs_a_specification_of_them(tmp_path: Path) -> None:
    assert "nvidia-ctk cdi generate" in str(why_no_gpus("podman", tmp_path))
    (tmp_path / "etc/cdi").mkdir(parents=True)
    (tmp_path / "etc/cdi/other.yaml").write_text("kind: vendor.com/nic\n")
    assert why_no_gpus("podman", tmp_path) is not None
    (tmp_path / "etc/cdi/nvidia.yaml").write_text("cdiVersion: 0.5.0\nkind: nvidia.com/gpu\n")
    assert why_no_gpus("podman", tmp_path) is None


def test_docker_needs_the_toolkit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "install that" in str(why_no_gpus("docker", tmp_path))
    (tmp_path / "nvidia-container-cli").write_text("#!/bin/sh\n")
    (tmp_path / "nvidia-container-cli").chmod(0o755)
    assert why_no_gpus("docker", tmp_path) is None


def test_words() -> None:
    assert gpu_words(Dialect.DOCKER, 0) == gpu_words(Dialect.PODMAN, 0) == []
    assert gpu_words(Dialect.DOCKER, 2) == ["--gpus", "2"]
    assert gpu_words(Dialect.PODMAN, 2) == [
        *("--device", "nvidia.com/gpu=0"),
        *("--device", "nvidia.com/gpu=1"),
    ]
