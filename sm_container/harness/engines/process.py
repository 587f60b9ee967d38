"""The process engine: a program of this machine as a job's container.

It sees the job's tree at ``/opt/ml`` where the machine lets it (:mod:`.isolation`), else where
SAGEMAKER_BASE_DIR says. Before anything is started a record is written below the home, and every
process inherits a marker, so that what a killed harness left can be found and ended.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from sm_container.contract.layout import BASE_DIR_VARIABLE, Layout
from sm_container.contract.redaction import redacted
from sm_container.harness.engines.engine import (
    HOME_LABEL,
    JOB_LABEL,
    ML_PATH,
    ContainerSpec,
    EngineError,
    Leave,
    Mount,
    NetworkKind,
    Notes,
    Probe,
    Target,
    stay,
)
from sm_container.harness.engines.isolation import (
    Isolation,
    IsolationKind,
    Plain,
    View,
    find_isolation,
    in_tree,
)
from sm_container.harness.engines.leftovers import end_marked, eventually
from sm_container.harness.engines.process_container import Launch, ProcessContainer
from sm_container.harness.engines.program import Program, program_of
from sm_container.harness.engines.records import ProgramRecord, Records
from sm_container.harness.store.home import Home

_END_SECONDS = 10.0
_SHOWN_STATUS = 3  # the descriptor in the command that --dry-run shows


class ProcessEngine:
    """Runs programs of this machine. ``isolation`` is found out where it is not given."""

    name = "process"

    def __init__(self, home: Home, notes: Notes, isolation: Isolation | None = None) -> None:
        self._identity = home.identity
        self._records = Records(home.path / "engines" / "process")
        self._notes = notes
        self._isolation = isolation
        # A program dies with the thread that started it (--die-with-parent is the kernel's
        # PR_SET_PDEATHSIG), so one thread that lives as long as this process starts them all.
        self._starter = ThreadPoolExecutor(1, "program starter")

    @property
    def isolation(self) -> Isolation:
        if self._isolation is None:
            self._isolation = find_isolation()
        return self._isolation

    @property
    def protects_inputs(self) -> bool:
        return self.isolation.kind is not IsolationKind.PLAIN

    def why_not_at(self, target: str) -> str | None:
        return self.isolation.why_not_at(target)

    def command(self, spec: ContainerSpec) -> list[str]:
        program, view = self._resolve(spec)
        variables = redacted({**program.environment, **spec.environment})
        return [
            "env",
            *(f"{name}={value}" for name, value in variables.items()),
            *self.isolation.command(program.argv, view, _SHOWN_STATUS),
        ]

    def probe(
        self,
        folder: Path,
        target: Target,
        *,
        job: str,
        platform: str | None = None,
        leave: Leave = stay,
    ) -> Probe:
        """A program sees this machine's own files; only the lack of a view of its own is told."""
        isolation = self.isolation
        if not isinstance(isolation, Plain):
            return Probe()
        return Probe(
            notes=(
                f"the program has no {ML_PATH} of its own ({isolation.reason}): "
                f"{BASE_DIR_VARIABLE} names its tree, and nothing keeps it from writing its inputs",
            )
        )

    def fetch(self, target: Target, platform: str | None, leave: Leave = stay) -> None:
        """Nothing to do: a program is there, or was refused."""

    def create(self, spec: ContainerSpec, leave: Leave = stay) -> ProcessContainer:
        program, view = self._resolve(spec)
        self._tell_what_is_left_out(spec)
        if not spec.tree.is_dir():
            raise EngineError(f"{spec.tree} is not a folder")
        if program.code is not None:
            _show_code(program.code, Layout(spec.tree).code, self.isolation)
        folder = self._records.folder(spec.name)
        if folder.exists():
            raise EngineError(f"{spec.name} exists already; remove its job first")
        self._records.write(ProgramRecord(spec.labels[JOB_LABEL], spec.name))
        if self.isolation.kind is not IsolationKind.PLAIN:
            view = _with_hosts(view, folder / "hosts", spec.host_alias)
        marker = f"{spec.labels[HOME_LABEL]}/{spec.labels[JOB_LABEL]}/{spec.name}"
        launch = Launch(spec, program, view, self.isolation, marker, self._records)
        return ProcessContainer(launch, self._starter)

    def remove_orphans(self, job: str) -> list[str]:
        names = {marker.rpartition("/")[2] for marker in end_marked(f"{self._identity}/{job}/")}
        for record in self._records.of_job(job):
            for process in record.processes:
                process.signal(signal.SIGKILL)
            if not eventually(record.has_ended, _END_SECONDS):
                raise EngineError(f"{record.container} does not end after SIGKILL")
            self._records.remove(record.container)
            names.add(record.container)
        return sorted(names)

    def reclaim(self, tree: Path, target: Target) -> None:
        """Nothing to do: a program runs as the user, and its files are the user's."""

    def _resolve(self, spec: ContainerSpec) -> tuple[Program, View]:
        if spec.network.kind is NetworkKind.NAMED:
            raise EngineError("the process engine has no networks of its own; use an image")
        for what, asked in (("a platform", spec.platform), ("a user", spec.user)):
            if asked is not None:
                raise EngineError(
                    f"the process engine cannot run as {what} of choice; use an image"
                )
        program = program_of(spec)
        if self.isolation.kind is IsolationKind.PLAIN:
            program = replace(
                program, argv=(in_tree(program.argv[0], spec.tree), *program.argv[1:])
            )
        elif spec.entrypoint is None:
            _refuse_hidden(program, spec.mounts)
        view = View(
            tree=spec.tree,
            folder=Path(spec.workdir) if spec.workdir else program.folder,
            mounts=(*spec.mounts, *_code_mounts(program, self.isolation)),
            network=spec.network.kind is not NetworkKind.NONE,
        )
        self.isolation.command(program.argv, view, _SHOWN_STATUS)  # it refuses what it cannot do
        return program, view

    def _tell_what_is_left_out(self, spec: ContainerSpec) -> None:
        for what, asked in (
            ("memory", spec.memory_bytes),
            ("CPUs", spec.cpus),
            ("shared memory", spec.shm_bytes),
        ):
            if asked is not None:
                self._notes(f"the process engine does not limit {what}")


