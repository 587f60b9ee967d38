"""The table of instance types."""

from __future__ import annotations

import re

import pytest

from sm_container.machine.instances import InstanceType, instance_type, instance_types


def test_a_cpu_type() -> None:
    assert instance_type("ml.m5.large") == InstanceType(
        name="ml.m5.large",
        vcpu=2,
        memory_bytes=8 << 30,
        gpus=0,
        gpu=None,
        gpu_memory_mib=None,
        nvme_gb=None,
        arch=("x86_64",),
    )


def test_a_gpu_type_has_accelerators_and_local_storage() -> None:
    found = instance_type("ml.p4d.24xlarge")
    assert found is not None
    assert (found.gpus, found.gpu, found.gpu_memory_mib) == (8, "A100", 327680)
    assert found.memory_bytes == 1152 << 30
    assert found.nvme_gb


def test_half_a_gibibyte_is_kept() -> None:
    found = instance_type("ml.c4.xlarge")
    assert found is not None
    assert found.memory_bytes == 7.5 * (1 << 30)


@pytest.mark.parametrize("name", ["", "m5.large", "ml.m5.larg", "ML.M5.LARGE", "ml.p2.xlarge"])
def test_a_type_that_the_table_does_not_know(name: str) -> None:
    assert instance_type(name) is None


def test_every_row_makes_sense() -> None:
    names = instance_types()
    assert len(names) > 200
    for name in names:
        found = instance_type(name)
        assert found is not None
        assert re.fullmatch(r"ml\.[a-z0-9-]+\.[a-z0-9]+", name)
        assert found.vcpu >= 1
        assert found.memory_bytes >= 1 << 30
        assert (found.gpus > 0) == (found.gpu is not None) == (found.gpu_memory_mib is not None)
        assert set(found.arch) <= {"x86_64", "arm64"}
        assert found.arch
