"""What an engine knows about a container: created, running, ended, and how."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sm_container.harness.engines.client import Client, CommandError

_FORMAT = "{{json .State}}"
_NEVER = "0001-01-01"


class Life(enum.Enum):
    """The part of its life that a container is in."""

    CREATED = "created"
    RUNNING = "running"
    ENDED = "ended"


@dataclass(frozen=True)
class State:
    """A container at one moment. ``pid`` is its first process as the engine's kernel counts it."""

    life: Life
    exit_code: int
    out_of_memory: bool
    pid: int

    @classmethod
    def of(cls, client: Client, container: str) -> State | None:
        """Asks the engine; None if it has no such container."""
        try:
            answer = client.run("container", "inspect", "--format", _FORMAT, container)
        except CommandError:
            if not exists(client, container):
                return None
            raise
        return cls.from_document(json.loads(answer))

    @classmethod
    def from_document(cls, state: Mapping[str, Any]) -> State:
        """From what both engines call a container's State."""
        if state["StartedAt"].startswith(_NEVER):
            life = Life.CREATED
        elif state["Running"] or state["Status"] in ("running", "paused", "stopping"):
            life = Life.RUNNING
        else:
            life = Life.ENDED
        return cls(life, state["ExitCode"], bool(state.get("OOMKilled")), state["Pid"])


def exists(client: Client, container: str) -> bool:
    """Whether the engine has a container of this name."""
    names = client.run(
        "ps", "--all", "--filter", f"name={container}", "--format", "{{.Names}}"
    ).split()
    return container in names
