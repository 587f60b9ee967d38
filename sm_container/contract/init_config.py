"""``init-config.json``: the platform's own note of a host's inputs.

Always there, though internal to the service: algorithms should not rely on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sm_container.contract.document import Fields, read_document, write_document
from sm_container.contract.errors import ContractError


@dataclass(frozen=True)
class InitChannel:
    """One channel as the platform's agent sees it; the words are in UPPER_SNAKE form."""

    s3_data_source: Mapping[str, Any] | None
    input_mode: str
    compression_type: str = "NONE"
    record_wrapper: str = "NONE"
    sharded: bool = False
    file_system_data_source: Mapping[str, Any] | None = None
    shuffle_config: Mapping[str, Any] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        return {
            "s3DataSource": self.s3_data_source,
            "fileSystemDataSource": self.file_system_data_source,
            "compressionType": self.compression_type,
            "recordWrapper": self.record_wrapper,
            "shuffleConfig": self.shuffle_config,
            "inputMode": self.input_mode,
            "sharded": self.sharded,
            **self.extra,
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> InitChannel:
        return cls(
            s3_data_source=_passed(fields, "s3DataSource"),
            file_system_data_source=_passed(fields, "fileSystemDataSource"),
            compression_type=fields.text("compressionType"),
            record_wrapper=fields.text("recordWrapper"),
            shuffle_config=_passed(fields, "shuffleConfig"),
            input_mode=fields.text("inputMode"),
            sharded=fields.flag("sharded", False),
            extra=fields.rest(),
        )


def _passed(fields: Fields, name: str) -> Mapping[str, Any] | None:
    members = fields.optional_nested(name)
    return None if members is None else members.rest()


@dataclass(frozen=True)
class InitConfig:
    """The whole note. ``checkpoint_channel`` is the agent's own document, where there is one.

    ``host_extra`` and ``run_extra`` are the unknown members of hostConfig and jobRunInfo.
    """

    input_mode: str
    channels: Mapping[str, InitChannel]
    cluster_size: int
    host_number: int
    checkpoint_channel: Mapping[str, Any] | None = None
    additional_logging: bool = False
    job_run_number: int = 1
    host_extra: Mapping[str, Any] = field(default_factory=dict)
    run_extra: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        return {
            "inputMode": self.input_mode,
            "channels": {name: channel.to_document() for name, channel in self.channels.items()},
            "checkpointChannel": self.checkpoint_channel,
            "hostConfig": {
                "clusterSize": self.cluster_size,
                "hostNumber": self.host_number,
                **self.host_extra,
            },
            "enableAdditionalPlatformLoggingForCustomer": self.additional_logging,
            "jobRunInfo": {"jobRunNumber": self.job_run_number, **self.run_extra},
            **self.extra,
        }

    @classmethod
    def from_document(cls, document: object, path: Path = Path("init-config.json")) -> InitConfig:
        fields = Fields(document, path)
        channels, host = fields.nested("channels"), fields.nested("hostConfig")
        run = fields.nested("jobRunInfo")
        return cls(
            input_mode=fields.text("inputMode"),
            channels={
                name: InitChannel.from_fields(channels.nested(name)) for name in channels.names()
            },
            checkpoint_channel=_passed(fields, "checkpointChannel"),
            cluster_size=host.integer("clusterSize"),
            host_number=host.integer("hostNumber"),
            additional_logging=fields.flag("enableAdditionalPlatformLoggingForCustomer", False),
            job_run_number=run.integer("jobRunNumber"),
            host_extra=host.rest(),
            run_extra=run.rest(),
            extra=fields.rest(),
        )

    @classmethod
    def read(cls, path: Path) -> InitConfig:
        return cls.from_document(read_document(path), path)

    def write(self, path: Path) -> None:
        write_document(path, self.to_document())


def attribute_names(path: Path, channel: str) -> tuple[str, ...] | None:
    """The attributes of a channel's augmented manifest in the order of its stream, if told.

    None where the note is missing, is of another form or has none: it is the platform's own, so
    nothing may fail for what it holds.
    """
    try:
        document = read_document(path)
    except ContractError:
        return None
    for member in ("channels", channel, "s3DataSource", "attributeNames"):
        if not isinstance(document, dict):
            return None
        document = document.get(member)
    if not isinstance(document, list) or not all(isinstance(name, str) for name in document):
        return None
    return tuple(document) or None
