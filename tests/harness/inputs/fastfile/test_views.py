"""A mount as containers, bubblewrap and users who are not root see it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_fixtures import Runner

import sm_container
from sm_container.harness.engines.engine import Mount
from sm_container.harness.inputs.fastfile.device import unmount_below
from tests.harness.inputs.fastfile.conftest import LINK, Mounter, eventually

CHANNEL = "/opt/ml/input/data/train"

READ = f"""
cat {CHANNEL}/folder/file && ls {CHANNEL}
cd {CHANNEL}
for path in folder/file new folder; do
    if touch "$path" 2>/dev/null || echo x 2>/dev/null > "$path"; then echo "wrote $path"; fi
done
rm -rf folder 2>/dev/null; cat folder/file
"""

# What an ordinary user does: argv is a folder of theirs with a source in it.
AS_USER = """
import os, signal, subprocess, sys, time
from pathlib import Path
from sm_container.harness.inputs.fastfile.device import availability, may_mount, unmount_below
from sm_container.harness.inputs.fastfile.errors import MountError
from sm_container.harness.inputs.fastfile.mount import mount
from sm_container.harness.inputs.listing import list_prefix
from sm_container.readahead.ahead import ReadAhead
from sm_container.storage.simulated import Link, LinkedStore
from sm_container.storage.store import Stores

folder = Path(sys.argv[1])
mountpoint = folder / "mounts" / "a, b"
mountpoint.mkdir(parents=True, exist_ok=True)
listing = list_prefix(str(folder / "source"), Stores().open)
store = LinkedStore(listing.store, Link(0.001))

def mounted(everyone=False):
    return mount(listing.objects, store, mountpoint, read_ahead=ReadAhead(16 << 20),
                 everyone=everyone, on_fault=print)
"""


@pytest.fixture
def source(hostile_tmp_path: Path) -> Path:
    folder = hostile_tmp_path / "source" / "folder"
    folder.mkdir(parents=True)
    (folder / "file").write_text("the body\n")
    return folder.parent


@pytest.mark.parametrize("link", [None, LINK], ids=["files", "linked"])
def test_engines_bind_the_mount_read_only(
    mounted: Mounter, source: Path, runner: Runner, link: object
) -> None:
    seen = mounted(source, link)
    (runner.tree / "input" / "data" / "train").mkdir(parents=True)
    mounts = (Mount(seen.path, CHANNEL, read_only=True),)
    done = runner.run("sh", "-c", READ, mounts=mounts)
    assert done.out.decode() == "the body\nfolder\nthe body\n"
    assert done.exit.code == 0
    assert seen.faults == []
    assert seen.mount.statistics().read == {"folder/file": 9}


@pytest.mark.container
def test_container_that_holds_the_mount_does_not_hold_up_its_end(
    mounted: Mounter, source: Path, container_runner: Runner
) -> None:
    seen = mounted(source, LINK)
    (container_runner.tree / "input" / "data" / "train").mkdir(parents=True)
    script = f"""
exec 3< {CHANNEL}/folder/file && touch /opt/ml/model/holds
while stat -f {CHANNEL} > /opt/ml/model/said 2>&1; do sleep 0.05; done
cat /opt/ml/model/said
"""

    def close(_: object) -> None:
        assert eventually((container_runner.tree / "model" / "holds").exists)
        seen.mount.close()

    mounts = (Mount(seen.path, CHANNEL, read_only=True),)
    done = container_runner.run("sh", "-c", script, mounts=mounts, during=close)
    said = done.out.decode()  # the other, where a request was under way
    assert "Transport endpoint is not connected" in said or "connection abort" in said


@pytest.fixture
def folder(fuse: None, ordinary_user: str) -> Iterator[Path]:
    """A folder of an ordinary user, with the library and a source."""
    with tempfile.TemporaryDirectory(prefix="sm user ") as name:
        made = Path(name)
        shutil.copytree(Path(sm_container.__file__).parent, made / "library" / "sm_container")
        (made / "source" / "folder").mkdir(parents=True)
        (made / "source" / "folder" / "file").write_text("the body\n")
        shutil.chown(made, ordinary_user)
        made.chmod(0o755)
        try:
            yield made
        finally:
            unmount_below(made)


def run_as(user: str, folder: Path, script: str) -> str:
    identity = pwd.getpwnam(user)
    words = ["setpriv", "--reuid", user, "--regid", str(identity.pw_gid), "--init-groups"]
    done = subprocess.run(
        [*words, "/usr/bin/python3", "-c", AS_USER + script, folder],
        cwd=folder,
        env={
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": identity.pw_dir,
            "PYTHONPATH": str(folder / "library"),
        },
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.container
def test_ordinary_user_mounts_reads_and_unmounts(ordinary_user: str, folder: Path) -> None:
    said = run_as(
        *(ordinary_user, folder),
        """
assert availability() is None and not may_mount()
with mounted():
    path = mountpoint / "folder" / "file"
    print(path.read_text(), path.stat().st_uid == os.getuid(), os.listdir(mountpoint))
print(os.listdir(mountpoint))
""",
    )
    assert said == "the body\n True ['folder']\n[]\n"


@pytest.mark.container
def test_ordinary_users_mount_in_bubblewrap(ordinary_user: str, folder: Path) -> None:
    said = run_as(
        *(ordinary_user, folder),
        """
with mounted():
    words = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--tmpfs", "/opt"]
    words += ["--ro-bind", str(mountpoint), "/opt/ml", "sh", "-c"]
    words += ["cat /opt/ml/folder/file; touch /opt/ml/new 2>&1"]
    print(subprocess.run(words, capture_output=True, text=True).stdout)
""",
    )
    assert said.startswith("the body\n")
    assert "Read-only file system" in said


@pytest.mark.container
def test_ordinary_user_clears_what_a_killed_server_left(ordinary_user: str, folder: Path) -> None:
    said = run_as(
        *(ordinary_user, folder),
        """
if os.fork() == 0:
    mounted()
    os.kill(os.getpid(), signal.SIGKILL)
os.wait()
try:
    os.listdir(mountpoint)
except OSError as error:
    print(error.strerror)
print(unmount_below(folder) == [mountpoint], os.listdir(mountpoint))
""",
    )
    assert said == "Transport endpoint is not connected\nTrue []\n"


@pytest.mark.container
def test_ordinary_user_whom_others_may_not_read_is_told_what_to_do(
    ordinary_user: str, folder: Path
) -> None:
    if "\nuser_allow_other" in Path("/etc/fuse.conf").read_text():
        pytest.skip("this machine lets users show their mounts to others")
    said = run_as(
        *(ordinary_user, folder),
        """
try:
    mounted(everyone=True)
except MountError as error:
    print(error)
""",
    )
    assert "user_allow_other" in said
    assert "/etc/fuse.conf" in said
    assert os.listdir(folder / "mounts" / "a, b") == []


@pytest.mark.container
def test_ordinary_user_without_fusermount_is_told_to_install_it(
    ordinary_user: str, folder: Path
) -> None:
    script = """
os.environ["PATH"] = "/nowhere"
print(availability())
"""
    assert "install the package fuse3" in run_as(ordinary_user, folder, script)
