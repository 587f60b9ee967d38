"""What trials have made is deleted, and nothing else; what stays can be found again."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from sm_container.harness.job.options import RunOptions
from sm_container.harness.life.stopping import raising_interrupts
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.home import Home
from sm_container.harness.store.jobs import JobStore
from sm_container.storage.store import Stores
from sm_container.testing.chaos.clearing import clear, clear_jobs, cleared
from sm_container.testing.chaos.scratch import Scratch, left_over
from tests.cli.records import job, request, stored
from tests.storage.servers import moto, use_endpoint


class Desk:
    """A scratch with jobs whose checkpoints are in ``place``, where other things are, too."""

    def __init__(self, folder: Path, place: str | None, s3_root: Path | None) -> None:
        self.home = Home.from_environment({"SM_CONTAINER_HOME": str(folder / "home")})
        self.stores = Stores(s3_root)
        self.place = place
        self.scratch = Scratch(self.home, self.home.path / "chaos" / "1a2b")
        Path(self.scratch.output).mkdir(parents=True)
        self._options = RunOptions("/code/train", s3_root=s3_root and str(s3_root))
        self._content = folder / "content"
        self._content.touch()
        if place is not None:
            self.put(f"{place}/of others")

    def put(self, uri: str) -> None:
        store, key = self.stores.open(uri)
        store.upload(self._content, key)

    def job(self, suffix: str) -> JobFolder:
        """A job with checkpoints."""
        uri = f"{self.scratch.checkpoints(self.place)}/{suffix}"
        for name in ("step-1/state", "step-1/a sub folder/state", "latest"):
            self.put(f"{uri}/{name}")
        document = request(
            f"a-chaos-{suffix}",
            OutputDataConfig={"S3OutputPath": self.scratch.output},
            CheckpointConfig={"S3Uri": uri},
        )
        record = job(f"a-chaos-{suffix}", "Failed", document=document, options=self._options)
        return stored(self.home.path, record)

    def kept(self) -> list[str]:
        """The objects at the place."""
        store, key = self.stores.open(f"{self.place}/")
        return [object.key.removeprefix(key) for object in store.list(key)]

    def remove(self, folder: JobFolder) -> str | None:
        JobStore(self.home).remove(folder)
        return None


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with moto() as endpoint:
        yield endpoint


@pytest.fixture
def local(hostile_tmp_path: Path) -> Desk:
    return Desk(hostile_tmp_path, str(hostile_tmp_path / "kept"), None)


@pytest.fixture(params=["here", "root", "s3"])
def desk(
    request: pytest.FixtureRequest, hostile_tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Desk:
    """With checkpoints in a folder, in a folder that stands for S3, and in S3."""
    if request.param == "here":
        desk: Desk = request.getfixturevalue("local")
        return desk
    s3_root = None
    if request.param == "root":
        s3_root = hostile_tmp_path / "s3"
        s3_root.mkdir()
    else:
        use_endpoint(monkeypatch, request.getfixturevalue("endpoint"))
        boto3.client("s3").create_bucket(Bucket="bucket")  # of all tests in this module
    return Desk(hostile_tmp_path, f"s3://bucket/{uuid.uuid4().hex}", s3_root)


def test_all_that_a_run_has_made_goes(desk: Desk) -> None:
    desk.job("0")
    desk.job("1")
    other = stored(desk.home.path, job("b-chaos-0", "Failed"))

    assert clear(desk.scratch, desk.remove) == []

    assert [path.name for path in desk.home.jobs.glob("[!.]*")] == [other.name]
    assert list((desk.home.path / "chaos").iterdir()) == []
    assert desk.kept() == ["of others"]


def test_no_empty_folder_is_left(local: Desk, hostile_tmp_path: Path) -> None:
    local.job("0")
    (hostile_tmp_path / "kept" / "chaos-1a2b" / "0" / "step-0" / "empty").mkdir(parents=True)
    clear(local.scratch, local.remove)
    assert [path.name for path in (hostile_tmp_path / "kept").iterdir()] == ["of others"]


def test_some_jobs_go_with_their_checkpoints(desk: Desk) -> None:
    kept = desk.job("0")
    gone = desk.job("1")

    assert clear_jobs(desk.scratch, [gone.name, "b-chaos-0"], desk.remove) == []

    assert kept.path.exists()
    assert not gone.path.exists()
    assert {name.split("/")[1] for name in desk.kept() if name != "of others"} == {"0"}
    assert desk.scratch.path.exists()


def test_checkpoints_in_the_scratch(hostile_tmp_path: Path) -> None:
    desk = Desk(hostile_tmp_path, None, None)
    desk.job("0")
    assert clear(desk.scratch, desk.remove) == []
    assert not desk.scratch.path.exists()


def test_a_job_that_stays_keeps_what_tells_of_it(local: Desk) -> None:
    stays, goes = local.job("0"), local.job("1")

    def remove(folder: JobFolder) -> str | None:
        return "it stays" if folder == stays else local.remove(folder)

    assert clear(local.scratch, remove) == ["it stays"]
    assert not goes.path.exists()
    assert [folder for folder, _ in local.scratch.jobs()] == [stays]
    assert clear(local.scratch, local.remove) == []  # as the next run does
    assert not local.scratch.path.exists()


def test_checkpoints_that_cannot_be_deleted_keep_their_jobs(
    hostile_tmp_path: Path, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    use_endpoint(monkeypatch, endpoint)
    boto3.client("s3").create_bucket(Bucket="other")
    desk = Desk(hostile_tmp_path, "s3://other/ck", None)
    folder = desk.job("0")
    for name in desk.kept():
        boto3.client("s3").delete_object(Bucket="other", Key=f"ck/{name}")
    boto3.client("s3").delete_bucket(Bucket="other")

    [reason] = clear(desk.scratch, desk.remove)

    assert "s3://other" in reason
    assert folder.path.exists()
    assert desk.scratch.path.exists()


def test_a_block_that_ends_is_cleared(local: Desk) -> None:
    told: list[str] = []
    with cleared(local.scratch, local.remove, told.append):
        folder = local.job("0")
    assert not folder.path.exists()
    assert told == []


def test_ctrl_c_in_the_block_is_raised_when_all_is_deleted(local: Desk) -> None:
    told: list[str] = []
    folder = local.job("0")
    with pytest.raises(KeyboardInterrupt), cleared(local.scratch, local.remove, told.append):
        signal.raise_signal(signal.SIGINT)
    assert not folder.path.exists()
    assert not local.scratch.path.exists()
    assert told == [
        "deleting what the trials have made; another Ctrl-C leaves the rest to the next chaos"
    ]


def test_a_first_ctrl_c_does_not_hold_up_the_deletion(local: Desk) -> None:
    def remove(folder: JobFolder) -> str | None:
        signal.raise_signal(signal.SIGINT)
        return local.remove(folder)

    told: list[str] = []
    with pytest.raises(KeyboardInterrupt), cleared(local.scratch, remove, told.append):
        folder = local.job("0")
    assert not folder.path.exists()
    assert not local.scratch.path.exists()


def test_a_second_one_leaves_the_rest_to_the_next_run(local: Desk) -> None:
    def remove(folder: JobFolder) -> str | None:
        signal.raise_signal(signal.SIGTERM)
        pytest.fail("it goes on")

    told: list[str] = []
    folder = local.job("0")
    with (
        raising_interrupts(),
        pytest.raises(KeyboardInterrupt),
        cleared(local.scratch, remove, told.append),
    ):
        signal.raise_signal(signal.SIGHUP)
    assert told[-1] == "not all is deleted: the next chaos does it"
    assert [found for found, _ in local.scratch.jobs()] == [folder]
    assert [scratch.path for scratch in left_over(local.home)] == [local.scratch.path]


def test_what_stays_is_told(local: Desk) -> None:
    told: list[str] = []
    with cleared(local.scratch, lambda folder: "it stays", told.append):
        local.job("0")
    assert told == ["not deleted: it stays"]
