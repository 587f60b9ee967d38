"""Makes the trees of a test, and the variables that lead to the last of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sm_container.channels.channel import InputChannel
from sm_container.contract.inputs import InputMode
from sm_container.harness.store.home import Home
from sm_container.testing.jobs.asked import Asked, job_name
from sm_container.testing.jobs.checkpoints import Given
from sm_container.testing.jobs.data import Data
from sm_container.testing.jobs.declared import Declared
from sm_container.testing.jobs.describing import HOST
from sm_container.testing.jobs.subject import Subject
from sm_container.testing.opt_ml.tree import OptMl

SetVariable = Callable[[str, str], None]
DeleteVariable = Callable[[str], None]


class Trees:
    """The trees that one test makes, below ``folder``. Leaving the ``with`` block closes them."""

    def __init__(self, home: Home, folder: Path, set_: SetVariable, delete: DeleteVariable) -> None:
        self._home = home
        self._folder = folder
        self._set = set_
        self._delete = delete
        self._published: set[str] = set()
        self._cleanup = ExitStack()

    def make(
        self,
        algorithm: Declared | None = None,
        *,
        hyperparameters: Mapping[str, Any] | None = None,
        channels: Mapping[str, Any] | None = None,
        hosts: int = 1,
        host: str = HOST,
        checkpoints: Given = False,
        environment: Mapping[str, str] | None = None,
        metrics: Mapping[str, str] | None = None,
        input_mode: str | None = None,
        instance_type: str = "ml.m5.large",
        request: Mapping[str, Any] | None = None,
    ) -> OptMl:
        """A tree as a job's first start would find it, to which ``SAGEMAKER_BASE_DIR`` leads from
        now on, with the variables of the platform and of ``sm-train``.

        ``hosts`` is how many there are, of which this is ``host``. With ``algorithm``, which is an
        Algorithm, its CreateAlgorithm document or the path of that, the job is held against the
        declaration. All else is as for :class:`TrainingJob`.

        Raises:
            RequestError, InputError, StorageError: for what a job could not have either.
        """
        subject = Subject.without_program(algorithm)
        asked = Asked(
            subject,
            self._folder,
            name=job_name(subject.name),
            hyperparameters=hyperparameters or {},
            channels=channels or {},
            environment=environment or {},
            metrics=metrics or {},
            input_mode=input_mode,
            instance_type=instance_type,
            hosts=hosts,
            checkpoints=checkpoints,
            request=request or {},
        )
        folder = self._folder / asked.name
        return self._cleanup.enter_context(OptMl(self._home, folder, asked, host, self._publish))

    def channel(
        self,
        mode: InputMode,
        value: Any,
        name: str = "train",
        *,
        into: OptMl | None = None,
        **fields: Any,
    ) -> InputChannel:
        """A channel in a mode, in a tree of its own or another one in the tree ``into``, as
        ``job.channels[name]`` would be. ``fields`` are those of :class:`Data`."""
        given = Data(value, mode=mode.value, **fields)
        if into is not None:
            return into.add_channel(name, given)
        return self.make(channels={name: given}).channel(name)

    def close(self) -> None:
        """Raises as ``OptMl.close``."""
        self._cleanup.close()

    def _publish(self, variables: Mapping[str, str]) -> None:
        for name in self._published - variables.keys():
            self._delete(name)
        for name, value in variables.items():
            self._set(name, value)
        self._published = set(variables)
