"""The engines: which work, and why the others do not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

from sm_container.cli.diagnosis.finding import Finding
from sm_container.harness.engines.client import Client, Dialect
from sm_container.harness.engines.detect import why_no_daemon
from sm_container.harness.engines.engine import EngineError
from sm_container.harness.engines.isolation import (
    Bubblewrap,
    MlPlace,
    Unshare,
    why_not,
)

_NO_NAMESPACE = "programs then find their tree by SAGEMAKER_BASE_DIR, not at /opt/ml"


def findings() -> Iterator[Finding]:
    containers = [_container_engine(dialect) for dialect in Dialect]
    yield from containers
    if not any(found.state.value == "ok" for found in containers):
        yield Finding.warning(
            "images", "nothing here runs images", "install podman or docker; programs run without"
        )
    isolations = list(_isolations())
    yield from isolations
    here = [found.subject for found in isolations if found.state.value == "ok"]
    if here:
        yield Finding.ok("process engine", f"programs see their tree at /opt/ml, by {here[0]}")
    else:
        yield Finding.warning("process engine", _NO_NAMESPACE, "install bubblewrap")


def _container_engine(dialect: Dialect) -> Finding:
    name = dialect.value
    advice = f"only needed for --engine {name}"
    program = shutil.which(name)
    if program is None:
        return Finding.warning(name, "not on PATH", advice)
    if dialect is Dialect.DOCKER:
        reason = why_no_daemon(os.environ)
        if reason is not None:
            return Finding.warning(name, reason, f"start the daemon; {advice}")
        question = ("version", "--format", "{{.Server.Version}}")
    else:
        question = ("info", "--format", "{{.Version.Version}}")
    try:
        version = Client(dialect, program).run(*question).strip()
    except EngineError as fault:
        return Finding.warning(name, str(fault), advice)
    return Finding.ok(name, f"{version}, {program}")


def _isolations() -> Iterator[Finding]:
    try:
        place = MlPlace.find()
    except EngineError as fault:
        yield Finding.warning("namespaces", str(fault), _NO_NAMESPACE)
        return
    for kind, name, package in (
        (Bubblewrap, "bwrap", "bubblewrap"),
        (Unshare, "unshare", "util-linux"),
    ):
        program = shutil.which(name)
        if program is None:
            yield Finding.warning(name, "not installed", f"install {package}; {_NO_NAMESPACE}")
            continue
        reason = why_not(kind(program, place))
        if reason is None:
            yield Finding.ok(name, program)
        else:
            yield Finding.warning(name, reason, "allow user namespaces, or run as root")
