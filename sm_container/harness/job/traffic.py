"""What was moved between a host and the stores: its channels' data, its checkpoints."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, TypeVar

_OF_A_CHANNEL = ("channel", "host", "mode", "folder")
_Traffic = TypeVar("_Traffic", "ChannelTraffic", "CheckpointTraffic")


@dataclass(frozen=True)
class ChannelTraffic:
    """``size`` is in bytes, ``mode`` the channel's TrainingInputMode.

    In File mode ``seconds`` is how long the copy took. In Pipe mode it is how long epochs had a
    reader: the stream stood still for ``blocked`` of it, since the algorithm was busy, and for
    ``starved`` of it the pipe was empty, so that the algorithm had to wait for data.
    ``epochs`` were begun, ``finished`` of them read to their ends. In FastFile mode ``size`` is
    what was read through the mount, and ``starved`` how long reads waited for it; but where a
    ``folder`` of this machine is bound as it is, ``size`` is what it holds, and nobody knows what
    was read of it.
    """

    channel: str
    host: str
    mode: str
    size: int
    seconds: float = 0.0
    epochs: int = 0
    finished: int = 0
    blocked: float = 0.0
    starved: float = 0.0
    folder: str | None = None

    @property
    def bytes_per_second(self) -> float | None:
        return self.size / self.seconds if self.seconds > 0 else None

    def to_document(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> ChannelTraffic:
        return cls(**document)


def totals(traffic: Iterable[ChannelTraffic]) -> tuple[ChannelTraffic, ...]:
    """Each channel of each host once, with what was moved over all attempts; of a folder that is
    bound as it is nothing was."""
    sums: dict[tuple[str, str, str], ChannelTraffic] = {}
    for each in traffic:
        key = (each.channel, each.host, each.mode)
        is_first = key not in sums or each.folder is not None
        sums[key] = each if is_first else _sum(sums[key], each, _OF_A_CHANNEL)
    return tuple(sums.values())


@dataclass(frozen=True)
class CheckpointTraffic:
    """What was moved between a host's checkpoint folder and its S3Uri. Sizes are in bytes.

    ``uploading`` and ``restoring`` are the seconds in which there was something on its way;
    ``removed`` files were deleted in the folder, and then in S3.
    """

    host: str
    uploaded: int = 0
    uploaded_size: int = 0
    uploading: float = 0.0
    removed: int = 0
    restored: int = 0
    restored_size: int = 0
    restoring: float = 0.0

    def __add__(self, other: CheckpointTraffic) -> CheckpointTraffic:
        """The traffic of two attempts of one host."""
        return _sum(self, other, ("host",))

    def to_document(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> CheckpointTraffic:
        return cls(**document)


def _sum(one: _Traffic, other: _Traffic, same: Collection[str]) -> _Traffic:
    """One and the other, but for the fields that are the ``same`` in both, or are no amounts."""
    amounts = [field.name for field in fields(one) if field.name not in same]
    return replace(one, **{name: getattr(one, name) + getattr(other, name) for name in amounts})
