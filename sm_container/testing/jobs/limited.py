"""The process engine with a limit of memory, which it has not by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sm_container.harness.engines.engine import (
    Container,
    ContainerSpec,
    Engine,
    Exit,
    Leave,
    Probe,
    Stats,
    Target,
    stay,
    unheard,
)
from sm_container.harness.engines.isolation import (
    Isolation,
    IsolationKind,
    View,
    find_isolation,
)
from sm_container.harness.engines.process import ProcessEngine
from sm_container.harness.store.home import Home
from sm_container.testing.jobs.memory_group import MemoryGroup, memory_group


@contextmanager
def limited_engine(home: Home, memory_bytes: int) -> Iterator[Engine]:
    """An engine whose programs have so much memory, all together.

    Raises:
        EngineError: where no control group can be made.
    """
    group = memory_group(memory_bytes)
    try:
        yield LimitedEngine(ProcessEngine(home, unheard, _Joining(find_isolation(), group)), group)
    finally:
        group.remove()


@dataclass(frozen=True)
class _Joining:
    """A way to isolate a program, from within a memory group."""

    inner: Isolation
    group: MemoryGroup

    @property
    def kind(self) -> IsolationKind:
        return self.inner.kind

    def command(self, argv: Sequence[str], view: View, status: int) -> list[str]:
        return self.group.joining(self.inner.command(argv, view, status))

    def why_not_at(self, target: str) -> str | None:
        return self.inner.why_not_at(target)


class LimitedEngine:
    """An engine whose containers are in a memory group; it tells what the kernel ends for that."""

    def __init__(self, engine: Engine, group: MemoryGroup) -> None:
        self._engine = engine
        self._group = group

    @property
    def name(self) -> str:
        return self._engine.name

    @property
    def protects_inputs(self) -> bool:
        return self._engine.protects_inputs

    def why_not_at(self, target: str) -> str | None:
        return self._engine.why_not_at(target)

    def command(self, spec: ContainerSpec) -> list[str]:
        return self._engine.command(spec)

    def probe(
        self,
        folder: Path,
        target: Target,
        *,
        job: str,
        platform: str | None = None,
        leave: Leave = stay,
    ) -> Probe:
        return self._engine.probe(folder, target, job=job, platform=platform, leave=leave)

    def fetch(self, target: Target, platform: str | None, leave: Leave = stay) -> None:
        self._engine.fetch(target, platform, leave)

    def create(self, spec: ContainerSpec, leave: Leave = stay) -> Container:
        return _LimitedContainer(self._engine.create(spec, leave), self._group)

    def remove_orphans(self, job: str) -> list[str]:
        return self._engine.remove_orphans(job)

    def reclaim(self, tree: Path, target: Target) -> None:
        self._engine.reclaim(tree, target)


class _LimitedContainer:
    def __init__(self, container: Container, group: MemoryGroup) -> None:
        self._container = container
        self._group = group
        self._kills_before = group.kills

    @property
    def name(self) -> str:
        return self._container.name

    def start(self) -> tuple[int, int]:
        return self._container.start()

    def signal(self, number: int) -> None:
        self._container.signal(number)

    def stop(self, grace_seconds: float) -> None:
        self._container.stop(grace_seconds)

    def wait(self, timeout: float | None = None) -> Exit | None:
        exit = self._container.wait(timeout)
        if exit is None or exit.code == 0 or self._group.kills == self._kills_before:
            return exit
        return replace(exit, out_of_memory=True)

    def stats(self) -> Stats | None:
        return self._container.stats()

    def remove(self) -> None:
        self._container.remove()
