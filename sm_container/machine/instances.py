"""What each ML instance type has: CPUs, memory, accelerators.

Whether a type exists for the service is not said here: its API's enum decides that, and a few of
its types are not in the table. Source: EC2, DescribeInstanceTypes, ``ml.X`` taken for ``X``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_TABLE = Path(__file__).with_name("instance_types.json")
_GIB = 1 << 30


@dataclass(frozen=True)
class InstanceType:
    """One instance type, nominal: the platform keeps some of the memory for itself."""

    name: str
    vcpu: int
    memory_bytes: int
    gpus: int
    gpu: str | None
    """The accelerator's name; None where there is none."""
    gpu_memory_mib: int | None
    """Of all accelerators together."""
    nvme_gb: int | None
    """Local instance storage; None where the instance has volumes only."""
    arch: tuple[str, ...]
    """``x86_64``, ``arm64``."""


def instance_type(name: str) -> InstanceType | None:
    """The facts of ``ml.m5.large`` and its like; None where the table does not know them."""
    row = _table().get(name)
    if row is None:
        return None
    return InstanceType(
        name=name,
        vcpu=row["vcpu"],
        memory_bytes=int(row["mem_gib"] * _GIB),
        gpus=row["gpus"],
        gpu=row["gpu"],
        gpu_memory_mib=row["gpu_mem_mib"],
        nvme_gb=row["nvme_gb"],
        arch=tuple(row["arch"]),
    )


def instance_types() -> tuple[str, ...]:
    """The names that the table knows, sorted."""
    return tuple(sorted(_table()))


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return table
