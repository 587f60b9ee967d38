"""Memory under a real engine's limit, whatever version its control groups have."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sm_container.contract.layout import Layout
from tests.runtime.processes import DEADLINE, Tree

pytestmark = pytest.mark.container

PROGRAM = """
import sm_container as sm

algorithm = sm.Algorithm("grows", memory=sm.MemoryPolicy(sm.Enforcement.WATCH))

@algorithm.train
def train(job):
    memory = job.memory
    print(memory.limit, memory.reserved_for_system, memory.budget, flush=True)
    print(0 < memory.used <= memory.peak < memory.limit, flush=True)
    blocks = []
    while memory.used < memory.limit * {share}:
        blocks.append(b"x" * (1 << 20))
    if {waits}:
        import time
        time.sleep(600)

if __name__ == "__main__":
    algorithm.main()
"""
LIMIT = 256 << 20


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "ml")
    layout.create()
    layout.code.mkdir()
    Tree(layout).configure()
    return layout


def _run(
    image: str, layout: Layout, share: float, waits: bool, *words: str
) -> subprocess.CompletedProcess[str]:
    (layout.code / "train.py").write_text(PROGRAM.format(share=share, waits=waits))
    command = [
        *("podman", "run", "--rm", "--network", "none", "--memory", "256m"),
        *("--memory-swap", "256m", "--env", "SAGEMAKER_PROGRAM=train.py", *words),
        *("--volume", f"{layout.base}:/opt/ml", image, "train"),
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)


def test_the_watch_is_quicker_than_the_kernel(library_image: str, layout: Layout) -> None:
    done = _run(library_image, layout, 0.96, True)
    assert done.returncode == 1, done.stderr
    assert done.stdout.splitlines() == [f"{LIMIT} 0 {LIMIT}", "True"]
    failure = layout.failure.read_text()
    assert failure.startswith("MemoryBudgetError: memory ran short: ")
    assert "(limit 256.0 MiB)" in failure


def test_the_variable_reserves_of_the_limit(library_image: str, layout: Layout) -> None:
    done = _run(library_image, layout, 0.1, False, "--env", "SM_CONTAINER_MEMORY_RESERVE=25%")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{LIMIT} {LIMIT // 4} {LIMIT * 3 // 4}", "True"]
