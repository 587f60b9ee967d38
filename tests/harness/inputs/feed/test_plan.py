"""What a feeder is told, written down and read back."""

from __future__ import annotations

import stat
from pathlib import Path

from sm_container.contract.inputs import Compression, RecordWrapper
from sm_container.harness.inputs.feed.plan import FastFileChannel, FeedPlan
from sm_container.harness.inputs.listing import InputObject
from sm_container.harness.inputs.order import Share
from sm_container.harness.inputs.pipe.channel import PipeChannel
from sm_container.storage.objects import Object
from sm_container.storage.simulated import Link

S3 = Object("a 😀 b", 3, "etag", 1700000000.123456, "s3://bucket/")
FILE = Object("tmp/x\udcff", 5, None, 0.1 + 0.2, "/")
UNKNOWN = Object("y", 0, None, None, "s3://other/")


def test_a_plan_is_the_same_when_it_is_read_back(hostile_tmp_path: Path) -> None:
    plan = FeedPlan(
        data=hostile_tmp_path / "data",
        spool=hostile_tmp_path,
        pipes=(
            PipeChannel("a", ((S3,), (FILE, "text \n"), ()), Share(1, 2, -(2**63))),
            PipeChannel("b", ((UNKNOWN,),), Share(), Compression.GZIP, RecordWrapper.RECORD_IO),
        ),
        mounts=(FastFileChannel("c", (InputObject(S3, "a/b"), InputObject(UNKNOWN, "y"))),),
        s3_root="/s3",
        link=Link(0.03, 90e6),
        for_everyone=True,
    )
    path = hostile_tmp_path / "feed.json"
    plan.write(path)
    assert FeedPlan.read(path) == plan
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    bare = FeedPlan(data=Path("/d"), spool=Path("/s"))
    assert FeedPlan.from_document(bare.to_document()) == bare
