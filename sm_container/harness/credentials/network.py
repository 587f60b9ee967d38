"""The network on which a container reaches the credentials endpoint at 169.254.170.2.

It is one for the whole machine, since its address is: every job that uses it holds a shared lock,
and the last one removes it.
"""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from sm_container.harness.credentials.choice import CredentialsError
from sm_container.harness.engines.attached import remove
from sm_container.harness.engines.client import Client, CommandError, Dialect
from sm_container.harness.engines.leftovers import eventually

NAME = "sm-container-credentials"
ADDRESS = "169.254.170.2"
_SUBNET = "169.254.170.0/24"
_SECONDS = 8.0
_WAITERS = (("sh", "read -r line"), ("python3", "input()"))


@contextmanager
def credentials_network(client: Client, image: str) -> Iterator[str]:
    """The network's name, for as long as the block runs.

    Raises :class:`CredentialsError` where the engine's networks do not meet this machine's (a
    virtual machine, a rootless engine), which a short container of ``image`` shows.
    """
    if client.dialect is Dialect.PODMAN and client.endpoint == "local" and os.geteuid() != 0:
        raise _unreachable(client)
    descriptor = _open_lock()
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        _make(client)
        try:
            _check(client, image)
            yield NAME
        finally:
            _remove_if_last(client, descriptor)
    finally:
        os.close(descriptor)


def _open_lock() -> int:
    path = os.path.join(tempfile.gettempdir(), f"{NAME}.lock")
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _make(client: Client) -> None:
    try:
        client.run("network", "inspect", NAME)
    except CommandError:
        try:
            client.run("network", "create", "--subnet", _SUBNET, "--gateway", ADDRESS, NAME)
        except CommandError as fault:
            raise CredentialsError(
                f"{client.dialect.value} cannot make a network at {ADDRESS}: {fault}; use "
                "--credentials none, or the process engine"
            ) from fault


def remove_unused(client: Client) -> None:
    """Remove the network that a killed harness left, unless a living one uses it."""
    descriptor = _open_lock()
    try:
        _remove_if_last(client, descriptor)
    finally:
        os.close(descriptor)


def _remove_if_last(client: Client, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # another job is on it
    try:
        client.run("network", "rm", NAME)
    except CommandError:
        return  # a container that a killed harness left is on it: the next job finds it made


def _check(client: Client, image: str) -> None:
    """Some engines make a network's bridge only while a container is on it: so one waits there
    until the address is seen on this machine, or is not."""
    if _is_here():
        return
    for program, text in _WAITERS:
        name = f"sm-probe-{uuid.uuid4().hex[:12]}"
        words = ["run", "--rm", "--pull=never", "--interactive", "--network", NAME, "--name", name]
        with subprocess.Popen(
            [client.program, *words, "--entrypoint", program, image, "-c", text],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=client.environment(),
            cwd=client.folder,
            start_new_session=True,
        ) as waiting:
            try:
                if _appears(waiting):
                    return
                could_run = waiting.poll() is None
            finally:
                if waiting.poll() is None:
                    remove(client, name)
        if could_run:
            break
    raise _unreachable(client)


def _unreachable(client: Client) -> CredentialsError:
    return CredentialsError(
        f"containers of {client.dialect.value} ({client.endpoint}) cannot reach this machine at "
        f"{ADDRESS}: the engine is rootless, or runs in a virtual machine or elsewhere; use "
        "--credentials none, or the process engine"
    )


def _appears(waiting: subprocess.Popen[bytes]) -> bool:
    """Whether the address comes to this machine while a container waits on the network."""
    eventually(lambda: _is_here() or waiting.poll() is not None, _SECONDS, 0.05)
    return _is_here()


def _is_here() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
        try:
            trial.bind((ADDRESS, 0))
        except OSError:
            return False
    return True
