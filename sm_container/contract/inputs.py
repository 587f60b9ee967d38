"""``inputdataconfig.json``: the channels as the container is told of them.

Source: developer guide, "How Amazon SageMaker Provides Training Information", Input Data
Configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from sm_container.contract.document import Fields, read_document, without_none, write_document


class _Term(str, Enum):
    """A word of the service: equal to its string, and printed as it."""

    __str__ = str.__str__


class InputMode(_Term):
    """How a channel's bytes reach the algorithm. Source: TrainingInputMode."""

    FILE = "File"
    """A folder of files that were copied before the container started."""
    PIPE = "Pipe"
    """A FIFO an epoch."""
    FAST_FILE = "FastFile"
    """A folder of files whose bytes come when they are read."""


class Distribution(_Term):
    """Which hosts get which objects. Source: S3DataDistributionType."""

    FULLY_REPLICATED = "FullyReplicated"
    SHARDED_BY_S3_KEY = "ShardedByS3Key"


class RecordWrapper(_Term):
    """How Pipe mode frames an object. Source: RecordWrapperType."""

    NONE = "None"
    RECORD_IO = "RecordIO"


class Compression(_Term):
    """What Pipe mode unpacks. Source: CompressionType."""

    NONE = "None"
    """Nothing."""
    GZIP = "Gzip"
    """Each object, as gzip data."""


@dataclass(frozen=True)
class ChannelConfig:
    """One channel's entry. ``training_input_mode`` is the channel's own, effective mode.

    The distribution and the wrapper stay text: a word that is new to this library must not
    stop an algorithm that does not look at it.
    """

    training_input_mode: InputMode
    content_type: str | None = None
    s3_distribution_type: str | None = None
    record_wrapper_type: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        """The entry in the service's order of keys."""
        return {
            **without_none(
                {
                    "ContentType": self.content_type,
                    "TrainingInputMode": str(self.training_input_mode),
                    "S3DistributionType": _plain(self.s3_distribution_type),
                    "RecordWrapperType": _plain(self.record_wrapper_type),
                }
            ),
            **self.extra,
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> ChannelConfig:
        """Parse one entry; raises ContractError for a mode that is none of the three."""
        mode = fields.text("TrainingInputMode")
        if mode not in {known.value for known in InputMode}:
            fields.refuse("TrainingInputMode", "one of File, Pipe, FastFile", mode)
        return cls(
            training_input_mode=InputMode(mode),
            content_type=fields.optional_text("ContentType"),
            s3_distribution_type=fields.optional_text("S3DistributionType"),
            record_wrapper_type=fields.optional_text("RecordWrapperType"),
            extra=fields.rest(),
        )


def _plain(term: str | None) -> str | None:
    return None if term is None else str(term)


@dataclass(frozen=True)
class InputDataConfig:
    """The channels by name, in the order of the request."""

    channels: Mapping[str, ChannelConfig] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        return {name: channel.to_document() for name, channel in self.channels.items()}

    @classmethod
    def from_document(
        cls, document: object, path: Path = Path("inputdataconfig.json")
    ) -> InputDataConfig:
        """Parse the document; raises ContractError, which names ``path``."""
        fields = Fields(document, path)
        return cls(
            {name: ChannelConfig.from_fields(fields.nested(name)) for name in fields.names()}
        )

    @classmethod
    def read(cls, path: Path) -> InputDataConfig:
        return cls.from_document(read_document(path), path)

    def write(self, path: Path) -> None:
        write_document(path, self.to_document())
