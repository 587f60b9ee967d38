"""RLIMIT_DATA as the budget: an allocation that does not fit fails by itself.

Source: Linux, getrlimit(2): it counts what is private and writable, in use or not, of each
process alone.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager

from sm_container.runtime.checkpoints.space import mebibytes
from sm_container.runtime.memory.budget import Memory
from sm_container.runtime.memory.errors import WHAT_TO_DO, MemoryBudgetError


@contextmanager
def limited(memory: Memory) -> Iterator[None]:
    """Limit this process, and what it starts, to the budget while in here.

    A limit that is lower already stays. Raises MemoryBudgetError where MemoryError comes out.
    """
    before, most = resource.getrlimit(resource.RLIMIT_DATA)
    bounds = [limit for limit in (before, most) if limit != resource.RLIM_INFINITY]
    limit = min([memory.budget, *bounds])
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, most))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_DATA, (before, most))
    except MemoryBudgetError:
        raise
    except MemoryError as error:
        raise MemoryBudgetError(
            f"an allocation failed, since a process may have {mebibytes(limit)} of data "
            f"(RLIMIT_DATA): {memory.told(memory.used)}; {WHAT_TO_DO}"
        ) from error
