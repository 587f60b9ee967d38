"""Volumes that an image declares where it is to see the job's folders, and would not then.

An engine gives each VOLUME of an image a folder of its own, over whatever is mounted above it: what
the program writes there, its model perhaps, would never be seen in the tree. Podman is told to make
none; for docker the tree's own folder is mounted at each such place.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Iterator

from sm_container.harness.engines.client import Client
from sm_container.harness.engines.engine import ML_PATH, ContainerSpec, EngineError, Mount


def volumes_of(client: Client, image: str) -> tuple[str, ...]:
    """The places in the container at which an image declares volumes.

    Raises CommandError where the image is not there.
    """
    config = json.loads(client.run("image", "inspect", "--format", "{{json .Config}}", image))
    return tuple((config or {}).get("Volumes") or ())


def hiding(volumes: Iterable[str], spec: ContainerSpec) -> tuple[str, ...]:
    """Those of an image's volumes that would hide a part of what a container is to see: below a
    mount of its own, and in the place of none."""
    own = {ML_PATH, *(posixpath.normpath(mount.target) for mount in spec.mounts)}
    places = {posixpath.normpath(f"/{volume.lstrip('/')}") for volume in volumes}
    above = tuple(f"{target}/" for target in own)
    return tuple(sorted(place for place in places - own if place.startswith(above)))


def mounts_instead(places: Iterable[str], spec: ContainerSpec) -> Iterator[Mount]:
    """What a container is to see at such places all the same; folders of the tree are made.

    Raises:
        EngineError: where a folder cannot be made, since a file is in its place.
    """
    for place in places:
        over = _mount_over(place, spec)
        source = over.source / posixpath.relpath(place, over.target)
        if over.read_only and not source.is_dir():
            continue  # the engine cannot mount anything there either, and says so
        try:
            source.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise EngineError(
                f"the image declares VOLUME {place}, and no folder can be made there "
                f"({fault.strerror}); leave that VOLUME out of the image"
            ) from fault
        yield Mount(source, place, over.read_only)


def _mount_over(place: str, spec: ContainerSpec) -> Mount:
    """The mount that shows a place: the deepest one that it lies below."""
    mounts = (Mount(spec.tree, ML_PATH), *spec.mounts)
    above = [m for m in mounts if place.startswith(posixpath.normpath(m.target) + "/")]
    return max(above, key=lambda mount: len(posixpath.normpath(mount.target)))
