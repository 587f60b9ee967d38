"""A user who is not root, and files that a container wrote as root."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.container  # root, and an ordinary user, as containers' tests need

# All is imported before the user changes: what root has installed need not be theirs to read.
HARNESS = """
import os, sys
from pathlib import Path, PurePosixPath
import encodings.idna, watchdog.events, watchdog.observers.inotify
from sm_container.harness.checkpoints.folder import Folder
from sm_container.harness.checkpoints.prefix import Prefix
from sm_container.harness.checkpoints.sync import CheckpointSync
from sm_container.harness.engines.leftovers import eventually
from sm_container.harness.outputs.errors import ArtifactError
from sm_container.storage.store import Stores

def say(word):
    print(word, flush=True)
    assert sys.stdin.readline() == "go on\\n"

root, user, group = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
os.setgroups([])
os.setgid(group)
os.setuid(user)
folder = Folder(root / "ml", ("checkpoints",), PurePosixPath("/opt/ml/checkpoints"))
prefix = Prefix("s3://bucket/ck", Stores(root / "s3").open)
sync = CheckpointSync("algo-1", folder, prefix, progress=lambda *_: None, settle_seconds=0.1)
sync.restore(lambda *_: None)
try:
    with sync:
        say("ready")
        assert eventually((root / "s3/bucket/ck/open").exists, 30)
        assert eventually(lambda: len(sync.notes) == 3, 30), sync.notes
        say("noted")
except ArtifactError as fault:
    print(fault)
print(*sync.notes, sep="\\n")
"""


@pytest.fixture
def folder(ordinary_user: str) -> Iterator[Path]:
    """A folder of the user's; those of pytest are root's alone."""
    user = pwd.getpwnam(ordinary_user)
    with tempfile.TemporaryDirectory(prefix="sm-user-") as name:
        folder = Path(name)
        for below in ("ml", "s3/bucket"):
            (folder / below).mkdir(parents=True)
        for each in (folder, *folder.rglob("*")):
            os.chown(each, user.pw_uid, user.pw_gid)
        yield folder


@pytest.mark.parametrize("is_reclaimed", [True, False])
def test_what_the_user_may_not_read_is_uploaded_when_it_is_theirs(
    ordinary_user: str, folder: Path, is_reclaimed: bool
) -> None:
    user = pwd.getpwnam(ordinary_user)
    kept, written = folder / "s3/bucket/ck", folder / "ml/checkpoints"
    words = [sys.executable, "-c", HARNESS, folder, str(user.pw_uid), str(user.pw_gid)]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    ) as harness:
        assert harness.stdin is not None
        assert harness.stdout is not None
        assert harness.stdout.readline() == "ready\n"
        (written / "closed").mkdir(0o700)
        (written / "closed/shard").write_text("in a closed folder")
        (written / "roots").mkdir(0o755)  # in which the user may put no marker
        (written / "roots/shard").write_text("in a folder of root's")
        (written / "secret").write_text("secret")
        (written / "secret").chmod(0o600)
        (written / "open").write_text("open")
        harness.stdin.write("go on\n")
        harness.stdin.flush()
        assert harness.stdout.readline() == "noted\n"
        assert not (kept / "secret").exists()
        if is_reclaimed:  # as the engine does, once the container has ended
            for path in (written, *written.rglob("*")):
                os.chown(path, user.pw_uid, user.pw_gid)
        said = harness.communicate("go on\n")[0]
    assert harness.returncode == 0
    assert "/secret: Permission denied; it is uploaded when its container has ended" in said
    assert "/closed may not be looked into; make it with mode 755" in said
    assert "no markers are put beside /opt/ml/checkpoints/roots/shard" in said
    assert (kept / "open").read_text() == "open"
    assert (kept / "roots/shard").exists()
    assert (kept / "secret").exists() == (kept / "closed/shard").exists() == is_reclaimed
