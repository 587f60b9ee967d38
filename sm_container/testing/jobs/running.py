"""Running a job that is settled by a request, with what is to befall it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from sm_container.algorithm.algorithm import Algorithm
from sm_container.harness.engines.engine import Engine
from sm_container.harness.job.options import RunOptions
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import Phase
from sm_container.harness.life.containers import container_spec
from sm_container.harness.life.launch import create_job
from sm_container.harness.life.observer import Observer, Silent
from sm_container.harness.life.prepare import Prepared, prepare
from sm_container.harness.life.stopping import catching_interrupts
from sm_container.harness.life.training import run_job
from sm_container.harness.request.training_request import TrainingRequest
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.home import Home
from sm_container.testing.jobs.describing import HOST, StartedJob
from sm_container.testing.jobs.moments import Moment, Moments
from sm_container.testing.jobs.observers import Together, echo_to_terminal
from sm_container.testing.jobs.result import JobResult

Watcher = Callable[[Prepared, JobFolder], Observer]
"""Makes an observer of a job that is about to run."""
Told = Callable[[StartedJob], None]
"""Told of each job before it runs."""


def unheard(job: StartedJob) -> None:
    """Nobody is told."""


def run_request(
    home: Home,
    request: TrainingRequest,
    options: RunOptions,
    moments: Sequence[Moment] = (),
    *,
    algorithm: Algorithm[Any] | None = None,
    engine: Engine | None = None,
    live: bool = False,
    watchers: Sequence[Watcher] = (),
    told: Told = unheard,
) -> JobResult:
    """Run a job to its end, in the main thread. Where an ``algorithm`` is given, it is trained in
    this process, in the place of the target. ``engine`` is one that the caller brings. ``live``
    echoes its log to the standard error.

    Raises:
        RequestError, InputError, EngineError, StorageError: for a job that cannot be run.
        MissedMomentError: where it ended before what was to befall it.
        KeyboardInterrupt: for Ctrl-C, which stops the job first.
    """
    folder = JobFolder(home.jobs / request.name)
    limit = options.memory_bytes if options.target.startswith("/") else None
    with ExitStack() as around:
        run: Callable[[Prepared, Observer], JobRecord] = _run
        if algorithm is not None:
            engine, run = _in_this_process(algorithm)
        elif engine is None and limit is not None:
            from sm_container.testing.jobs.limited import limited_engine

            engine = around.enter_context(limited_engine(home, limit))
        prepared = prepare(home, request, options, engine=engine)
        if limit is not None:  # the harness takes it that programs have none
            capacity = replace(prepared.capacity, memory_bytes=limit)
            prepared = replace(prepared, capacity=capacity)
        befalling = Moments(folder, moments)
        observers: list[Observer] = [befalling, *(each(prepared, folder) for each in watchers)]
        if live:
            observers.append(around.enter_context(echo_to_terminal()))
        started = StartedJob(folder)
        observers.append(_Commanded(prepared, started))
        told(started)
        with befalling.watching(prepared):
            record = run(prepared, Together(*observers))
        return JobResult(record, folder, started.command)


def _run(prepared: Prepared, observer: Observer) -> JobRecord:
    folder, ownership = create_job(prepared)
    with ownership, catching_interrupts() as interrupts:
        observer.record(folder.read())
        record = run_job(prepared, folder, observer, interrupts)
    if interrupts.wants_stop:
        raise KeyboardInterrupt
    return record


def _in_this_process(
    algorithm: Algorithm[Any],
) -> tuple[Engine, Callable[[Prepared, Observer], JobRecord]]:
    from sm_container.testing.jobs.in_process.engine import InProcessEngine
    from sm_container.testing.jobs.in_process.stage import Stage, run_on

    stage = Stage()
    return InProcessEngine(algorithm, stage), lambda *given: run_on(stage, *given)


class _Commanded(Silent):
    """Notes what the engine runs, when all that it names is there."""

    def __init__(self, prepared: Prepared, started: StartedJob) -> None:
        self._prepared = prepared
        self._started = started

    def record(self, record: JobRecord) -> None:
        if record.phase is Phase.IMAGE and not self._started.command:
            spec = container_spec(self._prepared, self._started.folder, HOST, record.arn)
            self._started.command = tuple(self._prepared.engine.command(spec))
