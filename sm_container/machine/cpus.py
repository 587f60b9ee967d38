"""How many CPUs a process here may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

from sm_container.machine import cgroups


def available_cpus(proc: Path = cgroups.PROC) -> int:
    """CPUs that this process may use: by affinity, and by a control group's quota rounded up."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quota = cgroups.cpu_quota(proc)
    if quota is None:
        return allowed or 1
    return max(1, min(allowed or 1, math.ceil(quota)))
