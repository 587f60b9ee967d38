"""Real containers, and programs of this machine, that write checkpoints while the sync runs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from engine_fixtures import Runner

from sm_container.harness.checkpoints.place import Place, place_of
from sm_container.harness.checkpoints.sync import CheckpointSync
from sm_container.harness.engines.engine import Container
from tests.harness.checkpoints.conftest import SETTLE, Bucket, quiet, until

# Two steps in place, the first pruned when the second is uploaded, then one more just before the
# end; and a look at what was restored and at the markers.
WRITER = """
cd "$1" && cat restored && mkdir -p step-1/deep && echo one > step-1/deep/shard || exit 1
until [ -e step-1/deep/shard.sagemaker-uploaded ]; do sleep 0.05; done
echo two > tmp && mv tmp step-2
until [ -e step-2.sagemaker-uploaded ]; do sleep 0.05; done
rm -r step-1
echo three > step-3
ln -s /etc/passwd link
"""


@dataclass(frozen=True)
class Held:
    place: Place
    sync: CheckpointSync


@pytest.fixture(params=["/opt/ml/checkpoints", "elsewhere"])
def held(request: pytest.FixtureRequest, runner: Runner, bucket: Bucket, tmp_path: Path) -> Held:
    """A host whose LocalPath is in its tree, or anywhere else in the container."""
    path = request.param
    if path == "elsewhere":
        path = "/state/of mine"
        if runner.engine.name == "process":  # where a folder of this machine is hidden behind it
            path = str(tmp_path / "state")
            Path(path).mkdir()
            (Path(path) / "of this machine").write_text("stays")
    place = place_of(path, runner.tree, tmp_path / "beside")
    sync = CheckpointSync(
        "algo-1", place.folder, bucket.prefix(), progress=quiet, settle_seconds=SETTLE
    )
    return Held(place, sync)


def test_a_container_writes_and_prunes(bucket: Bucket, runner: Runner, held: Held) -> None:
    bucket.put("restored", b"from S3\n")
    bucket.put("deep/restored")
    held.sync.restore(quiet)
    bucket.put("of another host")
    mounts = () if held.place.mount is None else (held.place.mount,)

    def during(container: Container) -> None:
        until(lambda: "step-2" in bucket.kept())

    with held.sync:
        done = runner.run(
            "/bin/sh",
            "-c",
            WRITER,
            "sh",
            str(held.place.folder.shown),
            mounts=mounts,
            during=during,
        )
    assert (done.exit.code, done.out) == (0, b"from S3\n"), done.err
    assert bucket.kept() == {"restored", "deep/restored", "of another host", "step-2", "step-3"}
    assert bucket.has("step-3", "three\n")
    assert held.sync.traffic.removed == 1
    [note] = held.sync.notes
    assert "/link is not uploaded: a link has no bytes of its own" in note
    if runner.engine.name == "process" and held.place.mount is not None:
        assert os.listdir(held.place.mount.target) == ["of this machine"]


@pytest.mark.parametrize("held", ["/opt/ml/checkpoints"], indirect=True)
def test_a_container_that_is_killed_leaves_what_was_uploaded(
    bucket: Bucket, runner: Runner, held: Held
) -> None:
    held.sync.restore(quiet)
    mounts = () if held.place.mount is None else (held.place.mount,)
    script = """
    cd "$1" && echo whole > step-1
    until [ -e step-1.sagemaker-uploaded ]; do sleep 0.05; done
    exec 3> step-2; echo half >&3; echo ready; sleep 300
    """

    def kill(container: Container) -> None:
        until(lambda: (held.place.folder.path / "step-2").exists())
        held.sync.abandon()
        container.signal(9)

    with held.sync:
        runner.run(
            "/bin/sh", "-c", script, "sh", str(held.place.folder.shown), mounts=mounts, during=kill
        )
    assert bucket.kept() == {"step-1"}
