"""The docker or podman command: run with a list of words, its answer read, its faults named."""

from __future__ import annotations

import enum
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sm_container.harness.engines.engine import EngineError

_ANSWER_SECONDS = 120.0
_PATHS = frozenset({"CONTAINERS_CONF", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "REGISTRY_AUTH_FILE"})


class Dialect(enum.Enum):
    """The two commands, whose words are the same but for a few."""

    DOCKER = "docker"
    PODMAN = "podman"


class CommandError(EngineError):
    """The command said no. ``code`` is its exit code."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Client:
    """One engine's command. ``variables`` are added to this process's own for every call.

    It runs in ``folder``: podman's monitor of a container leaves a file ``oom`` in the folder that
    it was started from when the container's memory runs out.
    """

    dialect: Dialect
    program: str
    variables: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path("/")

    def run(
        self,
        *words: str,
        seconds: float | None = _ANSWER_SECONDS,
        variables: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
    ) -> str:
        """Its standard output. Raises :class:`CommandError` with the last line of its error."""
        try:
            done = subprocess.run(
                [self.program, *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env=self.environment(variables),
                cwd=self.folder,
                pass_fds=pass_fds,
                timeout=seconds,
                start_new_session=True,
            )
        except subprocess.TimeoutExpired as fault:
            raise EngineError(
                f"{self.dialect.value} {words[0]} did not answer within {seconds:.0f} s"
            ) from fault
        except OSError as fault:
            raise EngineError(f"{self.program} cannot be run: {fault.strerror}") from fault
        if done.returncode != 0:
            raise CommandError(
                f"{self.dialect.value} {words[0]}: {last_line(done.stderr)}", done.returncode
            )
        return done.stdout.decode("utf-8", "replace")

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        known = {**os.environ, **self.variables}
        for name in _PATHS & known.keys():
            known[name] = os.path.abspath(known[name])  # it is read from another folder
        return {**known, **(more or {})}

    @property
    def endpoint(self) -> str:
        """Where the command sends its requests, as far as it can be told without asking it."""
        known = self.environment()
        if self.dialect is Dialect.PODMAN:
            return known.get("CONTAINER_HOST") or known.get("CONTAINER_CONNECTION") or "local"
        return known.get("DOCKER_HOST") or f"context {docker_context(known)}"


def docker_context(variables: Mapping[str, str]) -> str:
    """The context that the docker command would use; ``default`` where none is chosen."""
    if variables.get("DOCKER_CONTEXT"):
        return variables["DOCKER_CONTEXT"]
    try:
        config = json.loads((docker_folder(variables) / "config.json").read_text())
    except (OSError, ValueError):
        return "default"  # docker itself says what is wrong with a broken file
    chosen = config.get("currentContext") if isinstance(config, dict) else None
    return chosen if isinstance(chosen, str) and chosen else "default"


def docker_folder(variables: Mapping[str, str]) -> Path:
    return Path(variables.get("DOCKER_CONFIG") or Path.home() / ".docker")


# Around the line that says what went wrong: advice, log lines, and what sums the error up.
_BESIDE_THE_POINT = ("Run '", "See '", "time=", "Error: failed to start containers")


def last_line(output: bytes) -> str:
    """The line in which a command says what went wrong."""
    lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines()]
    told = [line for line in lines if line and not line.startswith(_BESIDE_THE_POINT)]
    text = told[-1] if told else "it ended without a word"
    for prefix in ("docker: ", "Error response from daemon: ", "Error: "):
        text = text.removeprefix(prefix)
    return text
