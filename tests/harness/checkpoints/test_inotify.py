"""Where inotify has no room."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.checkpoints.conftest import (
    Bucket,
)

LIMITED = """
import sys
from pathlib import Path, PurePosixPath
from sm_container.harness.checkpoints.folder import Folder
from sm_container.harness.checkpoints.prefix import Prefix
from sm_container.harness.checkpoints.sync import CheckpointSync
from sm_container.harness.engines.leftovers import eventually
from sm_container.storage.store import Stores

Path(f"/proc/sys/user/max_inotify_{sys.argv[1]}").write_text("0")
root = Path(sys.argv[2])
(root / "ml").mkdir()
folder = Folder(root / "ml", ("checkpoints",), PurePosixPath("/opt/ml/checkpoints"))
prefix = Prefix("s3://bucket/ck", Stores(root / "s3").open)
sync = CheckpointSync("algo-1", folder, prefix, progress=print, settle_seconds=0.1)
sync.restore(lambda *_: None)
kept = root / "s3/bucket/ck"
with sync:
    (folder.path / "a/b").mkdir(parents=True)
    (folder.path / "a/b/c").write_text("c")
    assert eventually((kept / "a/b/c").exists, 30)
    (folder.path / "a/b/c").unlink()
    assert eventually(lambda: not (kept / "a/b/c").exists(), 30)
print(*sync.notes)
"""


@pytest.mark.parametrize("limit", ["watches", "instances"])
def test_where_inotify_has_no_room_the_folder_is_looked_at(bucket: Bucket, limit: str) -> None:
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", sys.executable, "-c", LIMITED, limit, bucket.root],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert done.returncode == 0, done.stderr
    assert f"fs.inotify.max_user_{limit}" in done.stdout
    assert "it is looked at again and again instead" in done.stdout
