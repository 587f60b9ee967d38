"""A service of a test's own: a process, a home and a folder for S3, all gone when the test ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sm_container.harness.job.status import JobStatus
from sm_container.harness.life.recovery import recover_job
from sm_container.harness.life.removal import remove_ended
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.home import Home
from sm_container.harness.store.jobs import JobStore
from sm_container.harness.store.ownership import is_owned

_LOOK_SECONDS = 0.05
_LIVING = frozenset(status.value for status in JobStatus if not status.is_terminal)


class LocalSageMakerError(Exception):
    """The service did not start: its own words."""


@dataclass(frozen=True)
class LocalSageMaker:
    """A service that runs.

    ``endpoint`` is its URL; ``s3_root`` the folder that stands for S3: ``s3://bucket/key`` is
    ``s3_root / "bucket" / "key"``; ``images`` is what runs for which name; ``home`` has its jobs;
    ``environment`` are the variables that lead clients to it, which are set in this process, too.
    """

    endpoint: str
    s3_root: Path
    images: Mapping[str, str]
    home: Path
    environment: Mapping[str, str]

    def client(self, name: str, **options: Any) -> Any:
        """A boto3 client of one of its services: ``sagemaker``, ``s3``, ``logs`` and so on.

        ``options`` are those of ``boto3.Session.client``.
        """
        import boto3

        session: Any = boto3.Session(
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
            region_name=self.environment["AWS_REGION"],
        )
        return session.client(name, **{"endpoint_url": self.endpoint, **options})


@contextmanager
def local_sagemaker(
    images: Mapping[str, str | Path] | None = None,
    *,
    jobs: int | None = None,
    engine: str = "auto",
    region: str = "us-east-1",
    grace: float = 10,
) -> Iterator[LocalSageMaker]:
    """Serve the SageMaker API while the block runs; AWS clients of this process and its children
    find it by the environment.

    Args:
        images: By the last part of a TrainingImage's name, without its tag, what runs for it: an
            image of this machine, or the path of a program.
        jobs: How many run at once, one a CPU by default.
        engine: What runs images: ``auto``, ``docker``, ``podman``, or ``process`` for programs.
        region: The region that is served.
        grace: Seconds between SIGTERM and SIGKILL, also for jobs that run when the block ends.

    Raises:
        LocalSageMakerError: where it does not start.
    """
    named = {name: str(target) for name, target in (images or {}).items()}
    folder = Path(tempfile.mkdtemp(prefix="sm-container-api-"))
    home = Home.from_environment({"SM_CONTAINER_HOME": str(folder / "home")})
    s3_root = folder / "s3"
    words = ["--port", "0", "--json", "--s3-root", str(s3_root), "--engine", engine]
    words += ["--region", region, "--grace", f"{grace:g}"]
    words += [word for name, target in named.items() for word in ("--image", f"{name}={target}")]
    words += [] if jobs is None else ["--jobs", str(jobs)]
    try:
        process, said = _started(words, home, folder / "service.log")
        try:
            with _environment(said["Environment"], said["Unset"]):
                yield LocalSageMaker(
                    said["Endpoint"], s3_root, named, home.path, said["Environment"]
                )
        finally:
            _end(process, JobStore(home))
    finally:
        shutil.rmtree(folder)


def _started(words: list[str], home: Home, log: Path) -> tuple[subprocess.Popen[str], Any]:
    """The process, which the kernel ends should this one be killed, and what it says of itself."""
    setpriv = shutil.which("setpriv")
    tether = (setpriv, "--pdeathsig", "TERM", "--") if setpriv else ()
    with log.open("wb") as written:
        process = subprocess.Popen(
            [*tether, sys.executable, "-m", "sm_container", "api", *words],
            env={**os.environ, "SM_CONTAINER_HOME": str(home.path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=written,
            text=True,
            start_new_session=True,  # a Ctrl-C at the terminal is the test's: it ends the service
        )
    assert process.stdout is not None
    try:
        with process.stdout:
            line = process.stdout.readline()
    except BaseException:
        process.kill()
        raise
    if not line:
        process.wait()
        raise LocalSageMakerError(log.read_text(errors="replace").strip())
    return process, json.loads(line)


@contextmanager
def _environment(variables: Mapping[str, str], unset: list[str]) -> Iterator[None]:
    """Have variables set and others not, and boto3 read them anew, while the block runs."""
    before = {name: os.environ.get(name) for name in (*variables, *unset)}
    _apply({**variables, **dict.fromkeys(unset)})
    try:
        yield
    finally:
        _apply(before)


def _apply(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    boto3: Any = sys.modules.get("boto3")
    if boto3 is not None:
        boto3.DEFAULT_SESSION = None  # it keeps the credentials that it found first


def _end(process: subprocess.Popen[str], store: JobStore) -> None:
    """Stop the jobs that run or wait, end the service, and delete what it has left."""
    for folder in _jobs(store):
        if folder.read().status.value in _LIVING:
            folder.stop_request.touch()
    process.send_signal(signal.SIGTERM)  # it awaits the jobs that run
    process.wait()
    for folder in _jobs(store):
        while is_owned(folder):  # the service may have been killed, and its job ends alone
            time.sleep(_LOOK_SECONDS)
        recover_job(store, folder)
        remove_ended(store, folder, lambda line: print(line, file=sys.stderr))


def _jobs(store: JobStore) -> list[JobFolder]:
    return [JobFolder(store.home.jobs / each.name) for each in store.summaries()]
