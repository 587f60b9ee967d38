"""The names of the files under ``/opt/ml``; no other module knows one.

Source: developer guide, "How Amazon SageMaker Provides Training Information".
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sm_container.contract.errors import ContractError

BASE_DIR_VARIABLE = "SAGEMAKER_BASE_DIR"
DEFAULT_BASE = Path("/opt/ml")

_CHANNEL_NAME = re.compile(r"[A-Za-z0-9.\-_]{1,64}")


@dataclass(frozen=True)
class Layout:
    """The tree at ``base``: ``/opt/ml`` in a container, any folder elsewhere."""

    base: Path = DEFAULT_BASE

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Layout:
        """The tree that SAGEMAKER_BASE_DIR names, else ``/opt/ml``."""
        named = (os.environ if environ is None else environ).get(BASE_DIR_VARIABLE)
        return cls(Path(named).absolute() if named else DEFAULT_BASE)

    @property
    def input(self) -> Path:
        return self.base / "input"

    @property
    def config(self) -> Path:
        return self.input / "config"

    @property
    def hyperparameters(self) -> Path:
        return self.config / "hyperparameters.json"

    @property
    def input_data_config(self) -> Path:
        return self.config / "inputdataconfig.json"

    @property
    def resource_config(self) -> Path:
        return self.config / "resourceconfig.json"

    @property
    def init_config(self) -> Path:
        return self.config / "init-config.json"

    @property
    def metric_definition_regex(self) -> Path:
        return self.config / "metric-definition-regex.json"

    @property
    def checkpoint_config(self) -> Path:
        return self.config / "checkpointconfig.json"

    @property
    def debug_hook_config(self) -> Path:
        return self.config / "debughookconfig.json"

    @property
    def profiler_config(self) -> Path:
        return self.config / "profilerconfig.json"

    @property
    def tensorboard_output_config(self) -> Path:
        return self.config / "tensorboardoutputconfig.json"

    @property
    def training_job_config(self) -> Path:
        return self.config / "trainingjobconfig.json"

    @property
    def upstream_output_data_config(self) -> Path:
        return self.config / "upstreamoutputdataconfig.json"

    @property
    def data(self) -> Path:
        return self.input / "data"

    @property
    def model(self) -> Path:
        return self.base / "model"

    @property
    def output(self) -> Path:
        return self.base / "output"

    @property
    def output_data(self) -> Path:
        return self.output / "data"

    @property
    def failure(self) -> Path:
        return self.output / "failure"

    @property
    def metrics(self) -> Path:
        return self.output / "metrics" / "sagemaker"

    @property
    def profiler(self) -> Path:
        return self.output / "profiler"

    @property
    def tensorboard(self) -> Path:
        return self.output / "tensorboard"

    @property
    def tensors(self) -> Path:
        return self.output / "tensors"

    @property
    def intermediate(self) -> Path:
        return self.output / "intermediate"

    @property
    def checkpoints(self) -> Path:
        return self.base / "checkpoints"

    @property
    def code(self) -> Path:
        return self.base / "code"

    def place_of(self, path: str) -> Path:
        """Where a path in the container is: in this tree if it is below ``/opt/ml``."""
        plain = Path(os.path.normpath(path))
        if plain.is_relative_to(DEFAULT_BASE):
            return self.base / plain.relative_to(DEFAULT_BASE)
        return plain

    def channel(self, name: str) -> Path:
        """The folder of a channel in File and FastFile mode."""
        return self.data / self._checked(name)

    def channel_manifest(self, name: str) -> Path:
        """The file beside a File-mode channel that lists its objects."""
        return self.data / f"{self._checked(name)}-manifest"

    def channel_fifo(self, name: str, epoch: int) -> Path:
        """The FIFO of a Pipe-mode channel for one epoch, counted from 0."""
        if epoch < 0:
            raise ValueError(f"epochs are counted from 0, not {epoch}")
        return self.data / f"{self._checked(name)}_{epoch}"

    def _checked(self, name: str) -> str:
        # The service's pattern lets "." and ".." through; those would leave the data folder.
        if not _CHANNEL_NAME.fullmatch(name) or not name.strip("."):
            raise ContractError(
                self.data,
                f"{name!r} cannot be the name of a channel",
                "use 1 to 64 of the characters A-Z a-z 0-9 . - _ and not dots alone",
            )
        return name

    def create(self) -> None:
        """Make the folders that stand before the container starts, mode 755."""
        for folder in (
            self.base,
            self.input,
            self.config,
            self.data,
            self.model,
            self.output,
            self.output_data,
            self.output / "metrics",
            self.metrics,
            self.profiler,
            self.tensorboard,
        ):
            folder.mkdir(parents=folder == self.base, exist_ok=True)
            folder.chmod(0o755)
