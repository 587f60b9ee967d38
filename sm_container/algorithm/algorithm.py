"""An algorithm: what its author declares of it, and the function that trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from sm_container.algorithm.job import Job, load_job
from sm_container.algorithm.training import train
from sm_container.contract.layout import Layout
from sm_container.declaration.channels import Channel
from sm_container.declaration.checkpoints import DEFAULT_POLICY, CheckpointPolicy
from sm_container.declaration.declaration import Declaration
from sm_container.declaration.errors import DeclarationError
from sm_container.declaration.hyperparameters import UnknownPolicy
from sm_container.declaration.memory import DEFAULT_MEMORY_POLICY, MemoryPolicy
from sm_container.declaration.metrics import Metric
from sm_container.declaration.stopping import OnStop
from sm_container.runtime.stop import Stop

if TYPE_CHECKING:
    from sm_container.algorithm.registration import SageMakerClient

H = TypeVar("H")
Result = TypeVar("Result")


class Algorithm(Generic[H]):
    """A training algorithm: what it takes and reports, and the function that trains.

    ``hyperparameters`` is a dataclass annotated with Range, OneOf, Tunable and Name; without it
    any are accepted, and ``job.hyperparameters`` is a dict of strings. ``unknown_hyperparameters``
    says what becomes of those that it has not.

    ``channels`` are those that a job may have; without them any are accepted. ``metrics`` are those
    that the service is to find in the log. ``on_stop`` says what SIGTERM does to the function that
    trains, ``checkpoints`` which of them stay, ``memory`` what keeps training within its memory.
    ``description`` and ``supports_distributed_training`` (more than one host) go into the
    CreateAlgorithm document.

    Raises DeclarationError for a declaration that cannot stand. Nothing is read until ``run`` or
    ``main``. Source: CreateAlgorithm, TrainingSpecification.
    """

    @overload
    def __init__(
        self: Algorithm[dict[str, str]],
        name: str,
        *,
        hyperparameters: None = None,
        channels: Sequence[Channel] = (),
        metrics: Sequence[Metric] = (),
        description: str = "",
        supports_distributed_training: bool = False,
        unknown_hyperparameters: UnknownPolicy = UnknownPolicy.REFUSE,
        on_stop: OnStop = OnStop.COOPERATE,
        checkpoints: CheckpointPolicy = DEFAULT_POLICY,
        memory: MemoryPolicy = DEFAULT_MEMORY_POLICY,
    ) -> None: ...

    @overload
    def __init__(
        self,
        name: str,
        *,
        hyperparameters: type[H],
        channels: Sequence[Channel] = (),
        metrics: Sequence[Metric] = (),
        description: str = "",
        supports_distributed_training: bool = False,
        unknown_hyperparameters: UnknownPolicy = UnknownPolicy.REFUSE,
        on_stop: OnStop = OnStop.COOPERATE,
        checkpoints: CheckpointPolicy = DEFAULT_POLICY,
        memory: MemoryPolicy = DEFAULT_MEMORY_POLICY,
    ) -> None: ...

    def __init__(
        self,
        name: str,
        *,
        hyperparameters: type[Any] | None = None,
        channels: Sequence[Channel] = (),
        metrics: Sequence[Metric] = (),
        description: str = "",
        supports_distributed_training: bool = False,
        unknown_hyperparameters: UnknownPolicy = UnknownPolicy.REFUSE,
        on_stop: OnStop = OnStop.COOPERATE,
        checkpoints: CheckpointPolicy = DEFAULT_POLICY,
        memory: MemoryPolicy = DEFAULT_MEMORY_POLICY,
    ) -> None:
        self.declaration = Declaration(
            name,
            hyperparameters=hyperparameters,
            channels=channels,
            metrics=metrics,
            description=description,
            supports_distributed_training=supports_distributed_training,
            unknown_hyperparameters=unknown_hyperparameters,
            on_stop=on_stop,
            checkpoints=checkpoints,
            memory=memory,
        )
        self._train: Callable[[Job[H]], object] | None = None

    def train(self, function: Callable[[Job[H]], Result]) -> Callable[[Job[H]], Result]:
        """Decorate the function that trains; there is one for each algorithm."""
        if self._train is not None:
            raise DeclarationError(f"{self.declaration.name} has a train function already")
        self._train = function
        return function

    @property
    def train_function(self) -> Callable[[Job[H]], object]:
        """The decorated function; raises DeclarationError if there is none."""
        if self._train is None:
            raise DeclarationError(
                f"{self.declaration.name} has no train function: decorate one with "
                "@algorithm.train above the call of main()"
            )
        return self._train

    def run(
        self,
        layout: Layout | None = None,
        environ: Mapping[str, str] | None = None,
        stop: Stop | None = None,
    ) -> None:
        """Load the job from the tree and train, in this process; errors are raised as they are.

        For tests and notebooks: no signal is handled, ``stop.request()`` takes its place. A
        container calls ``main``.
        """
        function = self.train_function
        job = load_job(self.declaration, layout, environ, stop)
        train(function, job, self.declaration)

    def main(self, arguments: Sequence[str] | None = None) -> None:
        """Run as a program, with ``arguments`` or those of the command line.

        ``train``, options, or nothing trains: returns on success and after a stop; on failure
        the failure file is written and the process exits with 1. SIGTERM requests the stop.
        ``describe`` prints the CreateAlgorithm document or the reference page.
        """
        from sm_container.algorithm.program import main

        main(self, arguments)

    def register(
        self,
        client: SageMakerClient,
        *,
        image: str,
        instance_types: Sequence[str] | None = None,
        validation: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        replace: bool = False,
    ) -> str:
        """Make this algorithm a resource of the service, which jobs name by ``AlgorithmName``, and
        return its ARN.

        ``client`` is the caller's ``boto3.client("sagemaker")``, for AWS or for ``sm-container
        api``. ``image`` is the training image in ECR, ``instance_types`` what it trains on,
        by default those that ``describe`` writes.
        ``validation`` is a ValidationSpecification in the service's shape: its training job has to
        complete before the algorithm can be used, and DescribeAlgorithm says how that goes.
        ``replace`` deletes an algorithm of the same name first; what was trained with it stays.

        Raises DeclarationError for what the service would refuse, and what the client raises: a
        ClientError where the name is taken, or the algorithm to be replaced is being validated.
        Source: CreateAlgorithm, DeleteAlgorithm.
        """
        from sm_container.algorithm.registration import register

        return register(
            self.declaration,
            client,
            image=image,
            instance_types=instance_types,
            validation=validation,
            tags=tags,
            replace=replace,
        )
