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
        """``input``: what the platform puts in place before the container starts."""
        return self.base / "input"

    @property
    def config(self) -> Path:
        """``input/config``: the configuration files."""
        return self.input / "config"

    @property
    def hyperparameters(self) -> Path:
        """``input/config/hyperparameters.json``."""
        return self.config / "hyperparameters.json"

    @property
    def input_data_config(self) -> Path:
        """``input/config/inputdataconfig.json``: the channels."""
        return self.config / "inputdataconfig.json"

    @property
    def resource_config(self) -> Path:
        """``input/config/resourceconfig.json``: the hosts."""
        return self.config / "resourceconfig.json"

    @property
    def init_config(self) -> Path:
        """``input/config/init-config.json``: the platform's own."""
        return self.config / "init-config.json"

    @property
    def metric_definition_regex(self) -> Path:
        """``input/config/metric-definition-regex.json``."""
        return self.config / "metric-definition-regex.json"

    @property
    def checkpoint_config(self) -> Path:
        """``input/config/checkpointconfig.json``; only of a job with a CheckpointConfig."""
        return self.config / "checkpointconfig.json"

    @property
    def debug_hook_config(self) -> Path:
        """``input/config/debughookconfig.json``; only of a job that has one."""
        return self.config / "debughookconfig.json"

    @property
    def profiler_config(self) -> Path:
        """``input/config/profilerconfig.json``; only of a job that has one."""
        return self.config / "profilerconfig.json"

    @property
    def tensorboard_output_config(self) -> Path:
        """``input/config/tensorboardoutputconfig.json``; only of a job that has one."""
        return self.config / "tensorboardoutputconfig.json"

    @property
    def training_job_config(self) -> Path:
        """``input/config/trainingjobconfig.json``: the request, as the platform keeps it."""
        return self.config / "trainingjobconfig.json"

    @property
    def upstream_output_data_config(self) -> Path:
        """``input/config/upstreamoutputdataconfig.json``: the platform's own."""
        return self.config / "upstreamoutputdataconfig.json"

    @property
    def data(self) -> Path:
        """``input/data``: the channels."""
        return self.input / "data"

    @property
    def model(self) -> Path:
        """``model``: what becomes model.tar.gz."""
        return self.base / "model"

    @property
    def output(self) -> Path:
        """``output``: all that is written but the model and checkpoints."""
        return self.base / "output"

    @property
    def output_data(self) -> Path:
        """``output/data``: what becomes output.tar.gz."""
        return self.output / "data"

    @property
    def failure(self) -> Path:
        """``output/failure``: the file whose first 1024 characters become the FailureReason."""
        return self.output / "failure"

    @property
    def metrics(self) -> Path:
        """``output/metrics/sagemaker``."""
        return self.output / "metrics" / "sagemaker"

    @property
    def profiler(self) -> Path:
        """``output/profiler``."""
        return self.output / "profiler"

    @property
    def tensorboard(self) -> Path:
        """``output/tensorboard``, where no LocalPath says otherwise."""
        return self.output / "tensorboard"

    @property
    def tensors(self) -> Path:
        """``output/tensors``: the debugger's, where no LocalPath says otherwise."""
        return self.output / "tensors"

    @property
    def intermediate(self) -> Path:
        """``output/intermediate``: of sagemaker-training alone."""
        return self.output / "intermediate"

    @property
    def checkpoints(self) -> Path:
        """``checkpoints``, where no LocalPath says otherwise."""
        return self.base / "checkpoints"

    @property
    def code(self) -> Path:
        """``code``: the user's script, in script mode."""
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
