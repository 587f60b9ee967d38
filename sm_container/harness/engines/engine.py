"""What an engine is: the thing that runs one host of a job, told by plain data.

A :class:`ContainerSpec` says what to run, an :class:`Engine` makes a :class:`Container` of it, and
the container's output, end and memory are read through that. Nothing here starts anything; the
engines stand beside this file, one a module.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

ML_PATH = "/opt/ml"
"""Where every training container finds its tree. Source: "How Amazon SageMaker Provides Training
Information"."""

JOB_LABEL = "sm-container.job"
HOME_LABEL = "sm-container.home"
"""The two labels that every spec carries; orphans are found by them."""

Notes = Callable[[str], None]
"""Takes one line for the person at the desk: an image being pulled, a check left out."""


def unheard(line: str) -> None:
    """Notes for nobody."""


Leave = Callable[[], None]


def stay() -> None:
    """Nobody wants to leave."""


class EngineError(Exception):
    """The engine cannot do what was asked. The text is one line: what happened and what to do."""


@dataclass(frozen=True)
class ImageTarget:
    """A container image, by any reference that the engine knows."""

    reference: str


@dataclass(frozen=True)
class ProgramTarget:
    """A program on this machine: a file, or a folder that holds one (see :mod:`.program`)."""

    path: Path


Target = ImageTarget | ProgramTarget


class NetworkKind(enum.Enum):
    """The three networks that a container can have."""

    DEFAULT = "default"
    """What the engine gives by itself."""
    NONE = "none"
    """No network. Source: CreateTrainingJob, EnableNetworkIsolation."""
    NAMED = "named"
    """A network of the engine's that was made before, such as one that several hosts share."""


@dataclass(frozen=True)
class Network:
    """The network of a container; ``name`` is given for ``NAMED`` alone."""

    kind: NetworkKind = NetworkKind.DEFAULT
    name: str = ""

    @classmethod
    def default(cls) -> Network:
        return cls(NetworkKind.DEFAULT)

    @classmethod
    def none(cls) -> Network:
        return cls(NetworkKind.NONE)

    @classmethod
    def named(cls, name: str) -> Network:
        return cls(NetworkKind.NAMED, name)


@dataclass(frozen=True)
class Mount:
    """A file or folder of this machine, seen at the absolute path ``target`` in the container."""

    source: Path
    target: str
    read_only: bool = False


@dataclass(frozen=True)
class ContainerSpec:
    """One host of a job, to the last detail that an engine needs.

    ``entrypoint`` and ``arguments`` are the request's ContainerEntrypoint and ContainerArguments,
    None where the request has none; what then runs is decided by :mod:`.entry`. ``tree`` is the
    folder that becomes ``/opt/ml``. ``environment`` holds the platform's variables and the
    request's. ``labels`` name at least the job and the home. ``host_alias`` is the name by which
    the host knows itself and its peers know it. An ``interactive`` container has this process's
    terminal instead of pipes.
    """

    name: str
    target: Target
    tree: Path
    entrypoint: tuple[str, ...] | None = None
    arguments: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    network: Network = field(default_factory=Network.default)
    memory_bytes: int | None = None
    cpus: float | None = None
    shm_bytes: int | None = None
    gpus: int = 0
    platform: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    host_alias: str = "algo-1"
    workdir: str | None = None
    user: str | None = None
    interactive: bool = False


@dataclass(frozen=True)
class Exit:
    """How a container ended.

    ``code`` is 0-255, 128 + n where signal n ended the program. ``engine_error`` is given where
    the program never ran: ``code`` is then 127 or 126 where the image has no such program or it
    cannot be executed (the image's fault, its USER's and WORKDIR's too, which the service reports
    as an AlgorithmError with that code), 137 and ``out_of_memory`` where its memory limit is too
    small for the start, and 125 for every fault of the engine.
    """

    code: int
    out_of_memory: bool = False
    engine_error: str | None = None


@dataclass(frozen=True)
class Stats:
    """What a running container uses now, in bytes and seconds; None where it cannot be seen."""

    memory_bytes: int
    memory_peak_bytes: int | None = None
    memory_limit_bytes: int | None = None
    cpu_seconds: float | None = None


@dataclass(frozen=True)
class Probe:
    """What was found out about a folder bound into the engine's containers.

    ``fifos`` is False where files are seen inside but a FIFO does not connect the two sides (a
    virtual machine's shared folder): File mode works there, Pipe mode cannot. ``notes`` say so, or
    why nothing could be found out.
    """

    fifos: bool = True
    notes: tuple[str, ...] = ()


class Container(Protocol):
    """One container, from its creation to its removal."""

    @property
    def name(self) -> str: ...

    def start(self) -> tuple[int, int]:
        """Starts it, once. Returns descriptors to read its stdout and stderr from, to the end of
        file; they are the caller's to close. To be read beside :meth:`wait`, which ends what still
        holds them when the program is gone. Raises :class:`EngineError`."""
        ...

    def signal(self, number: int) -> None:
        """Sends a signal to its first process; does nothing once that has ended."""
        ...

    def stop(self, grace_seconds: float) -> None:
        """Begins to stop it and returns at once: SIGTERM, and SIGKILL after the grace, as
        ``docker stop -t`` does. May be called again with a shorter grace. Source:
        StopTrainingJob."""
        ...

    def wait(self, timeout: float | None = None) -> Exit | None:
        """Waits for its end for at most ``timeout`` seconds; None if it still runs."""
        ...

    def stats(self) -> Stats | None:
        """What it uses now; None if it does not run or cannot be seen from here."""
        ...

    def remove(self) -> None:
        """Ends it if it still runs, and removes all that the engine keeps of it. Idempotent."""
        ...


class Engine(Protocol):
    """Runs containers. An engine object is cheap to make and holds no connection.

    Where an image must be pulled, which can take long, ``leave`` is called several times a second:
    what it raises ends the pull, and comes out.
    """

    @property
    def name(self) -> str:
        """``process``, ``docker`` or ``podman``."""
        ...

    @property
    def protects_inputs(self) -> bool:
        """Whether a read-only mount is read-only. Where not, a program can write to its inputs, so
        they must be copies and not links to the user's own files."""
        ...

    def why_not_at(self, target: str) -> str | None:
        """Why no folder can be shown to a container at an absolute path outside its tree, and what
        to do; None where it can."""
        ...

    def command(self, spec: ContainerSpec) -> list[str]:
        """The command that :meth:`create` would run (for ``--dry-run``), secrets left out."""
        ...

    def probe(
        self,
        folder: Path,
        target: Target,
        *,
        job: str,
        platform: str | None = None,
        leave: Leave = stay,
    ) -> Probe:
        """Finds out whether files below ``folder`` are seen in the engine's containers. To be
        called before anything is staged for ``job``, among whose orphans the container that looks
        counts. Raises :class:`EngineError` with the reason."""
        ...

    def fetch(self, target: Target, platform: str | None, leave: Leave = stay) -> None:
        """Pulls the image of ``target`` if it is missing. Raises :class:`EngineError`."""
        ...

    def create(self, spec: ContainerSpec, leave: Leave = stay) -> Container:
        """Makes the container without starting it, pulling its image if it is missing."""
        ...

    def remove_orphans(self, job: str) -> list[str]:
        """Ends and removes every container of ``job`` in this home, whoever started it, and
        returns their names. For jobs whose harness is dead."""
        ...

    def reclaim(self, tree: Path, target: Target) -> None:
        """Makes the files that a container wrote below ``tree`` as another user the caller's.
        Raises :class:`EngineError` where that is not possible."""
        ...
