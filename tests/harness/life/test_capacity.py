"""What a container gets of an instance type, on machines large and small."""

from __future__ import annotations

from pathlib import Path

import pytest

from sm_container.harness.job.options import RunOptions
from sm_container.harness.life.capacity import Capacity, capacity_of
from sm_container.harness.request.errors import RequestError

GIB = 1 << 30
MIB = 1 << 20


def _capacity(
    name: str,
    memory: int = 1024 * GIB,
    cpus: int = 256,
    engine: str = "podman",
    gpus: int = 0,
    **options: object,
) -> Capacity:
    return capacity_of(name, RunOptions("image", **options), engine, memory, cpus, gpus)  # type: ignore[arg-type]


def test_an_instance_less_what_the_platform_takes() -> None:
    assert _capacity("ml.m5.large") == Capacity(8 * GIB - 512 * MIB, 2)
    assert _capacity("ml.m5.12xlarge").memory_bytes == 192 * GIB - 192 * GIB // 20


@pytest.mark.parametrize(
    ("reserve", "left"), [("0", 8 * GIB), ("1g", 7 * GIB), ("25%", 6 * GIB), ("7.5g", GIB // 2)]
)
def test_the_reservation_is_a_choice(reserve: str, left: int) -> None:
    assert _capacity("ml.m5.large", memory_reserve=reserve).memory_bytes == left


def test_a_reservation_that_leaves_nothing() -> None:
    with pytest.raises(RequestError, match=r"--memory-reserve 8g: ml\.m5\.large has 8 GiB in all"):
        _capacity("ml.m5.large", memory_reserve="8g")


def test_less_memory_than_a_start_needs() -> None:
    for name in ("ml.m5.large", "ml.unknown.large"):
        with pytest.raises(RequestError, match=r"--memory: no container .* in 3145728 bytes; give"):
            _capacity(name, memory_bytes=3 * MIB)
        assert _capacity(name, memory_bytes=6 * MIB).memory_bytes == 6 * MIB
    with pytest.raises(RequestError, match=r"a container needs 6 MiB to be started; reserve less"):
        _capacity("ml.m5.large", memory_reserve=f"{8 * GIB - 5 * MIB}")


def test_what_is_given_is_exact() -> None:
    found = _capacity("ml.m5.large", memory_bytes=GIB, memory_reserve="1g", shm_bytes=MIB)
    assert (found.memory_bytes, found.cpus, found.shm_bytes) == (GIB, 2, MIB)
    assert _capacity("ml.m5.large", memory=GIB, memory_bytes=4 * GIB).memory_bytes == 4 * GIB


def test_a_smaller_machine_says_so() -> None:
    found = _capacity("ml.m5.4xlarge", memory=16 * GIB, cpus=2)
    assert (found.memory_bytes, found.cpus) == (None, None)
    assert found.notes == (
        "ml.m5.4xlarge leaves 60.8 GiB to a container and this machine has 16 GiB: the container "
        "has no memory limit of its own",
        "ml.m5.4xlarge has 16 CPUs and this machine 2: the container has those",
    )


def test_as_many_cpus_as_the_machine_has_are_no_limit() -> None:
    assert _capacity("ml.m5.large", cpus=2) == Capacity(8 * GIB - 512 * MIB)


def test_gpus_that_a_machine_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    none = _capacity("ml.g5.12xlarge", engine="docker", gpus=8)
    assert none.gpus == 0
    assert "(4): docker needs the NVIDIA Container Toolkit" in none.not_simulated[0]
    (tmp_path / "nvidia-container-cli").write_text("#!/bin/sh\n")
    (tmp_path / "nvidia-container-cli").chmod(0o755)
    found = _capacity("ml.g5.12xlarge", engine="docker", gpus=8)
    assert (found.gpus, found.not_simulated) == (4, ())
    assert _capacity("ml.m5.large", engine="docker", gpus=8).gpus == 0


def test_gpus_that_a_machine_has_not() -> None:
    assert _capacity("ml.g5.12xlarge").not_simulated == (
        "ResourceConfig.InstanceType: the GPUs of ml.g5.12xlarge (4): this machine has none",
    )


def test_a_type_that_is_not_known() -> None:
    found = _capacity("ml.unheard.large")
    assert found.notes == (
        "ml.unheard.large: its memory and CPUs are not known here, so no limit is set",
    )
    assert _capacity("ml.unheard.large", memory_bytes=GIB).memory_bytes == GIB


def test_a_program_has_the_machine() -> None:
    found = _capacity("ml.m5.large", engine="process")
    assert (found.memory_bytes, found.cpus) == (None, None)
    assert "a program has this machine's memory" in found.not_simulated[0]
