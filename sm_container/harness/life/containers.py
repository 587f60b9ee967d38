"""The containers of a running job: started, listened to, told to stop, and always removed."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from sm_container.contract.inputs import InputMode
from sm_container.contract.layout import Layout
from sm_container.contract.platform import (
    STOP_SECONDS,
    STOP_SECONDS_VARIABLE,
    platform_environment,
)
from sm_container.harness.credentials.served import ServedCredentials
from sm_container.harness.engines.engine import (
    HOME_LABEL,
    JOB_LABEL,
    Container,
    ContainerSpec,
    Engine,
    Exit,
    Leave,
    Mount,
    stay,
)
from sm_container.harness.life.checkpoints import checkpoint_place
from sm_container.harness.life.prepare import Prepared
from sm_container.harness.logs.capture import capture
from sm_container.harness.store.folder import JobFolder

WITHOUT_CREDENTIALS = ServedCredentials()


def container_spec(
    prepared: Prepared,
    folder: JobFolder,
    host: str,
    arn: str,
    credentials: ServedCredentials = WITHOUT_CREDENTIALS,
) -> ContainerSpec:
    """What an engine is told about one host of a job."""
    request, options = prepared.request, prepared.options
    tree = folder.tree(host)
    return ContainerSpec(
        name=f"sm-container-{prepared.home.identity}-{request.name}-{host}",
        target=prepared.target,
        entrypoint=request.entrypoint,
        arguments=request.arguments,
        environment={
            **platform_environment(
                request.name, arn, options.region, gpus=prepared.capacity.gpus > 0
            ),
            **_other_grace(options.grace_seconds),
            **credentials.environment,
            **request.environment,
        },
        tree=tree,
        mounts=(*_input_mounts(prepared, tree), *_checkpoint_mounts(prepared, folder, host)),
        network=credentials.network or prepared.network,
        memory_bytes=prepared.capacity.memory_bytes,
        cpus=prepared.capacity.cpus,
        shm_bytes=prepared.capacity.shm_bytes,
        gpus=prepared.capacity.gpus,
        platform=options.platform,
        user=options.user,
        labels={JOB_LABEL: request.name, HOME_LABEL: prepared.home.identity},
        host_alias=host,
        interactive=options.shell,
    )


def _other_grace(seconds: float) -> dict[str, str]:
    return {} if seconds == STOP_SECONDS else {STOP_SECONDS_VARIABLE: f"{seconds:g}"}


def _input_mounts(prepared: Prepared, tree: Path) -> tuple[Mount, ...]:
    """The channels that are folders, read-only: their files may be links to the user's own. Pipe
    channels are FIFOs in the tree itself."""
    layout, inside = Layout(tree), Layout()
    return tuple(
        Mount(
            prepared.binds.get(plan.channel, layout.channel(plan.channel)),
            str(inside.channel(plan.channel)),
            read_only=True,
        )
        for plan in prepared.plans
        if plan.mode is not InputMode.PIPE
    )


def _checkpoint_mounts(prepared: Prepared, folder: JobFolder, host: str) -> tuple[Mount, ...]:
    request = prepared.request.checkpoint
    mount = None if request is None else checkpoint_place(request, folder, host).mount
    return () if mount is None else (mount,)


class _Host:
    """A host's container, the thread that listens to it, and the one that removes it in the end.

    An ended container is removed beside what is to be done yet, which need not wait for the engine.
    """

    def __init__(self, container: Container) -> None:
        self.container = container
        self.capture: threading.Thread | None = None
        self.exit: Exit | None = None
        self._removal: threading.Thread | None = None
        self._fault: Exception | None = None

    def begin_removal(self) -> None:
        if self._removal is None:
            name = f"removal of {self.container.name}"
            self._removal = threading.Thread(target=self._remove, name=name)
            self._removal.start()

    def await_removal(self) -> None:
        """Afterwards the container is gone and all it wrote is in its log."""
        if self._removal is not None:
            self._removal.join()
        if self._fault is not None:
            raise self._fault
        self.listen_to_end()

    def listen_to_end(self) -> None:
        if self.capture is not None:
            self.capture.join()

    def _remove(self) -> None:
        try:
            self.container.remove()
        except Exception as fault:  # noqa: BLE001 - raised again by whoever waits for this
            self._fault = fault


class Running:
    """A job's containers as one thing. Leaving the ``with`` block ends and removes what is left."""

    def __init__(self, live: Callable[[str, bytes], None]) -> None:
        self._live = live
        self._hosts: dict[str, _Host] = {}

    def start(
        self, host: str, engine: Engine, spec: ContainerSpec, log: Path, leave: Leave = stay
    ) -> None:
        """Start one host's container and listen to it from its first byte. What ``leave`` raises
        ends the wait for its image."""
        started = self._hosts[host] = _Host(engine.create(spec, leave))
        stdout, stderr = started.container.start()
        started.capture = threading.Thread(
            target=capture,
            args=(stdout, stderr, log, lambda data: self._live(host, data)),
            name=f"log of {host}",
        )
        started.capture.start()

    def wait(self, seconds: float) -> bool:
        """Whether every container has ended and all it wrote is in its log; waits a little."""
        deadline = time.monotonic() + seconds
        for host in self._hosts.values():
            if host.exit is None:
                host.exit = host.container.wait(max(0.0, deadline - time.monotonic()))
                if host.exit is not None:
                    host.begin_removal()
                    host.listen_to_end()
        return all(host.exit is not None for host in self._hosts.values())

    @property
    def containers(self) -> dict[str, Container]:
        """The containers of all hosts, those that have ended too."""
        return {name: host.container for name, host in self._hosts.items()}

    def exits(self) -> dict[str, Exit]:
        """How each host ended; only after ``wait`` has said that all did."""
        return {name: host.exit for name, host in self._hosts.items() if host.exit is not None}

    def stop(self, grace: float) -> None:
        """Tell every container to stop, without waiting for it: SIGTERM, the grace, SIGKILL."""
        for host in self._hosts.values():
            host.container.stop(grace)

    def kill(self) -> None:
        """End every container now."""
        for host in self._hosts.values():
            host.container.signal(signal.SIGKILL)

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for host in self._hosts.values():
            host.begin_removal()
        for host in self._hosts.values():
            host.await_removal()
