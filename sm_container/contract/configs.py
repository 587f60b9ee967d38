"""The smaller files of ``input/config`` that some jobs have.

``debughookconfig.json``, ``profilerconfig.json``, ``trainingjobconfig.json`` and
``upstreamoutputdataconfig.json`` are the request's own documents: ``document.read_document`` and
``document.write_document`` pass them through.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sm_container.contract.document import Fields, read_document, write_document
from sm_container.contract.errors import ContractError


@dataclass(frozen=True)
class CheckpointConfig:
    """``checkpointconfig.json``: the folder that the platform keeps in S3."""

    local_path: str
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        return {"LocalPath": self.local_path, **self.extra}

    @classmethod
    def from_document(
        cls, document: object, path: Path = Path("checkpointconfig.json")
    ) -> CheckpointConfig:
        fields = Fields(document, path)
        return cls(local_path=fields.text("LocalPath"), extra=fields.rest())

    @classmethod
    def read(cls, path: Path) -> CheckpointConfig:
        return cls.from_document(read_document(path), path)

    def write(self, path: Path) -> None:
        write_document(path, self.to_document())


@dataclass(frozen=True)
class TensorBoardOutputConfig:
    """``tensorboardoutputconfig.json``: where TensorBoard's files are written and kept."""

    s3_output_path: str
    local_path: str
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        return {"S3OutputPath": self.s3_output_path, "LocalPath": self.local_path, **self.extra}

    @classmethod
    def from_document(
        cls, document: object, path: Path = Path("tensorboardoutputconfig.json")
    ) -> TensorBoardOutputConfig:
        fields = Fields(document, path)
        return cls(
            s3_output_path=fields.text("S3OutputPath"),
            local_path=fields.text("LocalPath"),
            extra=fields.rest(),
        )

    @classmethod
    def read(cls, path: Path) -> TensorBoardOutputConfig:
        return cls.from_document(read_document(path), path)

    def write(self, path: Path) -> None:
        write_document(path, self.to_document())


@dataclass(frozen=True)
class MetricDefinitionRegex:
    """``metric-definition-regex.json``: the job's metric definitions, as they were requested."""

    definitions: tuple[Mapping[str, Any], ...] = ()

    def to_document(self) -> list[dict[str, Any]]:
        return [dict(definition) for definition in self.definitions]

    @classmethod
    def from_document(
        cls, document: object, path: Path = Path("metric-definition-regex.json")
    ) -> MetricDefinitionRegex:
        if not isinstance(document, list):
            raise ContractError(path, "is not a JSON list", "write a list of objects, [] for none")
        return cls(tuple(Fields(each, path, f"[{n}]").rest() for n, each in enumerate(document)))

    @classmethod
    def read(cls, path: Path) -> MetricDefinitionRegex:
        return cls.from_document(read_document(path), path)

    def write(self, path: Path) -> None:
        write_document(path, self.to_document())
