"""What a host's feeder is told: its channels, as a JSON document that any process can take up.

There are no secrets in it: credentials come from the environment of whoever feeds.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sm_container.contract.inputs import Compression, RecordWrapper
from sm_container.harness.inputs.augmented_manifest import Line, Value
from sm_container.harness.inputs.listing import InputObject
from sm_container.harness.inputs.order import Share
from sm_container.harness.inputs.pipe.channel import PipeChannel
from sm_container.storage.objects import Object
from sm_container.storage.simulated import Link


@dataclass(frozen=True)
class FastFileChannel:
    """A channel that is mounted: the objects of one host, and their paths."""

    name: str
    objects: tuple[InputObject, ...]


@dataclass(frozen=True)
class FeedPlan:
    """All that one host is fed. ``data`` is its ``input/data`` folder, ``spool`` one for what is
    unpacked on the way. ``s3_root`` stands for S3 where it is given; ``link`` is what simulated
    buckets are behind. Mounts are ``for_everyone`` where the container's root is another user.
    """

    data: Path
    spool: Path
    pipes: tuple[PipeChannel, ...] = ()
    mounts: tuple[FastFileChannel, ...] = ()
    s3_root: str | None = None
    link: Link | None = None
    for_everyone: bool = False

    def write(self, path: Path) -> None:
        """Write the document, for the user's eyes alone, since keys are the user's own affair."""
        with open(path, "w", opener=_private) as file:
            json.dump(self.to_document(), file)

    @classmethod
    def read(cls, path: Path) -> FeedPlan:
        return cls.from_document(json.loads(path.read_bytes()))

    def to_document(self) -> dict[str, Any]:
        bases = _Bases()
        return {
            "data": str(self.data),
            "spool": str(self.spool),
            "s3_root": self.s3_root,
            "for_everyone": self.for_everyone,
            "link": None if self.link is None else asdict(self.link),
            "pipes": [_pipe_document(each, bases) for each in self.pipes],
            "mounts": [
                {
                    "name": each.name,
                    "objects": [[item.path, bases.document(item.object)] for item in each.objects],
                }
                for each in self.mounts
            ],
            "bases": bases.known,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> FeedPlan:
        """Read the JSON form back; raises KeyError, TypeError or ValueError for another."""
        bases = document["bases"]
        return cls(
            data=Path(document["data"]),
            spool=Path(document["spool"]),
            pipes=tuple(_pipe(each, bases) for each in document["pipes"]),
            mounts=tuple(
                FastFileChannel(
                    each["name"],
                    tuple(
                        InputObject(_object(found, bases), path) for path, found in each["objects"]
                    ),
                )
                for each in document["mounts"]
            ),
            s3_root=document["s3_root"],
            for_everyone=document["for_everyone"],
            link=None if document["link"] is None else Link(**document["link"]),
        )


class _Bases:
    """The buckets that objects lie in, each written down once."""

    def __init__(self) -> None:
        self.known: list[str] = []
        self._places: dict[str, int] = {}

    def document(self, object: Object) -> list[Any]:
        place = self._places.setdefault(object.base, len(self.known))
        if place == len(self.known):
            self.known.append(object.base)
        return [place, object.key, object.size, object.etag, object.modified]


def _object(document: Iterable[Any], bases: list[str]) -> Object:
    place, key, size, etag, modified = document
    return Object(key, size, etag, modified, bases[place])


def _pipe_document(channel: PipeChannel, bases: _Bases) -> dict[str, Any]:
    return {
        "name": channel.name,
        "share": [channel.share.index, channel.share.of, channel.share.seed],
        "compression": str(channel.compression),
        "wrapper": str(channel.wrapper),
        "entries": [
            [value if isinstance(value, str) else bases.document(value) for value in line]
            for line in channel.entries
        ],
    }


def _pipe(document: Mapping[str, Any], bases: list[str]) -> PipeChannel:
    def value(given: Any) -> Value:
        return given if isinstance(given, str) else _object(given, bases)

    entries: tuple[Line, ...] = tuple(
        tuple(value(each) for each in line) for line in document["entries"]
    )
    index, of, seed = document["share"]
    return PipeChannel(
        document["name"],
        entries,
        Share(index, of, seed),
        Compression(document["compression"]),
        RecordWrapper(document["wrapper"]),
    )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
