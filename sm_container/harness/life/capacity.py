"""What a host of the job gets of its instance type on this machine: memory, CPUs, GPUs and shm.

How much of an instance's memory the service's own processes take, it says nowhere: what is kept
from the container is this project's assumption. Source: machine.reservation,
``system_reservation``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sm_container.harness.engines.gpus import gpus_here, why_no_gpus
from sm_container.harness.job.options import RunOptions
from sm_container.harness.request.errors import RequestError
from sm_container.harness.sizes import memory
from sm_container.machine.cpus import available_cpus
from sm_container.machine.instances import InstanceType, instance_type
from sm_container.machine.memory import total_memory
from sm_container.machine.reservation import Reservation, system_reservation

LEAST_MEMORY = 6 << 20
"""Bytes that a container's limit has at least: docker takes none below, and podman's runtime is
killed before it has started the program. Source: docker run, --memory."""


@dataclass(frozen=True)
class Capacity:
    """The limits of each host's container, None for none, and what to say about them."""

    memory_bytes: int | None = None
    cpus: float | None = None
    shm_bytes: int | None = None
    gpus: int = 0
    notes: tuple[str, ...] = ()
    not_simulated: tuple[str, ...] = ()


def capacity_of(
    type_name: str,
    options: RunOptions,
    engine: str,
    machine_memory: int | None = None,
    machine_cpus: int | None = None,
    machine_gpus: int | None = None,
) -> Capacity:
    """The capacity of a host, as far as this machine has it.

    Raises RequestError where no container can be started in the memory that is asked for, or that
    the reservation leaves of the instance type's.
    """
    if engine == "process":
        told = "ResourceConfig.InstanceType: a program has this machine's memory, CPUs and GPUs"
        return Capacity(not_simulated=(told,))
    if options.memory_bytes is not None and options.memory_bytes < LEAST_MEMORY:
        fault = f"--memory: no container can be started in {options.memory_bytes} bytes"
        raise RequestError((f"{fault}; give it {memory(LEAST_MEMORY)} or more",))
    known = instance_type(type_name)
    if known is None:
        missing = "CPUs are" if options.memory_bytes is not None else "memory and CPUs are"
        return Capacity(
            options.memory_bytes,
            shm_bytes=options.shm_bytes,
            notes=(f"{type_name}: its {missing} not known here, so no limit is set",),
        )
    here = total_memory() if machine_memory is None else machine_memory
    cpus_here = available_cpus() if machine_cpus is None else machine_cpus
    wanted = options.memory_bytes or _left_to_container(known, options.memory_reserve)
    gpus_there = gpus_here() if machine_gpus is None else machine_gpus
    why_none = why_no_gpus(engine) if known.gpus and gpus_there else None
    gpus = 0 if why_none else min(known.gpus, gpus_there)
    fits = options.memory_bytes is not None or wanted <= here
    return Capacity(
        memory_bytes=wanted if fits else None,
        cpus=known.vcpu if known.vcpu < cpus_here else None,  # an engine refuses what is not there
        shm_bytes=options.shm_bytes,
        gpus=gpus,
        notes=tuple(_shortfalls(known, None if fits else wanted, here, cpus_here)),
        not_simulated=tuple(_not_simulated(known, gpus, why_none)),
    )


def _left_to_container(known: InstanceType, reserve: str | None) -> int:
    if reserve is None:
        return known.memory_bytes - system_reservation(known.memory_bytes)
    left = known.memory_bytes - Reservation.parse(reserve).of(known.memory_bytes)
    if left < LEAST_MEMORY:
        fault = f"--memory-reserve {reserve}: {known.name} has {memory(known.memory_bytes)} in all"
        need = f"a container needs {memory(LEAST_MEMORY)} to be started"
        raise RequestError((f"{fault}, and {need}; reserve less",))
    return left


def _shortfalls(known: InstanceType, missed: int | None, here: int, cpus: int) -> Iterator[str]:
    """What this machine is too small for."""
    if missed is not None:
        yield (
            f"{known.name} leaves {memory(missed)} to a container and this machine has "
            f"{memory(here)}: the container has no memory limit of its own"
        )
    if known.vcpu > cpus:
        yield f"{known.name} has {known.vcpu} CPUs and this machine {cpus}: the container has those"


def _not_simulated(known: InstanceType, gpus: int, why_none: str | None) -> Iterator[str]:
    if gpus < known.gpus:
        why = why_none or f"this machine has {gpus or 'none'}"
        yield f"ResourceConfig.InstanceType: the GPUs of {known.name} ({known.gpus}): {why}"
