"""The smaller files of ``input/config`` that some jobs have.

``debughookconfig.json``, ``profilerconfig.json``, ``trainingjobconfig.json`` and
``upstreamoutputdataconfig.json`` are the request's own documents: ``document.read_document`` and
``document.write_document`` pass them through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sm_container.contract.document import Fields, read_document, write_document


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


def write_metric_definition_regex(path: Path, definitions: Iterable[Mapping[str, str]]) -> None:
    """Write ``metric-definition-regex.json``; ``[]`` where the job has no definition."""
    write_document(path, [dict(definition) for definition in definitions])
