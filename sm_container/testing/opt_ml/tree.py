"""A tree as a job's host has it at ``/opt/ml`` when its container starts, and what is left in it.

It is made by what makes a job's: its files are those, and Pipe and FastFile channels are served
until the tree is closed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sm_container.channels.channel import InputChannel
from sm_container.channels.channels import open_channels
from sm_container.contract.inputs import InputDataConfig
from sm_container.contract.layout import Layout
from sm_container.contract.metrics import MetricDefinition
from sm_container.contract.platform import platform_environment, training_job_arn
from sm_container.harness.life.launch import ACCOUNT
from sm_container.harness.life.tree import write_tree
from sm_container.harness.request.training_request import TrainingRequest
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.home import Home
from sm_container.testing.jobs.asked import Asked
from sm_container.testing.jobs.data import Data
from sm_container.testing.jobs.describing import failure_of
from sm_container.testing.jobs.files import files_below
from sm_container.testing.jobs.variables import job_variables
from sm_container.testing.opt_ml.filling import filled, settle
from sm_container.testing.opt_ml.metrics import metrics_of_log, metrics_of_text
from sm_container.testing.opt_ml.recording import recording

Publish = Callable[[Mapping[str, str]], None]
"""Makes variables those of this process, in the place of those before."""

_REGION = "us-east-1"


class OptMl:
    """A host's tree. Made by the fixture ``opt_ml``; it is whole when it is given.

    ``layout`` has the path of everything in it, ``host`` is the host that it is of.
    """

    def __init__(self, home: Home, folder: Path, asked: Asked, host: str, publish: Publish) -> None:
        """``folder`` is for all that belongs to the tree, and is not there yet.

        Raises:
            RequestError, InputError, StorageError: for what a job could not have either.
        """
        self.host = host
        self._home = home
        self._folder = JobFolder(folder)
        self._publish = publish
        self._cleanup = ExitStack()
        self._channels: dict[str, InputChannel] = {}
        self._settlements = 0
        self.layout = Layout(self._folder.tree(host))
        with ExitStack() as undone:
            undone.enter_context(self._cleanup)
            self._take(asked, asked.channels, is_new=True)
            undone.pop_all()

    @property
    def path(self) -> Path:
        """The folder that stands for ``/opt/ml``; ``SAGEMAKER_BASE_DIR`` names it."""
        return self.layout.base

    @property
    def model(self) -> Path:
        """The folder that would become ``model.tar.gz``."""
        return self.layout.model

    @property
    def output_data(self) -> Path:
        """The folder that would become ``output.tar.gz``."""
        return self.layout.output_data

    @property
    def checkpoints(self) -> Path:
        """The checkpoint folder, CheckpointConfig's LocalPath."""
        config = self._request.checkpoint
        local = None if config is None else config.local_path
        return self.layout.checkpoints if local is None else self.layout.place_of(local)

    @property
    def request(self) -> Mapping[str, Any]:
        """The CreateTrainingJob document that the tree follows from."""
        return self._request.document

    def channel(self, name: str) -> InputChannel:
        """A channel as ``job.channels[name]`` is; the same one each time, so that passes go on.

        Raises:
            ChannelError: where there is none, or the algorithm declares it otherwise.
        """
        if name not in self._channels:
            algorithm = self._asked.subject.algorithm
            declared = () if algorithm is None else algorithm.declaration.channels
            config = InputDataConfig.read(self.layout.input_data_config)
            self._channels[name] = open_channels(declared, config, self.layout)[name]
        return self._channels[name]

    def add_channel(self, name: str, data: Any) -> InputChannel:
        """Another channel in this tree, as ``channels=`` takes it. Raises as the tree's making."""
        if name in self._asked.channels:
            raise ValueError(f"the tree has a channel {name!r} already")
        channels = {**self._asked.channels, name: Data.of(data)}
        self._take(replace(self._asked, channels=channels), (name,))
        return self.channel(name)

    def fifo(self, channel: str, epoch: int = 0) -> Path:
        """The FIFO of an epoch of a Pipe channel."""
        return self.layout.channel_fifo(channel, epoch)

    def model_files(self) -> list[str]:
        """The names of the files in the model folder, sorted; those in folders below with ``/``."""
        return files_below(self.model)

    @property
    def failure(self) -> str | None:
        """What was written to ``output/failure``, as the service reads it; None for nothing."""
        return failure_of(self._folder, self.host)

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Keep what this process and its children write within the block, for ``log`` and
        ``metrics``. It is shown where it would have been as well."""
        with recording(self._folder.log(self.host)):
            yield

    @property
    def log(self) -> str:
        """What was written in ``recorded`` blocks."""
        path = self._folder.log(self.host)
        return path.read_text("utf-8", "replace") if path.exists() else ""

    @property
    def metrics(self) -> Mapping[str, list[float]]:
        """The values in ``log`` of the metrics that the algorithm declares or the test has given,
        by name."""
        return metrics_of_log(self._folder.log(self.host), self.metric_definitions)

    @property
    def metric_definitions(self) -> tuple[MetricDefinition, ...]:
        """What is looked for."""
        return self._request.metric_definitions

    @property
    def where(self) -> str:
        """Where to look."""
        log = self._folder.log(self.host)
        if not log.exists():
            return f"tree {self.path}; nothing was recorded: call the code in a recorded() block"
        return f"tree {self.path}, its log: {log}"

    def metrics_in(self, text: str | bytes) -> Mapping[str, list[float]]:
        """The same in a text: what a program of the test's own has printed."""
        return metrics_of_text(text, self.metric_definitions)

    def close(self) -> None:
        """End what serves the channels.

        Raises:
            DownloadError, PlatformFault: where one could not be served to the end.
        """
        self._cleanup.close()

    def __enter__(self) -> OptMl:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<OptMl of {self.host} at {str(self.path)!r}>"

    def _take(self, asked: Asked, fresh: Collection[str], *, is_new: bool = False) -> None:
        """Have the tree be what is asked for, of whose channels the ``fresh`` are not there yet."""
        self._settlements += 1
        place = self._folder.path / "given" / str(self._settlements)
        request = replace(asked, place=place).to_request(self._home.cache)
        prepared = settle(self._home, request)
        if self.host not in prepared.hosts:
            raise ValueError(f"there is no host {self.host!r} among {', '.join(prepared.hosts)}")
        arn = training_job_arn(request.name, _REGION, ACCOUNT)
        write_tree(
            self.layout,
            request,
            self.host,
            prepared.hosts,
            arn=arn,
            network_interface=prepared.network_interface,
        )
        self._cleanup.enter_context(
            filled(prepared, request, self._folder, self.host, fresh, restores=is_new)
        )
        self._asked, self._request = asked, request
        self._publish(self._variables(request, arn))

    def _variables(self, request: TrainingRequest, arn: str) -> dict[str, str]:
        platform = platform_environment(request.name, arn, _REGION)
        return job_variables(self.path, {**platform, **request.environment})
