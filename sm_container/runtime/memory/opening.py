"""A job's memory, from what bounds the process and what its author and user say."""

from __future__ import annotations

from collections.abc import Mapping

from sm_container.declaration.memory import MemoryPolicy
from sm_container.machine.memory import MemoryBound, memory_bound
from sm_container.machine.reservation import Reservation, system_reservation
from sm_container.runtime.fault import Fault
from sm_container.runtime.memory.budget import Memory

RESERVE_VARIABLE = "SM_CONTAINER_MEMORY_RESERVE"


def open_memory(
    policy: MemoryPolicy, environ: Mapping[str, str], bound: MemoryBound | None = None
) -> Memory:
    """The memory of this process. The variable stands above the declaration.

    By default nothing is reserved where a control group bounds memory below the machine's: its
    limit leaves the rest to others already. Raises Fault for a variable that is no amount, and
    for a reservation that leaves nothing.
    """
    bound = bound or memory_bound()
    written = environ.get(RESERVE_VARIABLE, "").strip()
    try:
        asked = Reservation.parse(written) if written else policy.reservation
    except ValueError as error:
        raise Fault(f"{RESERVE_VARIABLE}: {error}") from None
    if asked is None:
        reserved = 0 if bound.group is not None else system_reservation(bound.limit)
        return Memory(bound, reserved)
    reserved = asked.of(bound.limit)
    if reserved >= bound.limit:
        said_by = f"{RESERVE_VARIABLE}={written}" if written else f"reserve={policy.reserve!r}"
        raise Fault(
            f"{said_by} keeps {reserved:,} bytes of memory from the algorithm, and there are "
            f"{bound.limit:,}: reserve less, or use an instance type with more memory"
        )
    return Memory(bound, reserved)
