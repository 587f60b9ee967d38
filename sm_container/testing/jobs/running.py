"""Running a job that is settled by a request, with what is to befall it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sm_container.algorithm.algorithm import Algorithm
from sm_container.harness.engines.engine import Engine
from sm_container.harness.job.options import RunOptions
from sm_container.harness.job.record import JobRecord
from sm_container.harness.life.containers import container_spec
from sm_container.harness.life.launch import run_attached
from sm_container.harness.life.prepare import Prepared, prepare
from sm_container.harness.request.training_request import TrainingRequest
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.home import Home
from sm_container.testing.jobs.moments import Moment, Moments
from sm_container.testing.jobs.result import JobResult


def run_request(
    home: Home,
    request: TrainingRequest,
    options: RunOptions,
    moments: Sequence[Moment] = (),
    *,
    algorithm: Algorithm[Any] | None = None,
    live: bool = False,
) -> JobResult:
    """Run a job to its end, in the main thread. Where an ``algorithm`` is given, it is trained in
    this process, in the place of the target. ``live`` echoes its log to the standard error.

    Raises:
        RequestError, InputError, EngineError, StorageError: for a job that cannot be run.
        MissedMomentError: where it ended before what was to befall it.
        KeyboardInterrupt: for Ctrl-C, which stops the job first.
    """
    folder = JobFolder(home.jobs / request.name)
    watching = Moments(folder, moments, live)
    if algorithm is None:
        prepared = prepare(home, request, options)
        with watching.watching(prepared):
            record = run_attached(prepared, watching)
    else:
        from sm_container.testing.jobs.in_process.engine import InProcessEngine
        from sm_container.testing.jobs.in_process.stage import Stage, run_on

        stage = Stage()
        engine: Engine = InProcessEngine(algorithm, stage)
        prepared = prepare(home, request, options, engine=engine)
        with watching.watching(prepared):
            record = run_on(stage, prepared, watching)
    return JobResult(record, folder, _commands(prepared, folder, record))


def _commands(prepared: Prepared, folder: JobFolder, record: JobRecord) -> tuple[str, ...]:
    spec = container_spec(prepared, folder, prepared.hosts[0], record.arn)
    return tuple(prepared.engine.command(spec))
