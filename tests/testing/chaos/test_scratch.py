"""The folder of a run: whose it is, and which are left over."""

from __future__ import annotations

from pathlib import Path

import pytest

from sm_container.harness.store.home import Home
from sm_container.testing.chaos.scratch import Scratch, left_over, new_scratch
from tests.cli.records import job, request, stored


@pytest.fixture
def home(hostile_tmp_path: Path) -> Home:
    return Home.from_environment({"SM_CONTAINER_HOME": str(hostile_tmp_path / "home")})


def died(home: Home, name: str = "dead") -> Scratch:
    """The scratch of a run that was killed."""
    path = home.path / "chaos" / name
    (path / "output").mkdir(parents=True)
    return Scratch(home, path)


def test_only_those_of_dead_runs_are_left_over(home: Home) -> None:
    dead = died(home)
    with new_scratch(home, kept=False), new_scratch(home, kept=True) as kept:
        (kept.path / "model").touch()
        assert list(left_over(home)) == [dead]
    assert list(left_over(home)) == [dead]
    assert kept.path.exists()


def test_one_is_given_to_one_at_a_time(home: Home) -> None:
    died(home)
    for _ in left_over(home):
        assert list(left_over(home)) == []


def test_an_empty_one_goes_with_its_run(home: Home) -> None:
    for kept in (False, True):
        with new_scratch(home, kept=kept) as scratch:
            assert scratch.path.is_dir()
        assert not scratch.path.exists()
    assert list(left_over(home)) == []


def test_a_home_without_any(home: Home) -> None:
    assert list(left_over(home)) == []


def test_its_jobs_are_those_whose_artifacts_are_there(home: Home) -> None:
    dead = died(home)
    own = request("a-chaos-0", OutputDataConfig={"S3OutputPath": dead.output})
    folder = stored(home.path, job("a-chaos-0", "Failed", document=own))
    stored(home.path, job("b-chaos-0", "Failed"))
    (home.jobs / "c-chaos-damaged").mkdir()
    assert [found for found, _ in dead.jobs()] == [folder]


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("place", [None, "s3://bucket/a", "s3://bucket/a/", "/some/place"])
def test_the_checkpoints_of_a_job(home: Home, place: str | None, kept: bool) -> None:
    with new_scratch(home, kept=kept) as scratch:
        above = scratch.checkpoints(place)
        record = job("a-chaos-0", "Failed", document={"CheckpointConfig": {"S3Uri": f"{above}/0"}})
        assert scratch.checkpoints_of(record) == above


@pytest.mark.parametrize(
    "config", [{}, {"CheckpointConfig": {"S3Uri": "s3://b/chaos-other/0"}}, {"S3Uri": "s3://b"}]
)
def test_the_checkpoints_of_others_are_not_its_own(home: Home, config: dict[str, str]) -> None:
    assert died(home).checkpoints_of(job("a-chaos-0", "Failed", document=config)) is None
