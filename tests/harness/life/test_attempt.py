"""Attempts at a job, with real programs: interrupted, killed, tried again, stopped in between."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import tarfile
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psutil
import pytest

from sm_container.harness.engines.leftovers import eventually
from sm_container.harness.job.options import RunOptions
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import JobStatus, Phase, SecondaryStatus
from sm_container.harness.life.faults import INTERNAL_ERROR
from sm_container.harness.life.launch import create_job, exit_code
from sm_container.harness.life.prepare import Prepared, prepare
from sm_container.harness.life.training import run_job
from sm_container.harness.request.parse import parse_request
from tests.harness.life.test_feeding import channel, data, nothing_left, said
from tests.harness.life.test_recovery import processes

SECONDS = 30.0
NEVER = 3600.0

# Which attempt it is, as the platform's note on a host says.
NUMBER = (
    "n=$(sed -n 's/.*\"jobRunNumber\": *\\([0-9]*\\).*/\\1/p' "
    "/opt/ml/input/config/init-config.json)\n"
)
# Says that it is ready in the first attempt, and waits for what is to come.
WAITS = f'{NUMBER}[ "$n" = 1 ] || {{ echo "attempt $n"; exit 0; }}\n'
POLITE = "trap 'echo bye; echo x > /opt/ml/model/left; exit 0' TERM\n"
LOOP = "echo ready; while :; do sleep 0.02; done"


def spot(desk: Any, **members: Any) -> dict[str, Any]:
    stopping = {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 3600}
    document: dict[str, Any] = desk.document(
        EnableManagedSpotTraining=True, **{"StoppingCondition": stopping, **members}
    )
    return document


def statuses(record: JobRecord) -> list[str]:
    return [transition.phase.name for transition in record.transitions]


def once_ready(desk: Any, line: bytes = b"ready\n") -> None:
    """Let the time of an attempt begin when its program has said so."""

    def wait(record: JobRecord) -> None:
        if record.phase is Phase.TRAINING and len(record.attempts) == 1:
            assert eventually(lambda: line in desk.watched.output, SECONDS)

    desk.watched.at_record = wait


def at(phase: Phase, act: Callable[[], object], first: Callable[[JobRecord], None]) -> Any:
    """Something to do when a job enters a phase, once."""
    done: list[object] = []

    def record(record: JobRecord) -> None:
        first(record)
        if record.phase is phase and not done:
            done.append(act())

    return record


def model(desk: Any) -> list[str]:
    archive = desk.folder / "output" / "job" / "output" / "model.tar.gz"
    if not archive.exists():
        return []
    with tarfile.open(archive) as tar:
        return sorted(tar.getnames())


FIRST = ["STARTING", "PREPARING", "DOWNLOADING", "IMAGE", "TRAINING"]
NEXT = ["PREPARING", "DOWNLOADING", "IMAGE", "TRAINING"]


def test_an_interrupted_job_begins_again_with_nothing_left(desk: Any) -> None:
    once_ready(desk)
    folder = data(desk, a=b"input\n")
    document = spot(
        desk,
        InputDataConfig=[channel("train", folder, "File"), channel("pipe", folder, "Pipe")],
    )
    document["AlgorithmSpecification"]["MetricDefinitions"] = [
        {"Name": "first", "Regex": "first=(.*)"},
        {"Name": "both", "Regex": "both=(.*)"},
    ]
    record = desk.run(
        f"{NUMBER}cat /opt/ml/input/data/train/a /opt/ml/input/data/pipe_0\n"
        f"echo both=$n; ls /opt/ml/model /opt/ml/output/data; echo $n > /opt/ml/model/m$n\n"
        f"[ $n = 2 ] && exit 0; echo first=0.5; echo x > /opt/ml/output/data/x\n{POLITE}{LOOP}",
        document,
        interrupt_after=(0.0,),
    )

    assert record.status is JobStatus.COMPLETED
    again = ["INTERRUPTED", "LAUNCHING", *NEXT, "UPLOADING", "COMPLETED"]
    assert statuses(record) == [*FIRST, *again]
    # One log, in order; the second attempt found its inputs, and nothing of the first one.
    assert said(desk) == [
        *("input", "input", "both=1", "/opt/ml/model:", "", "/opt/ml/output/data:"),
        *("first=0.5", "ready", "bye"),
        *("input", "input", "both=2", "/opt/ml/model:", "", "/opt/ml/output/data:"),
    ]
    assert model(desk) == ["m2"]
    assert not (desk.folder / "output" / "job" / "output" / "output.tar.gz").exists()
    assert {each.name: each.value for each in record.final_metrics} == {"first": 0.5, "both": 2.0}
    assert {each.channel: each.size for each in record.traffic} == {"train": 12, "pipe": 12}
    first, second = record.attempts
    # It ended with 0 in its grace: that completes nothing.
    assert (first.cause, first.exit_code) == ("Interrupted", 0)
    assert (second.cause, second.exit_code) == ("Completed", 0)
    assert first.interruption is not None
    assert first.start <= first.interruption.at <= (first.end or 0) <= second.start
    assert (second.interruption, exit_code(record)) == (None, 0)
    assert desk.job().read() == record
    nothing_left(desk, record)


@pytest.mark.parametrize("warned", [True, False], ids=["the grace is over", "no warning"])
def test_what_does_not_end_is_killed(desk: Any, warned: bool) -> None:
    once_ready(desk)
    record = desk.run(
        f"{WAITS}trap 'echo heard' TERM; {LOOP}",
        spot(desk),
        grace_seconds=0.3 if warned else NEVER,
        **({"interrupt_after": (0.0,)} if warned else {"kill_after": (0.0,)}),
    )
    assert record.status is JobStatus.COMPLETED
    assert record.attempts[0].exit_code == 128 + signal.SIGKILL
    assert record.attempts[0].interruption is not None
    assert record.attempts[0].interruption.warned is warned
    assert said(desk) == ["ready", *(["heard"] if warned else []), "attempt 2"]


def test_interruptions_befall_the_attempts_in_turn(desk: Any) -> None:
    record = desk.run(
        f'{NUMBER}[ "$n" -gt 4 ] && exit 0; exec sleep 300',
        spot(desk),
        grace_seconds=0.0,
        interrupt_after=(0.0, 0.1),
        kill_after=(0.0, 0.0),
    )
    assert record.status is JobStatus.COMPLETED
    assert [each.cause for each in record.attempts] == [*["Interrupted"] * 4, "Completed"]
    lost = [each.interruption for each in record.attempts]
    assert [each and each.warned for each in lost] == [True, True, False, False, None]


def test_an_algorithm_that_ends_before_its_interruption_has_ended(desk: Any) -> None:
    record = desk.run("exit 3", spot(desk), interrupt_after=(NEVER,), interrupt_every=NEVER)
    assert record.status is JobStatus.FAILED
    assert (len(record.attempts), record.attempts[0].interruption) == (1, None)
    assert exit_code(record) == 3


def test_a_stop_while_there_are_no_instances(desk: Any) -> None:
    once_ready(desk)
    desk.watched.at_record = at(
        Phase.INTERRUPTED, lambda: desk.job().stop_request.touch(), desk.watched.at_record
    )
    document = spot(desk)
    document["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "m", "Regex": "m=(.*)"}]
    record = desk.run(
        f"echo m=1; {POLITE}{LOOP}", document, interrupt_after=(0.0,), spot_wait_seconds=NEVER
    )
    assert statuses(record) == [*FIRST, "INTERRUPTED", "STOPPING", "STOPPED"]
    assert (exit_code(record), record.model_artifacts, model(desk)) == (130, "", [])
    assert [each.value for each in record.final_metrics] == [1.0]
    [attempt] = record.attempts
    assert record.training_ended is not None
    assert attempt.end is not None
    assert attempt.end <= record.training_ended
    assert record.training_seconds == max(1, round(attempt.seconds))


@pytest.mark.parametrize("phase", [Phase.LAUNCHING, Phase.PREPARING, Phase.DOWNLOADING])
def test_ctrl_c_while_a_job_starts_again(desk: Any, phase: Phase) -> None:
    once_ready(desk)
    first = desk.watched.at_record

    def interrupt(record: JobRecord) -> None:
        first(record)
        if record.phase is phase and "LAUNCHING" in statuses(record):
            desk.interrupts.received.append(signal.SIGINT)

    desk.watched.at_record = interrupt
    record = desk.run(f"{POLITE}{LOOP}", spot(desk), interrupt_after=(0.0,))
    assert statuses(record)[-2:] == ["STOPPING", "STOPPED"]
    assert said(desk) == ["ready", "bye"]
    assert exit_code(record) == 130


def test_a_stop_within_the_grace_of_an_interruption_is_a_stop(desk: Any) -> None:
    once_ready(desk)
    go = desk.folder / "go"
    desk.watched.at_output = lambda data: b"saving" in data and desk.job().stop_request.touch()
    desk.watched.at_record = at(Phase.STOPPING, go.touch, desk.watched.at_record)
    record = desk.run(
        f"save() {{ echo saving; while ! [ -e {shlex.quote(str(go))} ]; do sleep 0.02; done\n"
        "echo x > /opt/ml/model/x; exit; }\n"
        "trap save TERM; echo ready; while :; do sleep 0.02; done",
        spot(desk),
        interrupt_after=(0.0,),
    )
    assert statuses(record) == [*FIRST, "STOPPING", "UPLOADING", "STOPPED"]
    assert model(desk) == ["x"]
    assert record.attempts[0].interruption is not None
    assert record.attempts[0].cause == "Stopped"


def test_the_time_to_wait_is_over_while_there_are_no_instances(desk: Any) -> None:
    once_ready(desk)
    stopping = {"MaxRuntimeInSeconds": 1, "MaxWaitTimeInSeconds": 1}
    record = desk.run(
        f"{POLITE}{LOOP}",
        spot(desk, StoppingCondition=stopping),
        interrupt_after=(0.0,),
        spot_wait_seconds=NEVER,
    )
    assert statuses(record) == [*FIRST, "INTERRUPTED", "STOPPING", "MAX_WAIT_TIME_EXCEEDED"]
    assert record.status is JobStatus.STOPPED
    assert record.secondary_status is SecondaryStatus.MAX_WAIT_TIME_EXCEEDED
    assert exit_code(record) == 124


def run(desk: Any, prepared: Prepared) -> JobRecord:
    folder, ownership = create_job(prepared)
    with ownership:
        return run_job(prepared, folder, desk.watched, desk.interrupts)


def test_the_time_to_wait_is_over_while_the_algorithm_runs(desk: Any) -> None:
    once_ready(desk)
    prepared = desk.prepared(f"{POLITE}{LOOP}", spot(desk))
    # The service takes no MaxWaitTimeInSeconds below MaxRuntimeInSeconds, which would come first.
    record = run(desk, replace(prepared, request=replace(prepared.request, max_wait=1)))
    assert statuses(record) == [*FIRST, "STOPPING", "UPLOADING", "MAX_WAIT_TIME_EXCEEDED"]
    assert model(desk) == ["left"]
    assert exit_code(record) == 124


def test_spot_instances_that_were_never_launched(desk: Any) -> None:
    prepared = desk.prepared("echo never", spot(desk))
    record = run(desk, replace(prepared, request=replace(prepared.request, max_wait=0)))
    assert statuses(record) == ["STARTING", "PREPARING", "STOPPING", "MAX_WAIT_TIME_EXCEEDED"]
    assert (record.attempts, record.training_seconds) == ((), None)


def test_the_time_to_run_is_that_of_all_attempts(desk: Any) -> None:
    stopping = {"MaxRuntimeInSeconds": 1, "MaxWaitTimeInSeconds": 3600}
    record = desk.run(
        "exec sleep 300",
        spot(desk, StoppingCondition=stopping),
        grace_seconds=0.0,
        interrupt_every=0.4,  # so that no attempt lasts a second
    )
    assert record.secondary_status is SecondaryStatus.MAX_RUNTIME_EXCEEDED
    assert len(record.attempts) > 1
    assert exit_code(record) == 124


def kill_feeder(desk: Any) -> None:
    feed = str(desk.job().feed("algo-1"))
    for each in psutil.process_iter(["cmdline"]):
        if feed in (each.info["cmdline"] or ()):
            each.kill()


@pytest.mark.parametrize("times", [1, 2])
def test_a_fault_of_the_platform_is_tried_again(desk: Any, times: int) -> None:
    """As often as RetryStrategy says: with one retry, the second fault is the last."""

    def kill(data: bytes) -> None:
        if any(b"attempt %d\n" % number in data for number in range(1, times + 1)):
            kill_feeder(desk)

    desk.watched.at_output = kill
    folder = data(desk, a=b"data\n")
    document = desk.document(
        InputDataConfig=[channel("train", folder, "Pipe")],
        RetryStrategy={"MaximumRetryAttempts": 1},
    )
    script = (
        f'{NUMBER}cat /opt/ml/input/data/train_0 > /dev/null; echo "attempt $n"\n'
        f'[ "$n" -gt {times} ] || exec sleep 300'
    )
    record = desk.run(script, document)

    assert statuses(record)[: len(FIRST) + 5] == [*FIRST, "REPLACING", *NEXT]
    assert (
        record.transitions[len(FIRST)].message == "Launched instance was unhealthy, replacing it!"
    )
    assert [note for note in record.notes if "attempt 1 ended by a fault of the platform" in note]
    assert record.attempts[0].cause == "InternalServerError"
    assert len(record.attempts) == 2
    if times == 1:
        assert (record.status, record.failure_reason) == (JobStatus.COMPLETED, None)
    else:
        assert (record.status, record.failure_reason) == (JobStatus.FAILED, INTERNAL_ERROR)
        assert "the feeder of the channels ended with -9" in (record.fault or "")
        assert exit_code(record) == 125


def test_an_algorithm_that_fails_is_not_tried_again(desk: Any) -> None:
    record = desk.run("exit 3", desk.document(RetryStrategy={"MaximumRetryAttempts": 30}))
    assert (record.status, record.exit_code) == (JobStatus.FAILED, 3)
    assert len(record.attempts) == 1


def test_data_that_vanishes_between_two_attempts(desk: Any) -> None:
    folder = data(desk, a=b"data\n")
    once_ready(desk)
    desk.watched.at_record = at(Phase.INTERRUPTED, (folder / "a").unlink, desk.watched.at_record)
    record = desk.run(
        f"{POLITE}{LOOP}",
        spot(desk, InputDataConfig=[channel("train", folder, "File")]),
        interrupt_after=(0.0,),
    )
    assert record.status is JobStatus.FAILED
    assert (record.failure_reason or "").startswith("ClientError: Data download failed:")
    assert [each.cause for each in record.attempts] == ["Interrupted", "Failed"]


def test_a_folder_that_the_program_has_locked_gives_way(desk: Any) -> None:
    once_ready(desk)
    record = desk.run(
        f"{NUMBER}ls /opt/ml/model\n[ $n = 2 ] && exit 0\n"
        f"mkdir -p /opt/ml/model/a/b; chmod 0 /opt/ml/model/a; {POLITE}{LOOP}",
        spot(desk),
        interrupt_after=(0.0,),
    )
    assert record.status is JobStatus.COMPLETED
    assert said(desk)[-1] == "bye"


@pytest.mark.parametrize(("grace", "told"), [(120.0, ""), (1.5, "1.5"), (30.0, "30")])
def test_the_container_is_told_of_another_grace(desk: Any, grace: float, told: str) -> None:
    desk.run('echo "[$SM_CONTAINER_STOP_SECONDS]"', grace_seconds=grace)
    assert said(desk) == [f"[{told}]"]


# The same in podman.


def in_podman(desk: Any, image: str, script: str, document: Any, **options: Any) -> Prepared:
    code = desk.folder / "code"
    code.mkdir(exist_ok=True)
    (code / "program").write_text(script)
    document["InputDataConfig"] = [channel("code", code, "File")]
    document["AlgorithmSpecification"] |= {
        "TrainingImage": image,
        "ContainerEntrypoint": ["/bin/sh", "/opt/ml/input/data/code/program"],
    }
    request = parse_request(document, cache=desk.home.cache)
    return prepare(desk.home, request, RunOptions(image, engine="podman", **options))


def containers() -> str:
    done = subprocess.run(
        ["podman", "ps", "--all", "--format", "{{.Names}}"], capture_output=True, text=True
    )
    return done.stdout


@pytest.mark.container
@pytest.mark.parametrize("warned", [True, False], ids=["SIGTERM", "no warning"])
def test_a_container_is_interrupted(desk: Any, base_image: str, warned: bool) -> None:
    once_ready(desk)
    marker = f"4343.{os.getpid()}"
    script = (
        f"{NUMBER}ls -A /opt/ml/model\n[ $n = 1 ] || {{ echo x > /opt/ml/model/second; exit 0; }}\n"
        f"echo x > /opt/ml/model/first; sleep {marker} &\n{POLITE}{LOOP}"
    )
    options = {"interrupt_after": (0.0,)} if warned else {"kill_after": (0.0,)}
    record = run(desk, in_podman(desk, base_image, script, spot(desk), **options))

    assert record.status is JobStatus.COMPLETED, record
    assert statuses(record) == [
        *(*FIRST, "INTERRUPTED", "LAUNCHING", *NEXT, "UPLOADING", "COMPLETED")
    ]
    assert record.attempts[0].exit_code == (0 if warned else 137)
    assert said(desk) == ["ready", "bye"] if warned else ["ready"]
    assert model(desk) == ["second"]
    assert desk.home.identity not in containers()
    assert processes("sleep", marker) == []


@pytest.mark.container
@pytest.mark.parametrize("probed", [True, False])
def test_a_job_is_stopped_while_its_image_is_pulled(
    desk: Any, base_image: str, probed: bool
) -> None:
    if probed:  # and so nothing asks for an image before it is time to start
        assert run(
            desk, in_podman(desk, base_image, "", desk.document("before"))
        ).status.is_terminal
    with socket.create_server(("127.0.0.1", 0)) as registry:  # which says nothing

        def stop() -> None:
            with registry.accept()[0]:
                desk.interrupts.record(signal.SIGINT)

        thread = threading.Thread(target=stop)
        thread.start()
        image = f"127.0.0.1:{registry.getsockname()[1]}/no-such:1"
        record = run(desk, in_podman(desk, image, "", desk.document()))
        thread.join(SECONDS)

    assert record.status is JobStatus.STOPPED, record
    assert statuses(record)[-3:] == ["IMAGE" if probed else "PREPARING", "STOPPING", "STOPPED"]


@pytest.mark.container
def test_a_container_that_somebody_removes_is_tried_again(desk: Any, base_image: str) -> None:
    def remove(data: bytes) -> None:
        if b"ready\n" in data:
            name = f"sm-container-{desk.home.identity}-job-algo-1"
            subprocess.run(["podman", "rm", "--force", "--time", "0", name], check=True)

    desk.watched.at_output = remove
    document = desk.document(RetryStrategy={"MaximumRetryAttempts": 1})
    record = run(desk, in_podman(desk, base_image, f"{WAITS}{LOOP}", document))

    assert record.status is JobStatus.COMPLETED, record
    assert [each.cause for each in record.attempts] == ["InternalServerError", "Completed"]
    assert said(desk) == ["ready", "attempt 2"]