def _code_mounts(program: Program, isolation: Isolation) -> tuple[Mount, ...]:
    """A script's own folder in the place of the code folder: it is run where it is, not copied."""
    if program.code is None or isolation.kind is IsolationKind.PLAIN:
        return ()
    return (Mount(program.code, str(Layout().code)),)


def _show_code(folder: Path, code: Path, isolation: Isolation) -> None:
    """Make the place for the mount, or without mounts a link that leads to the folder."""
    if isolation.kind is IsolationKind.PLAIN:
        code.symlink_to(folder)
    else:
        code.mkdir(exist_ok=True)


def _with_hosts(view: View, file: Path, alias: str) -> View:
    """The view, with a hosts file in which the host finds itself by its name."""
    hosts = os.path.realpath("/etc/hosts")
    if not os.path.isfile(hosts):
        return view
    text = Path(hosts).read_text("utf-8", "surrogateescape").rstrip("\n")
    file.write_text(f"{text}\n127.0.0.1 {alias}\n", "utf-8", "surrogateescape")
    return replace(view, mounts=(*view.mounts, Mount(file, hosts, read_only=True)))


def _refuse_hidden(program: Program, mounts: Iterable[Mount]) -> None:
    """What lies below this machine's own /opt/ml is not seen by a program with another one, and
    what lies where something else is mounted, neither."""
    for path in (program.code or program.argv[0], sys.executable):
        for place in (ML_PATH, *(mount.target for mount in mounts)):
            if Path(path).is_relative_to(place):
                raise EngineError(
                    f"{path} lies below {place}, where the program sees a folder of its job; move "
                    "it"
                )
