"""Which engine runs a target: the one that is named, or the first that works here."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from sm_container.harness.engines.client import Client, Dialect, docker_context, docker_folder
from sm_container.harness.engines.engine import (
    Engine,
    EngineError,
    Notes,
    ProgramTarget,
    Target,
    unheard,
)
from sm_container.harness.store.home import Home

AUTO = "auto"
PROCESS = "process"
ENGINES = (AUTO, *(dialect.value for dialect in Dialect), PROCESS)

_CONNECT_SECONDS = 2.0


def choose(name: str, target: Target, home: Home, notes: Notes = unheard) -> Engine:
    """The engine called ``name``; with ``auto``, process for a program and docker, else podman,
    for an image.

    Raises :class:`EngineError` with all that was tried, and why it does not serve.
    """
    if name not in ENGINES:
        raise EngineError(f"there is no engine {name!r}; choose from {', '.join(ENGINES)}")
    is_program = isinstance(target, ProgramTarget)
    if name == PROCESS or (name == AUTO and is_program):
        if not is_program:
            raise EngineError("the process engine runs programs; an image needs docker or podman")
        return _process_engine(home, notes)
    if is_program:
        raise EngineError(f"{name} runs images; a program is run by the process engine")
    return _container_engine(name, home, notes)


def engine_named(name: str, home: Home, notes: Notes = unheard) -> Engine:
    """The engine that a job was run by, for what it left. Raises :class:`EngineError`."""
    if name == PROCESS:
        return _process_engine(home, notes)
    if name not in ENGINES or name == AUTO:
        raise EngineError(f"there is no engine {name!r}")
    return _container_engine(name, home, notes)


# A run uses one engine: the other is not imported.
def _process_engine(home: Home, notes: Notes) -> Engine:
    from sm_container.harness.engines.process import ProcessEngine

    return ProcessEngine(home, notes)


def _container_engine(name: str, home: Home, notes: Notes) -> Engine:
    from sm_container.harness.engines.container import ContainerEngine

    return ContainerEngine(find_client(name, os.environ), home, notes)


def find_client(name: str, environ: Mapping[str, str]) -> Client:
    """The command of the engine called ``name``, or with ``auto`` of the first that works."""
    dialects = [dialect for dialect in Dialect if name in (AUTO, dialect.value)]
    tried: list[str] = []
    for dialect in dialects:
        program = shutil.which(dialect.value, path=environ.get("PATH"))
        if program is None:
            tried.append(f"{dialect.value}: not on PATH")
            continue
        # Podman needs no daemon, so that there is nothing to look for before it is used.
        reason = why_no_daemon(environ) if dialect is Dialect.DOCKER else None
        if reason is None:
            return Client(dialect, program)
        tried.append(f"{dialect.value}: {reason}")
    if name != AUTO:
        raise EngineError(
            f"{'; '.join(tried)}; install {name} or start it, or leave --engine out: "
            "sm-container doctor says what works here"
        )
    raise EngineError(
        f"no container engine works here ({'; '.join(tried)}); install podman (apt-get install "
        "podman) or docker (https://docs.docker.com/engine/install), or start its daemon; a "
        "program without an image runs by --engine process"
    )


def why_no_daemon(environ: Mapping[str, str]) -> str | None:
    """Why the docker command would find no daemon; None if it would, or if that cannot be told
    without asking it (a daemon on another machine)."""
    endpoint = _endpoint(environ)
    if endpoint is None or not endpoint.startswith("unix://"):
        return None
    import socket

    path = endpoint.removeprefix("unix://")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        trial.settimeout(_CONNECT_SECONDS)
        try:
            trial.connect(path)
        except OSError as fault:
            return f"no daemon answers at {path} ({os.strerror(fault.errno or 0)})"
    return None


def _endpoint(environ: Mapping[str, str]) -> str | None:
    """Where the docker command looks for its daemon; None where its files do not say."""
    if environ.get("DOCKER_HOST"):
        return environ["DOCKER_HOST"]
    context = docker_context(environ)
    if context == "default":
        return "unix:///var/run/docker.sock"
    import hashlib

    digest = hashlib.sha256(context.encode()).hexdigest()
    file = docker_folder(environ) / "contexts" / "meta" / digest / "meta.json"
    try:
        host = json.loads(file.read_text())["Endpoints"]["docker"]["Host"]
    except (OSError, ValueError, KeyError, TypeError):
        return None  # docker itself says what is wrong with it
    return host if isinstance(host, str) else None


def target_path(text: str) -> Path | None:
    """The path that a TARGET is; None if it is an image's reference.

    A path looks like one (``./x``, ``/x``, ``~/x``, ``x.py``) or is there.
    """
    path = Path(text).expanduser()
    looks = text in (".", "..") or text.startswith(("/", "./", "../", "~"))
    return path if looks or path.suffix == ".py" or path.exists() else None
