"""A job's record: the order of phases, and its JSON form."""

from __future__ import annotations

import itertools
import json

import pytest

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
    for end, following in itertools.product(
        (P.COMPLETED, P.FAILED, P.STOPPED, P.MAX_RUNTIME_EXCEEDED), Phase
    ):
        assert not following.may_follow(end), (end, following)


def test_a_phase_out_of_order_is_refused_by_name() -> None:
    with pytest.raises(StateError, match="COMPLETED cannot follow TRAINING"):
        walked([*WAY_THROUGH[:-1], P.COMPLETED])


def test_every_phase_can_fail_before_the_end() -> None:
    for length in range(1, len(WAY_THROUGH) + 1):
        assert walked([*WAY_THROUGH[:length], P.FAILED]).status is JobStatus.FAILED


def test_the_json_form_loses_nothing() -> None:
    from dataclasses import replace

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
    assert again.training_seconds == 6
