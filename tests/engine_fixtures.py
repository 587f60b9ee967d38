"""Real engines for the tests of every room: podman, docker by podman's socket, processes.

``scripts/prepare-host`` and ``scripts/build-images`` say in ``build/*.env`` what this machine has.
Where that is missing a test says so and is skipped; where CI is set it fails.
"""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sm_container.harness.engines.client import Client, Dialect
from sm_container.harness.engines.container import ContainerEngine
from sm_container.harness.engines.engine import (
    HOME_LABEL,
    JOB_LABEL,
    Container,
    ContainerSpec,
    Engine,
    Exit,
    ImageTarget,
    Network,
    ProgramTarget,
    Target,
)
from sm_container.harness.engines.isolation import (
    Bubblewrap,
    Isolation,
    MlPlace,
    Plain,
    Unshare,
    why_not,
)
from sm_container.harness.engines.process import ProcessEngine
from sm_container.harness.store.home import Home

BUILD = Path(__file__).parent.parent / "build"
_SERVICE_SECONDS = 20.0


@pytest.fixture(scope="session")
def host() -> dict[str, str]:
    """What the preparation found and made: the variables of build/*.env."""
    found: dict[str, str] = {}
    for name in ("host.env", "images.env"):
        if (BUILD / name).exists():
            text = (BUILD / name).read_text()
            found.update(line.split("=", 1) for line in shlex.split(text))
    if "CONTAINERS_CONF" in found:
        os.environ.setdefault("CONTAINERS_CONF", found["CONTAINERS_CONF"])
    return found


def _prepared(host: dict[str, str], name: str) -> str:
    if name in host and os.geteuid() == 0:
        return host[name]
    reason = f"{name} is not known: run scripts/prepare-host and scripts/build-images as root"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def base_image(host: dict[str, str]) -> str:
    """An image with a shell, coreutils and Python, and no entry point."""
    return _prepared(host, "SM_CONTAINER_TEST_BASE_IMAGE")


@pytest.fixture(scope="session")
def library_image(host: dict[str, str]) -> str:
    """templates/Dockerfile's image: this checkout's library, ENTRYPOINT sm-train, no program."""
    return _prepared(host, "SM_CONTAINER_TEST_LIBRARY_IMAGE")


@pytest.fixture(scope="session")
def algorithm_image(host: dict[str, str]) -> str:
    """tests/images/algorithm: a script that does what its hyperparameters say, under sm-train."""
    return _prepared(host, "SM_CONTAINER_TEST_ALGORITHM_IMAGE")


@pytest.fixture(scope="session")
def ordinary_user(host: dict[str, str]) -> str:
    """The name of a user who is not root."""
    return _prepared(host, "SM_CONTAINER_TEST_USER")


@pytest.fixture(scope="session")
def podman_socket(base_image: str) -> Iterator[str]:
    """The endpoint (``unix://...``) of a podman service, for the docker command."""
    with tempfile.TemporaryDirectory(prefix="sm-podman-") as folder:
        os.chmod(folder, 0o755)
        with PodmanService(Path(folder) / "podman.sock") as endpoint:
            yield endpoint


class PodmanService:
    """A podman service at a socket; ``prefix`` are words before the command."""

    def __init__(self, path: Path, *prefix: str) -> None:
        self.path = path
        self.words = [*prefix, "podman", "system", "service", "--time", "0", f"unix://{path}"]

    def __enter__(self) -> str:
        self.process = subprocess.Popen(
            self.words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.path.parent
        )
        deadline = time.monotonic() + _SERVICE_SECONDS
        while not _answers(self.path):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                pytest.fail(f"the podman service does not answer at {self.path}")
            time.sleep(0.02)
        os.chmod(self.path, 0o666)  # for the ordinary user of some tests
        return f"unix://{self.path}"

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(20)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as trial:
        try:
            trial.connect(str(path))
        except OSError:
            return False
    return True


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home of its own."""
    return Home.from_environment({"SM_CONTAINER_HOME": str(tmp_path / "home")})


@pytest.fixture
def notes() -> list[str]:
    """What an engine has noted."""
    return []


@pytest.fixture
def podman_client(base_image: str) -> Client:
    return Client(Dialect.PODMAN, "podman")


@pytest.fixture
def docker_client(podman_socket: str, host: dict[str, str]) -> Client:
    program = host["SM_CONTAINER_TEST_DOCKER"]
    return Client(Dialect.DOCKER, program, {"DOCKER_HOST": podman_socket})


@pytest.fixture(
    params=[
        pytest.param("podman", marks=pytest.mark.container),
        pytest.param("docker", marks=pytest.mark.container),
    ]
)
def container_engine(
    request: pytest.FixtureRequest, home: Home, notes: list[str]
) -> ContainerEngine:
    """podman, and the docker command by podman's socket."""
    client = request.getfixturevalue(f"{request.param}_client")
    return ContainerEngine(client, home, notes.append)


@pytest.fixture
def process_engine(home: Home, notes: list[str]) -> ProcessEngine:
    return ProcessEngine(home, notes.append)


