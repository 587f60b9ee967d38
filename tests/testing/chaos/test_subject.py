"""What the jobs of all trials are made from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sm_container.harness.job.options import RunOptions
from sm_container.harness.request.parse import parse_request
from sm_container.harness.store.home import Home
from sm_container.testing.chaos.scratch import Scratch
from sm_container.testing.chaos.subject import NAME_LIMIT, Subject
from tests.cli.records import request


@pytest.fixture
def home(hostile_tmp_path: Path) -> Home:
    return Home.from_environment({"SM_CONTAINER_HOME": str(hostile_tmp_path / "home")})


def subject(home: Home, name: str = "mine", **members: Any) -> Subject:
    parsed = parse_request(request(name, **members))
    return Subject(
        parsed, RunOptions("/code/train"), Scratch(home, home.path / "chaos/1a2b"), print
    )


def test_a_long_name_is_cut_to_what_a_name_may_have(home: Home) -> None:
    name = subject(home, "a" * 50 + "-" + "b" * 12).job_name("12-2")
    assert name == "a" * 50 + "-b-chaos-12-2"
    assert len(name) == NAME_LIMIT
    cut_at_a_hyphen = subject(home, "a" * 51 + "-" + "b" * 11).job_name("12-2")
    assert cut_at_a_hyphen == "a" * 51 + "-chaos-12-2"


def test_a_job_is_a_spot_job_with_places_of_its_own(home: Home) -> None:
    tested = subject(home, CheckpointConfig={"S3Uri": "s3://bucket/ck/", "LocalPath": "/state"})
    asked = tested.asked("2-2", 2)
    assert asked.name == "mine-chaos-2-2"
    assert asked.document["EnableManagedSpotTraining"] is True
    assert asked.document["StoppingCondition"]["MaxWaitTimeInSeconds"] == 7200
    assert asked.output.uri == tested.scratch.output
    assert asked.checkpoint is not None
    assert asked.checkpoint.uri == "s3://bucket/ck/chaos-1a2b/2"
    assert asked.checkpoint.local_path == "/state"
    assert tested.request.document["TrainingJobName"] == "mine"  # which is left as it was


def test_without_a_place_checkpoints_are_in_the_scratch(home: Home) -> None:
    tested = subject(home)
    assert tested.checkpoint_uri(1) == str(tested.scratch.path / "checkpoints" / "1")
