"""The container engine: docker and podman, by their commands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sm_container.harness.engines.attached import AttachedContainer, remove
from sm_container.harness.engines.client import Client, CommandError
from sm_container.harness.engines.create_command import create_words, image_of
from sm_container.harness.engines.engine import (
    HOME_LABEL,
    JOB_LABEL,
    ContainerSpec,
    EngineError,
    Notes,
    Probe,
    Target,
)
from sm_container.harness.engines.images import is_present, pull
from sm_container.harness.engines.probe import probe
from sm_container.harness.engines.reclaim import reclaim
from sm_container.harness.engines.variables import Variables
from sm_container.harness.store.home import Home


class ContainerEngine:
    """Runs images. A container is made, then started by a command that stays attached to it: two
    calls of the engine in all where nothing goes wrong."""

    protects_inputs = True

    def __init__(self, client: Client, home: Home, notes: Notes) -> None:
        folder = home.path / "engines" / client.dialect.value
        folder.mkdir(parents=True, exist_ok=True)
        self.client = replace(client, folder=folder)
        self._home = home
        self._notes = notes

    @property
    def name(self) -> str:
        return self.client.dialect.value

    def command(self, spec: ContainerSpec) -> list[str]:
        return [self.client.program, *create_words(spec, Variables.of(spec.environment).shown())]

    def probe(self, folder: Path, target: Target) -> Probe:
        image = image_of(target)
        return probe(
            self.client, image, folder, self._home.cache, lambda: self._get(image, platform=None)
        )

    def fetch(self, target: Target, platform: str | None) -> None:
        self._get(image_of(target), platform)

    def create(self, spec: ContainerSpec) -> AttachedContainer:
        if not spec.tree.is_dir():
            raise EngineError(f"{spec.tree} is not a folder")
        try:
            identity = self._create(spec)
        except CommandError:
            # Asked only now: an image is nearly always there.
            if not self._get(image_of(spec.target), spec.platform):
                raise
            identity = self._create(spec)
        return AttachedContainer(self.client, spec, identity)

    def remove_orphans(self, job: str) -> list[str]:
        names = self.client.run(
            "ps",
            "--all",
            *("--filter", f"label={HOME_LABEL}={self._home.identity}"),
            *("--filter", f"label={JOB_LABEL}={job}"),
            *("--format", "{{.Names}}"),
        ).split()
        for name in names:
            remove(self.client, name)
        return sorted(names)

    def reclaim(self, tree: Path, target: Target) -> None:
        reclaim(self.client, tree, target)

    def _create(self, spec: ContainerSpec) -> str:
        with Variables.of(spec.environment).passed() as (words, variables, descriptors):
            answer = self.client.run(
                *create_words(spec, words), variables=variables, pass_fds=descriptors
            )
        return answer.split()[-1]

    def _get(self, image: str, platform: str | None) -> bool:
        """Pull an image if it is missing; whether it was."""
        if is_present(self.client, image):
            return False
        pull(self.client, image, platform, self._notes)
        return True
