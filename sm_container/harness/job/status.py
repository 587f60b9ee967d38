"""The statuses of a training job, the order they come in, and the service's message for each."""

from __future__ import annotations

from enum import Enum


class JobStatus(str, Enum):
    """TrainingJobStatus. Source: DescribeTrainingJob."""

    IN_PROGRESS = "InProgress"
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPING = "Stopping"
    STOPPED = "Stopped"

    @property
    def is_terminal(self) -> bool:
        return self in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.STOPPED)


class SecondaryStatus(str, Enum):
    """SecondaryStatus, those that a job here can pass through. Source: DescribeTrainingJob."""

    PENDING = "Pending"
    STARTING = "Starting"
    DOWNLOADING = "Downloading"
    TRAINING = "Training"
    INTERRUPTED = "Interrupted"
    UPLOADING = "Uploading"
    STOPPING = "Stopping"
    STOPPED = "Stopped"
    MAX_RUNTIME_EXCEEDED = "MaxRuntimeExceeded"
    MAX_WAIT_TIME_EXCEEDED = "MaxWaitTimeExceeded"
    COMPLETED = "Completed"
    FAILED = "Failed"


class Phase(Enum):
    """A step of a job's life: the secondary status it shows, and the service's message.

    The messages of PENDING, INTERRUPTED and MAX_WAIT_TIME_EXCEEDED are not documented: they are
    ours.
    """

    PENDING = (SecondaryStatus.PENDING, "Waiting until other training jobs have ended")
    STARTING = (SecondaryStatus.STARTING, "Starting the training job")
    LAUNCHING = (SecondaryStatus.STARTING, "Launching requested ML instances")
    REPLACING = (SecondaryStatus.STARTING, "Launched instance was unhealthy, replacing it!")
    PREPARING = (SecondaryStatus.STARTING, "Preparing the instances for training")
    DOWNLOADING = (SecondaryStatus.DOWNLOADING, "Downloading input data")
    IMAGE = (SecondaryStatus.TRAINING, "Downloading the training image")
    TRAINING = (
        SecondaryStatus.TRAINING,
        "Training image download completed. Training in progress.",
    )
    INTERRUPTED = (
        SecondaryStatus.INTERRUPTED,
        "The managed spot training instances were interrupted",
    )
    STOPPING = (SecondaryStatus.STOPPING, "Stopping the training job")
    UPLOADING = (SecondaryStatus.UPLOADING, "Uploading generated training model")
    COMPLETED = (SecondaryStatus.COMPLETED, "Training job completed")
    FAILED = (SecondaryStatus.FAILED, "Training job failed")
    STOPPED = (SecondaryStatus.STOPPED, "Training job stopped")
    MAX_RUNTIME_EXCEEDED = (
        SecondaryStatus.MAX_RUNTIME_EXCEEDED,
        "Training job runtime exceeded MaxRuntimeInSeconds provided",
    )
    MAX_WAIT_TIME_EXCEEDED = (
        SecondaryStatus.MAX_WAIT_TIME_EXCEEDED,
        "Training job wait time exceeded MaxWaitTimeInSeconds provided",
    )

    @property
    def secondary(self) -> SecondaryStatus:
        return self.value[0]

    @property
    def message(self) -> str:
        return self.value[1]

    @property
    def status(self) -> JobStatus | None:
        """The TrainingJobStatus that this phase brings, or None where it leaves it as it is."""
        return _STATUS.get(self)

    @property
    def ends_attempt(self) -> bool:
        """Whether the job's instances are gone: for good, or until others take their place."""
        terminal = self.status is not None and self.status.is_terminal
        return terminal or self in (Phase.INTERRUPTED, Phase.REPLACING)

    def may_follow(self, previous: Phase | None) -> bool:
        return previous in _PREDECESSORS[self]


_STATUS = {
    Phase.PENDING: JobStatus.IN_PROGRESS,
    Phase.STARTING: JobStatus.IN_PROGRESS,
    Phase.STOPPING: JobStatus.STOPPING,
    Phase.COMPLETED: JobStatus.COMPLETED,
    Phase.FAILED: JobStatus.FAILED,
    Phase.STOPPED: JobStatus.STOPPED,
    Phase.MAX_RUNTIME_EXCEEDED: JobStatus.STOPPED,
    Phase.MAX_WAIT_TIME_EXCEEDED: JobStatus.STOPPED,
}

_UP = (Phase.DOWNLOADING, Phase.IMAGE, Phase.TRAINING)
_LAUNCHING = (Phase.STARTING, Phase.LAUNCHING, Phase.REPLACING)
_RUNNING = (Phase.PENDING, *_LAUNCHING, Phase.PREPARING, *_UP, Phase.INTERRUPTED)

_PREDECESSORS: dict[Phase, tuple[Phase | None, ...]] = {
    Phase.PENDING: (None,),
    Phase.STARTING: (None, Phase.PENDING),
    Phase.LAUNCHING: (Phase.INTERRUPTED,),
    Phase.REPLACING: _UP,
    Phase.PREPARING: _LAUNCHING,
    Phase.DOWNLOADING: (Phase.PREPARING,),
    Phase.IMAGE: (Phase.DOWNLOADING,),
    Phase.TRAINING: (Phase.IMAGE,),
    Phase.INTERRUPTED: (Phase.TRAINING,),
    Phase.STOPPING: _RUNNING,
    # A failed job passes through Uploading too; a stopped one only if its container ran.
    Phase.UPLOADING: (Phase.IMAGE, Phase.TRAINING, Phase.STOPPING),
    Phase.COMPLETED: (Phase.UPLOADING,),
    Phase.FAILED: (*_RUNNING, Phase.STOPPING, Phase.UPLOADING),
    Phase.STOPPED: (Phase.STOPPING, Phase.UPLOADING),
    Phase.MAX_RUNTIME_EXCEEDED: (Phase.STOPPING, Phase.UPLOADING),
    Phase.MAX_WAIT_TIME_EXCEEDED: (Phase.STOPPING, Phase.UPLOADING),
}
