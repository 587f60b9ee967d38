"""What a container engine knows of an image: its configuration, size, layers and history."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sm_container.harness.engines.container import ContainerEngine
from sm_container.harness.engines.engine import EngineError, ImageTarget


@dataclass(frozen=True)
class Layer:
    """``command`` made it, and it has ``size`` bytes."""

    command: str
    size: int


@dataclass(frozen=True)
class ImageFacts:
    """``identity`` is the engine's name for these bytes. Source: OCI image specification, image
    configuration."""

    identity: str
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    size: int = 0
    depth: int = 0
    """How many layers there are on disk."""
    layers: tuple[Layer, ...] = ()
    """The steps that made it, the newest first; most have no bytes of their own."""


def image_facts(engine: ContainerEngine, image: str, platform: str | None = None) -> ImageFacts:
    """Ask the engine; the image is pulled if it is missing. Raises EngineError."""
    engine.fetch(ImageTarget(image), platform)
    answer = engine.client.run("image", "inspect", image)
    try:
        [found] = json.loads(answer)
        config = found.get("Config") or {}
        return ImageFacts(
            identity=found["Id"],
            entrypoint=tuple(config.get("Entrypoint") or ()),
            command=tuple(config.get("Cmd") or ()),
            environment=dict(each.partition("=")[::2] for each in config.get("Env") or ()),
            user=config.get("User") or "",
            size=int(found["Size"]),
            depth=len(found["RootFS"]["Layers"] or ()),
            layers=_layers(engine, image),
        )
    except (ValueError, KeyError, TypeError) as fault:
        raise EngineError(
            f"{engine.name} describes {image} in a form unknown here: {fault}"
        ) from fault


def _layers(engine: ContainerEngine, image: str) -> tuple[Layer, ...]:
    """The newest first, as the engine lists them."""
    answer = engine.client.run(
        "history", "--no-trunc", "--human=false", "--format", "{{json .}}", image
    )
    lines = [json.loads(line) for line in answer.splitlines() if line.strip()]
    entries: list[Mapping[str, Any]] = [
        each for line in lines for each in (line if isinstance(line, list) else [line])
    ]
    return tuple(Layer(str(each["CreatedBy"]), _bytes(each)) for each in entries)


def _bytes(entry: Mapping[str, Any]) -> int:
    return int(entry.get("size", entry.get("Size", 0)))  # podman's, and docker's, which is a text
