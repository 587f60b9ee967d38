"""The engine that runs a declared algorithm in this process, as a job's one container."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sm_container.algorithm.algorithm import Algorithm
from sm_container.harness.engines.engine import (
    ContainerSpec,
    EngineError,
    Leave,
    NetworkKind,
    Notes,
    Probe,
    Target,
    stay,
    unheard,
)
from sm_container.testing.jobs.in_process.container import InProcessContainer
from sm_container.testing.jobs.in_process.stage import Stage


class InProcessEngine:
    """Runs an algorithm on the main thread, which ``stage`` lends. It is told apart from the
    process engine nowhere in a job's record: both run a program of this machine."""

    name = "process"
    protects_inputs = False

    def __init__(self, algorithm: Algorithm[Any], stage: Stage, notes: Notes = unheard) -> None:
        self._algorithm = algorithm
        self._stage = stage
        self._notes = notes

    def why_not_at(self, target: str) -> str | None:
        return f"an algorithm in the test's own process sees this machine's own {target}"

    def command(self, spec: ContainerSpec) -> list[str]:
        return [f"{self._algorithm.declaration.name}, in this process"]

    def probe(
        self,
        folder: Path,
        target: Target,
        *,
        job: str,
        platform: str | None = None,
        leave: Leave = stay,
    ) -> Probe:
        return Probe()

    def fetch(self, target: Target, platform: str | None, leave: Leave = stay) -> None:
        """Nothing to do: the algorithm is here."""

    def create(self, spec: ContainerSpec, leave: Leave = stay) -> InProcessContainer:
        if spec.network.kind is NetworkKind.NONE:
            raise EngineError(
                "this process has a network: run the algorithm's program or its image for "
                "EnableNetworkIsolation"
            )
        return InProcessContainer(spec, self._algorithm, self._stage)

    def remove_orphans(self, job: str) -> list[str]:
        return []  # what runs in this process ends with it

    def reclaim(self, tree: Path, target: Target) -> None:
        """Nothing to do: the files are the caller's."""
