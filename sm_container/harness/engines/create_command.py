"""A spec as the words of ``docker create`` or ``podman create``."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from sm_container.harness.engines.client import Dialect
from sm_container.harness.engines.engine import (
    ML_PATH,
    ContainerSpec,
    EngineError,
    ImageTarget,
    Mount,
    NetworkKind,
    Target,
)
from sm_container.harness.engines.entry import entry_of
from sm_container.harness.engines.gpus import gpu_words


def create_words(
    spec: ContainerSpec, variables: list[str], dialect: Dialect = Dialect.PODMAN
) -> list[str]:
    """All words after the engine's name. ``variables`` are the words for the environment."""
    image = image_of(spec.target)
    entry = entry_of(spec)
    return [
        "create",
        "--pull=never",
        # The output goes to the harness, which keeps it; a second copy would fill the disk.
        *("--log-driver", "none"),
        # Docker has no such option: it is given other mounts.
        *(("--image-volume", "ignore") if dialect is Dialect.PODMAN else ()),
        *("--name", spec.name),
        *_pairs("--label", (f"{name}={value}" for name, value in spec.labels.items())),
        *("--hostname", host_name(spec.name)),
        *_network(spec),
        *mount_words(Mount(spec.tree, ML_PATH)),
        *(word for mount in spec.mounts for word in mount_words(mount)),
        *variables,
        *_limits(spec),
        *gpu_words(dialect, spec.gpus),
        *(("--platform", spec.platform) if spec.platform else ()),
        *(("--workdir", spec.workdir) if spec.workdir else ()),
        *(("--user", spec.user) if spec.user else ()),
        *(_terminal() if spec.interactive else ()),
        *(("--security-opt", "label=disable") if _selinux_enforces() else ()),
        *(("--entrypoint", entry.entrypoint) if entry.entrypoint is not None else ()),
        image,
        *entry.arguments,
    ]


def image_of(target: Target) -> str:
    """The image's reference. Raises :class:`EngineError` for a program, or what is none."""
    if not isinstance(target, ImageTarget):
        raise EngineError(f"{target.path} is a program, which the process engine runs; use that")
    if not target.reference or target.reference.startswith("-"):
        raise EngineError(f"{target.reference!r} is not an image reference")
    return target.reference


def host_name(container: str) -> str:
    """A name in the form of the service's, the same for the same container: never ``algo-1``, so
    that an algorithm that takes its host's name for its place in the cluster is found out."""
    digest = hashlib.sha256(container.encode()).digest()
    return f"ip-10-0-{digest[0]}-{digest[1]}.ec2.internal"


def mount_words(mount: Mount) -> list[str]:
    """A bind mount, whatever characters its source has.

    ``--mount`` is read as a line of CSV, but podman's service for the docker command reads it
    without quotes; ``--volume`` is cut at colons. A name that has both is left to CSV.
    """
    source = os.path.abspath(mount.source)
    if not os.path.lexists(source):
        raise EngineError(f"{source} is not there to be mounted at {mount.target}")
    if any(character in source for character in ',"\n\r') and ":" not in source:
        return ["--volume", f"{source}:{mount.target}{':ro' if mount.read_only else ''}"]
    fields = ["type=bind", f"source={source}", f"target={mount.target}"]
    if mount.read_only:
        fields.append("readonly")
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(fields)
    return ["--mount", line.getvalue()]


def _network(spec: ContainerSpec) -> list[str]:
    """Where no network resolves the host's own name, the hosts file does."""
    if spec.network.kind is NetworkKind.NAMED:
        return ["--network", spec.network.name, "--network-alias", spec.host_alias]
    chosen = ["--network", "none"] if spec.network.kind is NetworkKind.NONE else []
    return [*chosen, "--add-host", f"{spec.host_alias}:127.0.0.1"]


def _limits(spec: ContainerSpec) -> Iterator[str]:
    if spec.memory_bytes is not None:
        # No swap, as on an instance: the limit is where the kernel ends the program.
        yield from ("--memory", f"{spec.memory_bytes}b", "--memory-swap", f"{spec.memory_bytes}b")
    if spec.cpus is not None:
        yield from ("--cpus", f"{spec.cpus:g}")
    if spec.shm_bytes is not None:
        yield from ("--shm-size", f"{spec.shm_bytes}b")


def _pairs(flag: str, values: Iterator[str]) -> list[str]:
    return [word for value in values for word in (flag, value)]


def _terminal() -> list[str]:
    return ["--interactive", *(["--tty"] if sys.stdin.isatty() else [])]


def _selinux_enforces() -> bool:
    """Where SELinux keeps containers from a user's own files, it must look away for this one."""
    try:
        return Path("/sys/fs/selinux/enforce").read_text().strip() == "1"
    except OSError:
        return False
