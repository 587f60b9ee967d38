"""What a container has changed in the files of its image, where nothing but rubbish may go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from sm_container.harness.engines.client import Client
from sm_container.harness.engines.engine import EngineError

_SCRATCH = ("/tmp", "/var/tmp", "/run", "/var/run", "/dev", "/proc", "/sys", "/opt/ml")
_OF_THE_ENGINE = ("/etc", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/etc/mtab")
_LOGS_AND_CACHES = ("/var/log", "/var/cache")


class Writes:
    """Filled by ``look`` when the container has ended; ``fault`` says why that was not possible."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.fault: str | None = None
        self._changed: list[str] = []

    def look(self, container: str) -> None:
        """Ask the engine what an ended container has changed; called before it is removed."""
        try:
            lines = self.client.run("diff", container).splitlines()
        except EngineError as fault:  # the job is not lost with it
            self.fault = str(fault)
            return
        self._changed += [line[2:] for line in lines if line.startswith(("A ", "C "))]

    @property
    def outside(self) -> list[str]:
        """What was written that is neither scratch, log nor cache."""
        return [path for path in _written(self._changed) if not is_cache(path)]

    @property
    def caches(self) -> list[str]:
        """The logs and caches that were written."""
        return [path for path in _written(self._changed) if is_cache(path)]


def is_cache(path: str) -> bool:
    """Whether a file is a log, bytecode, or what tools keep in a hidden folder of a home."""
    pure = PurePosixPath(path)
    if "__pycache__" in pure.parts:
        return True
    if any(pure.is_relative_to(place) for place in _LOGS_AND_CACHES):
        return True
    _, *parts = pure.parts
    inside = parts[1:] if parts[:1] in (["root"], ["home"]) else parts[:1]  # a home may be /
    return any(part.startswith(".") for part in inside)


def _written(changed: Sequence[str]) -> list[str]:
    """The files and empty folders outside the places for scratch, the folders around them left
    out."""
    above = {str(parent) for path in changed for parent in PurePosixPath(path).parents}
    return [path for path in changed if path not in above and not _is_scratch(path)]


def _is_scratch(path: str) -> bool:
    """A place for scratch, what the engine itself writes, and a folder that was made for either."""
    pure = PurePosixPath(path)
    return path in _OF_THE_ENGINE or any(
        pure.is_relative_to(place) or PurePosixPath(place).is_relative_to(pure)
        for place in _SCRATCH
    )
