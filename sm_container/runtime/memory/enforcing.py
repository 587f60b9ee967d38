"""What keeps training within its memory, by the policy that its author chose."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from sm_container.declaration.memory import Enforcement, MemoryPolicy
from sm_container.runtime.memory.budget import Memory


def enforced(
    memory: Memory, policy: MemoryPolicy, failure: Path, is_deferred: Callable[[], bool]
) -> AbstractContextManager[None]:
    """A block within which memory is kept.

    ``failure`` is the failure file; while ``is_deferred`` the main thread is left in peace at the
    soft mark.
    """
    if policy.enforcement is Enforcement.WATCH:
        from sm_container.runtime.memory.watch import Watch

        soft, hard = int(memory.budget * policy.soft), int(memory.budget * policy.hard)
        return Watch(memory, soft, hard, failure, is_deferred)
    if policy.enforcement is Enforcement.RLIMIT:
        from sm_container.runtime.memory.rlimit import limited

        return limited(memory)
    return nullcontext()
