"""A program that is broken in one way, or an image that is, for each check."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Program:
    """``broken`` is what the program's variable BROKEN says, ``seen`` a part of what is found.
    ``epochs`` is how long it trains, in tenths of a second; 0 for as quickly as it can."""

    broken: str
    seen: str
    epochs: int = 0

    @property
    def check(self) -> str:
        return self.broken.partition(":")[0]


@dataclass(frozen=True)
class Image:
    """``lines`` are the end of its Dockerfile."""

    check: str
    lines: tuple[str, ...]
    seen: str


PROGRAMS = (
    Program("trains", "exit code 0, and nothing in /opt/ml/model"),
    Program("metrics", "no line of the log has error"),
    Program("hyperparameters-strings", "are read as other values: error begins with"),
    Program("hyperparameters-unknown", "does not say so: Failure: this cannot be"),
    Program("hyperparameters-tuning", "could not convert string to float: 'error'"),
    Program("channels-modes", "train in Pipe mode: it completes, and has not read a byte of it"),
    Program("channels-absent", "does not say so: ValueError: max()"),
    Program("channels-empty", "ValueError: need at least one array to concatenate"),
    Program("channels-names", "error begins with"),
    Program("channels-read-only", "Read-only file system"),
    Program("stop: deaf", "SIGTERM did not end it within 2.0 s", 30),
    Program("stop: short and deaf", "SIGTERM made no difference", 12),
    Program("stop: without a model", "and nothing was in /opt/ml/model", 12),
    Program("stop-start-up", "SIGTERM made no difference", 12),
    Program("checkpoints-resume", "it has read none of them, and began again", 12),
    Program("checkpoints-absent", "No such file or directory: '/opt/ml/checkpoints/fresh'"),
    Program("failure-reason: nothing", "exit code 1, and no /opt/ml/output/failure"),
    Program("failure-reason: a word", "a failure file that says no more than 'Error:'"),
    Program("failure-reason: how it was called", "says no more than 'exit code 1'"),
    Program("failure-reason: success", "a failure that looks like success"),
    Program("failure-reason: endless", "it had not ended after 3.0 s"),
)
_STARTS = 'ENTRYPOINT ["/opt/program/train"]'
IMAGES = (
    Image("entry-point-exec", ("ENTRYPOINT /opt/program/train",), "the shell is process 1"),
    Image(
        "entry-point-no-init",
        ('ENTRYPOINT ["/usr/bin/tini", "--", "/opt/program/train"]',),
        "tini is the entry point",
    ),
    Image(
        "image-secrets",
        ("ENV WANDB_API_KEY=0123456789abcdef", _STARTS),
        "its environment has WANDB_API_KEY",
    ),
    Image(
        "image-secrets",
        ("ARG PIP_TOKEN=0123456789abcdef", "RUN echo fetched > /opt/fetched", _STARTS),
        "its history has what looks like a secret, in step",
    ),
)
BROKEN_IN_IMAGES = (
    Program("ordinary-user", "as user 10001:10001: PermissionError"),
    Program("writes", "it has written /opt/results"),
)
WITH_TESTS_OF_THEIR_OWN = ("network-isolation", "no-credentials", "out-of-memory", "image-size")
