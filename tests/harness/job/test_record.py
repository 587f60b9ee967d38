"""A job's record: the order of phases, and its JSON form."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import pytest

from sm_container.harness.job.attempts import AttemptRecord
from sm_container.harness.job.options import RunOptions
from sm_container.harness.job.record import JobRecord, MetricValue, StateError
from sm_container.harness.job.status import JobStatus, Phase, SecondaryStatus

P = Phase
WAY_THROUGH = [P.STARTING, P.PREPARING, P.DOWNLOADING, P.IMAGE, P.TRAINING, P.UPLOADING]


def new_record() -> JobRecord:
    return JobRecord(
        name="job",
        arn="arn:aws:sagemaker:us-east-1:000000000000:training-job/job",
        document={"TrainingJobName": "job"},
        options=RunOptions(target="image:1", engine="podman", grace_seconds=1.5),
        created=1.0,
        last_modified=1.0,
    )


def walked(phases: list[Phase]) -> JobRecord:
    record = new_record()
    for moment, phase in enumerate(phases, start=2):
        record = record.entered(phase, float(moment))
    return record


def test_a_completed_job_passes_through_the_services_statuses() -> None:
    record = walked([*WAY_THROUGH, P.COMPLETED])

    shown = [(t.status.value, t.message) for t in record.transitions]
    assert shown == [
        ("Starting", "Starting the training job"),
        ("Starting", "Preparing the instances for training"),
        ("Downloading", "Downloading input data"),
        ("Training", "Downloading the training image"),
        ("Training", "Training image download completed. Training in progress."),
        ("Uploading", "Uploading generated training model"),
        ("Completed", "Training job completed"),
    ]
    assert record.status is JobStatus.COMPLETED
    assert [t.end for t in record.transitions[:-1]] == [t.start for t in record.transitions[1:]]


@pytest.mark.parametrize(
    ("ending", "status", "secondary"),
    [
        ([P.FAILED], JobStatus.FAILED, SecondaryStatus.FAILED),
        ([P.STOPPING, P.UPLOADING, P.STOPPED], JobStatus.STOPPED, SecondaryStatus.STOPPED),
        (
            [P.STOPPING, P.UPLOADING, P.MAX_RUNTIME_EXCEEDED],
            JobStatus.STOPPED,
            SecondaryStatus.MAX_RUNTIME_EXCEEDED,
        ),
        (
            [P.STOPPING, P.UPLOADING, P.MAX_WAIT_TIME_EXCEEDED],
            JobStatus.STOPPED,
            SecondaryStatus.MAX_WAIT_TIME_EXCEEDED,
        ),
        (
            [P.INTERRUPTED, P.STOPPING, P.MAX_WAIT_TIME_EXCEEDED],
            JobStatus.STOPPED,
            SecondaryStatus.MAX_WAIT_TIME_EXCEEDED,
        ),
        ([P.INTERRUPTED, P.FAILED], JobStatus.FAILED, SecondaryStatus.FAILED),
        ([P.INTERRUPTED, P.LAUNCHING, P.FAILED], JobStatus.FAILED, SecondaryStatus.FAILED),
    ],
)
def test_the_other_ends(ending: list[Phase], status: JobStatus, secondary: SecondaryStatus) -> None:
    record = walked([*WAY_THROUGH[:-1], *ending])
    assert (record.status, record.secondary_status) == (status, secondary)


def test_stopping_keeps_its_status_while_artifacts_are_uploaded() -> None:
    record = walked([*WAY_THROUGH[:-1], P.STOPPING, P.UPLOADING])
    assert (record.status, record.secondary_status) == (
        JobStatus.STOPPING,
        SecondaryStatus.UPLOADING,
    )


def test_an_ended_job_enters_nothing_more() -> None:
    ends = (P.COMPLETED, P.FAILED, P.STOPPED, P.MAX_RUNTIME_EXCEEDED, P.MAX_WAIT_TIME_EXCEEDED)
    for end, following in itertools.product(ends, Phase):
        assert not following.may_follow(end), (end, following)


def test_a_phase_out_of_order_is_refused_by_name() -> None:
    with pytest.raises(StateError, match="COMPLETED cannot follow TRAINING"):
        walked([*WAY_THROUGH[:-1], P.COMPLETED])


def test_every_phase_can_fail_before_the_end() -> None:
    for length in range(1, len(WAY_THROUGH) + 1):
        assert walked([*WAY_THROUGH[:length], P.FAILED]).status is JobStatus.FAILED


def test_the_json_form_loses_nothing() -> None:
    record = replace(
        walked([*WAY_THROUGH, P.FAILED]),
        exit_code=3,
        failure_reason="AlgorithmError: ü, exit code: 3",
        final_metrics=(MetricValue("validation:rmse", 0.25, 12.5),),
        not_simulated=("RoleArn: no role is assumed",),
        notes=("a", "b"),
        training_started=3.0,
        training_ended=9.4,
    )
    again = JobRecord.from_document(json.loads(json.dumps(record.to_document())))
    assert again == record
    assert again.training_seconds == 4  # from 4.0, when the download began, to 8.0


AGAIN = [P.PREPARING, P.DOWNLOADING, P.IMAGE, P.TRAINING]


def spot(record: JobRecord, **options: float) -> JobRecord:
    document = {**record.document, "EnableManagedSpotTraining": True}
    return replace(record, document=document, options=RunOptions("image:1", **options))  # type: ignore[arg-type]


def test_an_interrupted_job_passes_through_the_services_statuses_again() -> None:
    record = walked([*WAY_THROUGH[:-1], P.INTERRUPTED, P.LAUNCHING, *AGAIN])
    assert record.status is JobStatus.IN_PROGRESS
    record = record.entered(P.UPLOADING, 30.0, 0).entered(P.COMPLETED, 31.0)

    shown = [status for status, _ in itertools.groupby(t.status.value for t in record.transitions)]
    assert shown == [
        *("Starting", "Downloading", "Training", "Interrupted"),
        *("Starting", "Downloading", "Training", "Uploading", "Completed"),
    ]
    assert [t.message for t in record.transitions][6:8] == [
        "Launching requested ML instances",
        "Preparing the instances for training",
    ]


def test_attempts_are_from_their_downloads_to_their_ends() -> None:
    record = walked(WAY_THROUGH[:-1])  # its download began at 4.0
    assert record.attempts == (AttemptRecord(4.0),)
    assert (record.training_seconds, record.saving_percent) == (None, None)
    record = record.entered(P.INTERRUPTED, 14.0, 143).entered(P.LAUNCHING, 50.0)
    for moment, phase in enumerate(AGAIN, start=51):
        record = record.entered(phase, float(moment))
    record = record.entered(P.REPLACING, 60.0)
    for moment, phase in enumerate(AGAIN, start=61):
        record = record.entered(phase, float(moment))
    record = record.entered(P.UPLOADING, 70.0, 3)
    record = replace(record.entered(P.FAILED, 72.0), training_ended=72.0)

    assert record.training_started == 4.0
    assert [(a.start, a.end, a.cause, a.exit_code) for a in record.attempts] == [
        (4.0, 14.0, "Interrupted", 143),
        (52.0, 60.0, "InternalServerError", None),
        (62.0, 72.0, "Failed", 3),
    ]
    assert record.exit_code == 3
    assert record.training_seconds == 28  # instances were up so long; waiting is not counted
    assert record.billable_seconds == 28
    again = JobRecord.from_document(json.loads(json.dumps(record.to_document())))
    assert again == record


def test_spot_instances_cost_less_by_an_assumption() -> None:
    record = replace(
        walked([*WAY_THROUGH, P.COMPLETED]), attempts=(AttemptRecord(0.0, 500.0, P.COMPLETED),)
    )
    record = replace(record, training_started=0.0, training_ended=500.0)
    assert (record.billable_seconds, record.saving_percent) == (500, None)
    assert spot(record).billable_seconds == 150
    assert spot(record).saving_percent == pytest.approx(70.0)
    assert spot(record, spot_discount_percent=80.0).billable_seconds == 100
    assert spot(record, spot_discount_percent=0.0).saving_percent == 0.0


def test_only_what_trains_is_interrupted() -> None:
    for before in Phase:
        assert P.INTERRUPTED.may_follow(before) is (before is P.TRAINING)
    assert not P.REPLACING.may_follow(P.UPLOADING)
    assert not P.REPLACING.may_follow(P.STOPPING)


def test_a_record_of_an_older_version_has_no_attempts() -> None:
    document = replace(
        walked([*WAY_THROUGH, P.COMPLETED]), training_started=3.0, training_ended=9.4
    ).to_document()
    del document["attempts"]
    for member in ("interrupt_after", "kill_after", "interrupt_every", "spot_wait_seconds"):
        del document["options"][member]
    del document["options"]["spot_discount_percent"]
    record = JobRecord.from_document(json.loads(json.dumps(document)))
    assert record.attempts == ()
    assert record.training_seconds == record.billable_seconds == 6
