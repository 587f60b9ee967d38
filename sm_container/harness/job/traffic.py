"""What was moved between a host and the stores: its channels' data, its checkpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any


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
        sums[key] = each if is_first else _sum(sums[key], each)
    return tuple(sums.values())


def _sum(one: ChannelTraffic, other: ChannelTraffic) -> ChannelTraffic:
    return ChannelTraffic(
        one.channel,
        one.host,
        one.mode,
        one.size + other.size,
        one.seconds + other.seconds,
        one.epochs + other.epochs,
        one.finished + other.finished,
        one.blocked + other.blocked,
        one.starved + other.starved,
    )


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
        return CheckpointTraffic(
            self.host,
            self.uploaded + other.uploaded,
            self.uploaded_size + other.uploaded_size,
            self.uploading + other.uploading,
            self.removed + other.removed,
            self.restored + other.restored,
            self.restored_size + other.restored_size,
            self.restoring + other.restoring,
        )

    def to_document(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> CheckpointTraffic:
        return cls(**document)
