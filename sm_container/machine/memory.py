"""How much memory and how many CPUs a process here may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

from sm_container.machine import cgroups

_LEAST_RESERVED = 512 << 20


def total_memory(proc: Path = cgroups.PROC) -> int:
    """Bytes that this process may use: the machine's, or less where a control group says so."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = cgroups.limits(proc).memory_bytes
    return machine if limit is None else min(machine, limit)


def system_reservation(physical: int) -> int:
    """Bytes of ``physical`` memory to leave to the processes of the system.

    The service keeps some for its own and says nowhere how much: 5 % and at least 512 MiB is this
    project's choice. Source: developer guide, "How Amazon SageMaker Runs Your Training Image".
    """
    return max(_LEAST_RESERVED, physical // 20)


def available_cpus(proc: Path = cgroups.PROC) -> int:
    """CPUs that this process may use: by affinity, and by a control group's quota rounded up."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quota = cgroups.limits(proc).cpus
    if quota is None:
        return allowed or 1
    return max(1, min(allowed or 1, math.ceil(quota)))
