"""The container engine: docker and podman, by their commands."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from sm_container.harness.engines.attached import AttachedContainer, remove
from sm_container.harness.engines.client import Client, CommandError, Dialect
from sm_container.harness.engines.create_command import create_words, image_of
from sm_container.harness.engines.engine import (
    HOME_LABEL,
    JOB_LABEL,
    ContainerSpec,
    EngineError,
    Leave,
    Notes,
    Probe,
    Target,
    stay,
    unheard,
)
from sm_container.harness.engines.images import is_present, pull
from sm_container.harness.engines.leftovers import eventually, runs_with
from sm_container.harness.engines.probe import Trial, probe
from sm_container.harness.engines.reclaim import reclaim
from sm_container.harness.engines.variables import Variables
from sm_container.harness.engines.volumes import hiding, mounts_instead, volumes_of
from sm_container.harness.store.home import Home

_CREATE_SECONDS = 60.0


class ContainerEngine:
    """Runs images. A container is made, then started by a command that stays attached to it: two
    calls of the engine in all where nothing goes wrong. ``before_removal`` is told the name of a
    container that is about to be removed."""

    protects_inputs = True

    def __init__(
        self, client: Client, home: Home, notes: Notes, before_removal: Notes = unheard
    ) -> None:
        folder = home.path / "engines" / client.dialect.value
        folder.mkdir(parents=True, exist_ok=True)
        self.client = replace(client, folder=folder)
        self._home = home
        self._notes = notes
        self._before_removal = before_removal

    @property
    def name(self) -> str:
        return self.client.dialect.value

    def why_not_at(self, target: str) -> str | None:
        return None

    def command(self, spec: ContainerSpec) -> list[str]:
        shown = Variables.of(spec.environment).shown()
        return [self.client.program, *create_words(spec, shown, self.client.dialect)]

    def probe(
        self,
        folder: Path,
        target: Target,
        *,
        job: str,
        platform: str | None = None,
        leave: Leave = stay,
    ) -> Probe:
        image = image_of(target)
        trial = Trial(self.client, image, {JOB_LABEL: job, HOME_LABEL: self._home.identity})
        return probe(trial, folder, self._home.cache, lambda: self._get(image, platform, leave))

    def fetch(self, target: Target, platform: str | None, leave: Leave = stay) -> None:
        self._get(image_of(target), platform, leave)

    def create(self, spec: ContainerSpec, leave: Leave = stay) -> AttachedContainer:
        if not spec.tree.is_dir():
            raise EngineError(f"{spec.tree} is not a folder")
        if spec.platform is not None:
            # Not every engine refuses to make a container of an image for another platform.
            self._get(image_of(spec.target), spec.platform, leave)
        try:
            identity = self._create(spec)
        except CommandError:
            # Asked only now: an image is nearly always there.
            if not self._get(image_of(spec.target), spec.platform, leave):
                raise
            identity = self._create(spec)
        return AttachedContainer(self.client, spec, identity, self._before_removal)

    def remove_orphans(self, job: str) -> list[str]:
        labels = (f"{HOME_LABEL}={self._home.identity}", f"{JOB_LABEL}={job}")
        # A command outlives the harness that ran it: what it is about to make is waited for.
        if not eventually(lambda: not runs_with("create", *labels), _CREATE_SECONDS):
            raise EngineError(f"{self.name} is still creating a container of job {job}; try again")
        filters = (word for label in labels for word in ("--filter", f"label={label}"))
        names = self.client.run("ps", "--all", *filters, "--format", "{{.Names}}").split()
        for name in names:
            remove(self.client, name)
        return sorted(names)

    def reclaim(self, tree: Path, target: Target) -> None:
        reclaim(self.client, tree, target)

    def _create(self, spec: ContainerSpec) -> str:
        """Makes the container in which the image's own volumes hide nothing; its identity."""
        if self.client.dialect is Dialect.PODMAN:
            return self._made(spec)
        # Beside the other command, since nearly no image has a volume that matters.
        with ThreadPoolExecutor(1) as beside:
            asking = beside.submit(volumes_of, self.client, image_of(spec.target))
            identity = self._made(spec)
        try:
            places = hiding(asking.result(), spec)
        except EngineError:
            remove(self.client, spec.name)
            raise
        if not places:
            return identity
        remove(self.client, spec.name)
        return self._made(replace(spec, mounts=(*spec.mounts, *mounts_instead(places, spec))))

    def _made(self, spec: ContainerSpec) -> str:
        with Variables.of(spec.environment).passed() as (words, variables, descriptors):
            answer = self.client.run(
                *create_words(spec, words, self.client.dialect),
                variables=variables,
                pass_fds=descriptors,
            )
        return answer.split()[-1]

    def _get(self, image: str, platform: str | None, leave: Leave) -> bool:
        """Pull an image if it is missing, or here for another platform; whether it was."""
        if is_present(self.client, image, platform):
            return False
        pull(self.client, image, platform, self._notes, leave)
        return True
