"""A training job as its algorithm sees it: parsed, checked, and ready to read and write."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from sm_container.algorithm.model import save_model
from sm_container.channels.channels import InputChannels, open_channels
from sm_container.contract import hyperparameters
from sm_container.contract.inputs import InputDataConfig
from sm_container.contract.layout import Layout
from sm_container.contract.platform import TRAINING_JOB_NAME, stop_seconds
from sm_container.contract.resources import ResourceConfig
from sm_container.declaration.declaration import Declaration
from sm_container.declaration.hyperparameters import parse
from sm_container.runtime.checkpoints.checkpoints import Checkpoints
from sm_container.runtime.checkpoints.opening import open_checkpoints
from sm_container.runtime.memory.budget import Memory
from sm_container.runtime.memory.opening import open_memory
from sm_container.runtime.metrics import MetricLog
from sm_container.runtime.stop import Stop

H = TypeVar("H")


@dataclass(frozen=True)
class Job(Generic[H]):
    """What ``train`` is given.

    ``hyperparameters`` is the declared dataclass, typed and checked; ``channels`` are the job's
    by name; ``resources`` the hosts; ``metrics`` reports values to the service; ``checkpoints``
    saves what training needs to go on, and finds it again; ``memory`` says how much there is;
    ``stop`` is the request to stop, at which waiting for data and loops over it end; ``name`` is
    the job's, None outside the service and the harness.
    """

    name: str | None
    hyperparameters: H
    channels: InputChannels
    resources: ResourceConfig
    metrics: MetricLog
    checkpoints: Checkpoints
    memory: Memory
    layout: Layout
    stop: Stop = field(default_factory=Stop)

    @property
    def host(self) -> str:
        """This host's name: ``algo-1``, ``algo-2``, ..."""
        return self.resources.current_host

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names of all hosts, in one order on each of them."""
        return self.resources.hosts

    @property
    def output_data(self) -> Path:
        """The folder for other results than the model: it becomes output.tar.gz."""
        return self.layout.output_data

    def save_model(self, write: Callable[[Path], object]) -> None:
        """Have ``write(folder)`` write the model; it replaces any before, whole or not at all.

        Whole also where a stop comes meanwhile, if ``write`` takes no longer than the stop leaves.
        Raises what ``write`` raises, and ModelError if it wrote nothing.
        """
        with self.stop.deferred():
            save_model(self.layout, write)


def load_job(
    declaration: Declaration,
    layout: Layout | None = None,
    environ: Mapping[str, str] | None = None,
    stop: Stop | None = None,
) -> Job[Any]:
    """Read the job from the tree and hold it against the declaration.

    Without declared hyperparameters they are a dict of strings. Raises HyperparameterError or
    ChannelError for what a user has to change, ContractError for a tree that is not a job's,
    Fault for memory that is reserved wrongly.
    """
    environ = os.environ if environ is None else environ
    layout = layout or Layout.from_environment(environ)
    strings = hyperparameters.read(layout.hyperparameters)
    channels = InputDataConfig.read(layout.input_data_config)
    resources = ResourceConfig.read(layout.resource_config)
    cls = declaration.hyperparameters
    stop = stop or Stop(stop_seconds(environ))
    return Job(
        name=environ.get(TRAINING_JOB_NAME),
        hyperparameters=(
            strings if cls is None else parse(cls, strings, declaration.unknown_hyperparameters)
        ),
        channels=open_channels(declaration.channels, channels, layout, stop.signal),
        resources=resources,
        metrics=MetricLog(declaration.metric_definitions),
        checkpoints=open_checkpoints(declaration, layout, resources, stop.deferred),
        memory=open_memory(declaration.memory, environ),
        layout=layout,
        stop=stop,
    )
