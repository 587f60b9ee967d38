"""Images of an engine: whether one is there, and getting it if not."""

from __future__ import annotations

import json
import os
import select
import subprocess
from collections.abc import Iterator

from sm_container.harness.engines.client import Client, CommandError, last_line
from sm_container.harness.engines.engine import EngineError, Leave, Notes, stay

_LOOK_MILLISECONDS = 100


def is_present(client: Client, reference: str, platform: str | None = None) -> bool:
    """Whether the image is on this machine, and for the ``platform`` if one is given."""
    try:
        found = client.run("image", "inspect", "--format", "{{.Os}}/{{.Architecture}}", reference)
    except CommandError:
        return False
    # A variant (linux/arm/v7) is not compared: not every image says its own.
    return platform is None or platform.split("/")[:2] == found.strip().split("/")[:2]


def digest(client: Client, reference: str) -> str:
    """``sha256:...`` of an image of this machine: its registry's where the image has been in one,
    else the engine's own. Raises :class:`CommandError` where it is not there."""
    words = ("image", "inspect", "--format", "{{json .RepoDigests}} {{.Id}}", reference)
    listed, _, identity = client.run(*words).strip().rpartition(" ")
    for each in json.loads(listed) or ():
        return str(each).rpartition("@")[2]
    return f"sha256:{identity.removeprefix('sha256:')}"


def pull(
    client: Client, reference: str, platform: str | None, notes: Notes, leave: Leave = stay
) -> None:
    """Get an image from its registry; what the engine says on the way goes to ``notes``.

    ``leave`` is called again and again, and what it raises ends the pull.
    """
    notes(f"pulling {reference}")
    words = ["pull", *(["--platform", platform] if platform else []), reference]
    said: list[bytes] = []
    with subprocess.Popen(
        [client.program, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=client.environment(),
        cwd=client.folder,
        start_new_session=True,
    ) as process:
        try:
            for line in _lines(process, leave):
                said = [*said[-9:], line]
                if line.strip() and not line.startswith(b"time="):
                    notes(line.decode("utf-8", "replace").strip())
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        wanted = f"{reference} for {platform}" if platform else reference
        why = last_line(b"\n".join(said))
        raise EngineError(
            f"the image {wanted} is not on this machine and cannot be pulled: "
            f"{why}; build it, or check its name and your login"
        )


def _lines(process: subprocess.Popen[bytes], leave: Leave) -> Iterator[bytes]:
    """What a command writes, line by line, looking up from the wait for it."""
    assert process.stdout is not None
    output = process.stdout.fileno()
    poll = select.poll()
    poll.register(output, select.POLLIN)
    rest = b""
    while True:
        leave()
        if not poll.poll(_LOOK_MILLISECONDS):
            continue
        data = os.read(output, select.PIPE_BUF)
        if not data:
            break
        *lines, rest = (rest + data).split(b"\n")
        yield from lines
    if rest:
        yield rest