@pytest.fixture(
    params=[
        "process",
        "unshare",
        pytest.param("podman", marks=pytest.mark.container),
        pytest.param("docker", marks=pytest.mark.container),
    ]
)
def engine(request: pytest.FixtureRequest, home: Home, notes: list[str]) -> Engine:
    """Every engine in turn; processes in the best way of this machine and in the second best."""
    if request.param == "process":
        return ProcessEngine(home, notes.append)
    if request.param == "unshare":
        return ProcessEngine(home, notes.append, isolation_of("unshare"))
    client = request.getfixturevalue(f"{request.param}_client")
    return ContainerEngine(client, home, notes.append)


def isolation_of(kind: str) -> Isolation:
    """``bubblewrap``, ``unshare`` or ``plain``; skips where this machine lacks it, in CI fails."""
    if kind == "plain":
        return Plain("chosen by the test")
    program = shutil.which("bwrap" if kind == "bubblewrap" else "unshare")
    isolation: Isolation | None = None
    if program is not None:
        way = Bubblewrap if kind == "bubblewrap" else Unshare
        isolation = way(program, MlPlace.find())
    reason = f"{kind} is not installed" if isolation is None else why_not(isolation)
    if isolation is None or reason is not None:
        if os.environ.get("CI"):
            pytest.fail(f"{kind}: {reason}")
        pytest.skip(f"{kind}: {reason}")
    return isolation


@pytest.fixture
def bubblewrap() -> tuple[str, ...]:
    """The words that run a program by bubblewrap with all of this machine in view."""
    isolation_of("bubblewrap")
    return ("bwrap", "--bind", "/", "/", "--dev-bind", "/dev", "/dev")


@pytest.fixture
def target(request: pytest.FixtureRequest, engine: Engine, tmp_path: Path) -> Target:
    """Something that ``engine`` can run, for a spec that names its own entry point."""
    if engine.name == "process":
        return ProgramTarget(executable(tmp_path / "program" / "train", "exit 0"))
    return ImageTarget(request.getfixturevalue("base_image"))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An empty ``/opt/ml``."""
    folder = tmp_path / "tree"
    (folder / "model").mkdir(parents=True)
    (folder / "input" / "data").mkdir(parents=True)
    return folder


def executable(path: Path, script: str) -> Path:
    """A shell program at ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@dataclass(frozen=True)
class Finished:
    """A container's output and end."""

    out: bytes
    err: bytes
    exit: Exit


@dataclass
class Runner:
    """Makes specs for one engine, runs them to their end, and removes whatever it made."""

    engine: Engine
    home: Home
    tree: Path
    target: Target | None = None
    job: str = "a-job"

    def __post_init__(self) -> None:
        self.made: list[Container] = []

    def spec(self, *command: str, **fields: object) -> ContainerSpec:
        """A spec whose entry point is ``command``, without a network unless it is given one."""
        number = len(self.made) + 1
        known: dict[str, object] = {
            "name": f"sm-test-{self.home.identity}-{self.job}-{number}",
            "target": self.target,
            "tree": self.tree,
            "entrypoint": command or None,
            "labels": {JOB_LABEL: self.job, HOME_LABEL: self.home.identity},
            "network": Network.none(),
        }
        return ContainerSpec(**{**known, **fields})  # type: ignore[arg-type]

    def create(self, *command: str, **fields: object) -> Container:
        container = self.engine.create(self.spec(*command, **fields))
        self.made.append(container)
        return container

    def run(
        self, *command: str, during: Callable[[Container], object] | None = None, **fields: object
    ) -> Finished:
        """Runs to the end; ``during`` is called with the container once it is started."""
        container = self.create(*command, **fields)
        out, err = container.start()
        if during is not None:
            during(container)
        return finish(container, out, err)


def finish(container: Container, out: int, err: int, seconds: float = 60.0) -> Finished:
    """Reads both streams to their end, at once, and waits for the container's."""
    held: dict[int, bytes] = {}

    def read(descriptor: int) -> None:
        with open(descriptor, "rb") as stream:
            held[descriptor] = stream.read()

    readers = [threading.Thread(target=read, args=(d,)) for d in (out, err)]
    for reader in readers:
        reader.start()
    end = container.wait(seconds)
    assert end is not None, "the container does not end"
    for reader in readers:
        reader.join(seconds)
        assert not reader.is_alive(), "the output does not end"
    return Finished(held[out], held[err], end)


@pytest.fixture
def runner(engine: Engine, home: Home, tree: Path, target: Target) -> Iterator[Runner]:
    """Runs commands in every engine in turn."""
    made = Runner(engine, home, tree, target)
    yield made
    for container in made.made:
        container.remove()


@pytest.fixture
def container_runner(
    container_engine: ContainerEngine, home: Home, tree: Path, base_image: str
) -> Iterator[Runner]:
    """Runs commands in podman and docker in turn."""
    made = Runner(container_engine, home, tree, ImageTarget(base_image))
    yield made
    for container in made.made:
        container.remove()
