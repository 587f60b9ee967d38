"""What the service's model says of CreateTrainingJob: shapes with limits, patterns and enums.

The model is botocore's, the installed one, so that a new botocore brings new fields and instance
types by itself. It is 2.6 MB of JSON; the part that a training job reaches is kept in a small file
beside the other caches, by botocore's version, and built anew when it is missing or damaged. Other
operations, and other services, have a file each.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

ROOT = "CreateTrainingJobRequest"
SAGEMAKER = "sagemaker"

_FORMAT = 1
_KEPT = ("type", "required", "min", "max", "pattern", "enum")
_VERSION = re.compile(r"""^__version__\s*=\s*['"]([^'"]+)['"]""", re.MULTILINE)


class ModelError(RuntimeError):
    """The service's model cannot be had: botocore is missing or not what it should be."""


@dataclass(frozen=True)
class Shape:
    """One shape of the model: a structure, list, map or scalar, with its constraints.

    `members` maps a structure's members to names of shapes; `member` is a list's element, `key`
    and `value` a map's. `minimum` and `maximum` bound a length, a size or a number, by `type`.
    """

    name: str
    type: str
    required: tuple[str, ...] = ()
    members: Mapping[str, str] = field(default_factory=dict)
    member: str | None = None
    key: str | None = None
    value: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    pattern: str | None = None
    enum: tuple[str, ...] = ()


@dataclass(frozen=True)
class ServiceModel:
    """The shapes that a structure of the service reaches, by name."""

    shapes: Mapping[str, Shape]
    root: str = ROOT

    def __getitem__(self, name: str) -> Shape:
        return self.shapes[name]

    def paths(self, name: str | None = None, above: str = "") -> Iterator[str]:
        """Every member that can be written, as ``Member.Path``; ``[]`` stands for an element.

        The entries of a map are the author's own words: the map itself is the last step.
        """
        shape = self.shapes[name or self.root]
        for member, target in shape.members.items():
            path = f"{above}.{member}" if above else member
            yield path
            yield from self._below(self.shapes[target], path)

    def _below(self, shape: Shape, path: str) -> Iterator[str]:
        if shape.member is not None:
            yield from self._below(self.shapes[shape.member], f"{path}[]")
        elif shape.members:
            yield from self.paths(shape.name, path)


def load_model(cache: Path, root: str = ROOT, service: str = SAGEMAKER) -> ServiceModel:
    """The model of a structure, such as that of CreateTrainingJob, from the folder `cache` or else
    from botocore.

    Raises:
        ModelError: botocore is not installed, or has no such model.
    """
    version = _botocore_version()
    file = cache / f"{service}-{root}-{_FORMAT}-botocore-{version}.json"
    kept = _read(file)
    if kept is None:
        kept = _from_botocore(root, service)
        _write(file, kept)
    return ServiceModel({name: _shape(name, body) for name, body in kept.items()}, root)


def _botocore_version() -> str:
    """Found without importing botocore, which costs more than all that is done here."""
    spec = PathFinder.find_spec("botocore")
    if spec is None or spec.origin is None:
        raise ModelError(
            "botocore is not installed, and the service's model comes with it: "
            "pip install 'sm-container[local]'"
        )
    found = _VERSION.search(Path(spec.origin).read_text(encoding="utf-8"))
    if found is None:
        raise ModelError(f"{spec.origin}: no __version__ in it; install botocore anew")
    return found[1]


def _from_botocore(root: str, service: str) -> dict[str, Any]:
    from botocore.exceptions import DataNotFoundError, UnknownServiceError
    from botocore.loaders import Loader

    try:
        model = Loader().load_service_model(service, "service-2")
    except (DataNotFoundError, UnknownServiceError) as error:
        raise ModelError(f"botocore has no model of {service}: {error}") from error
    if root not in model["shapes"]:
        raise ModelError(f"botocore's model of {service} has no {root}: install a newer botocore")
    return closure(model["shapes"], root)


def closure(shapes: Mapping[str, Any], root: str) -> dict[str, Any]:
    """The shapes that `root` reaches, each with what a check needs and nothing else."""
    kept: dict[str, Any] = {}
    waiting = [root]
    while waiting:
        name = waiting.pop()
        if name in kept:
            continue
        body = shapes[name]
        targets = {part: body[part]["shape"] for part in ("member", "key", "value") if part in body}
        members = {member: each["shape"] for member, each in body.get("members", {}).items()}
        kept[name] = {part: body[part] for part in _KEPT if part in body} | targets
        if members:
            kept[name]["members"] = members
        waiting += [*targets.values(), *members.values()]
    return kept


def _shape(name: str, body: Mapping[str, Any]) -> Shape:
    return Shape(
        name=name,
        type=body["type"],
        required=tuple(body.get("required", ())),
        members=body.get("members", {}),
        member=body.get("member"),
        key=body.get("key"),
        value=body.get("value"),
        minimum=body.get("min"),
        maximum=body.get("max"),
        pattern=body.get("pattern"),
        enum=tuple(body.get("enum", ())),
    )


def _read(file: Path) -> dict[str, Any] | None:
    """The cached shapes; None where there are none or the bytes are not those that were written."""
    try:
        checksum, _, payload = file.read_bytes().partition(b"\n")
    except OSError:
        return None  # not there, or not readable: botocore has the same
    if checksum != _checksum(payload):
        return None
    shapes: dict[str, Any] = json.loads(payload)
    return shapes


def _write(file: Path, shapes: dict[str, Any]) -> None:
    """Keep the shapes, whole or not at all; a cache that cannot be written is done without."""
    payload = json.dumps(shapes, separators=(",", ":")).encode()
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(_checksum(payload) + b"\n" + payload)
        fresh.replace(file)
    except OSError:
        with suppress(OSError):
            fresh.unlink()


def _checksum(payload: bytes) -> bytes:
    return b"%08x" % zlib.crc32(payload)
