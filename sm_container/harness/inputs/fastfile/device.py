"""The kernel's side of a mount: /dev/fuse opened, mounted at a folder and unmounted again.

With CAP_SYS_ADMIN by mount(2), for everybody else by fusermount3, which is set-user-ID root.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import socket
import stat
import subprocess
from pathlib import Path

from sm_container.harness.inputs.fastfile.errors import MountError
from sm_container.harness.inputs.fastfile.mounts import KIND, find_mount, mounts_below

DEVICE = "/dev/fuse"
NAME = "sm-container"
"""What is shown as the mount's source."""

_CAP_SYS_ADMIN = 21
_MS_RDONLY, _MS_NOSUID, _MS_NODEV = 1, 2, 4
_MNT_DETACH = 2
_SECONDS = 30


def availability() -> str | None:
    """None where FUSE can be had, else why not, with what to do."""
    if not os.path.exists(DEVICE):
        return (
            f"there is no {DEVICE}: load the kernel's module (modprobe fuse); a container is to be "
            f"started with --device {DEVICE} --cap-add SYS_ADMIN"
        )
    try:
        os.close(_open())
    except OSError as error:
        return (
            f"{DEVICE} cannot be opened ({error.strerror}): as root, chmod 666 {DEVICE}, which is "
            f"how systems have it; a container is to be started with --device {DEVICE}"
        )
    if may_mount():
        return None
    if os.geteuid() == 0:
        return "this root may not mount: its container is to be started with --cap-add SYS_ADMIN"
    if _helper() is not None:
        return None
    return "there is no fusermount3, by which an ordinary user mounts: install the package fuse3"


def may_mount() -> bool:
    """Whether this process may call mount(2)."""
    status = Path("/proc/self/status").read_text()
    held = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return held is not None and bool(int(held[1], 16) >> _CAP_SYS_ADMIN & 1)


def mount_device(folder: Path, *, everyone: bool, max_read: int) -> int:
    """Mount at ``folder``; returns the device, non-blocking, on which the kernel's requests come.

    ``everyone`` lets other users read it too, root and the users of containers among them.
    ``max_read`` is the most bytes that one request asks for.

    Raises:
        MountError: where it cannot be mounted.
    """
    fault = availability()
    if fault is not None:
        raise MountError(f"{folder} cannot be mounted: {fault}")
    options = ["default_permissions", f"max_read={max_read}"]
    options += ["allow_other"] if everyone else []
    device = _mount(folder, options) if may_mount() else _mount_by_helper(folder, options)
    os.set_blocking(device, False)
    return device


def unmount(folder: Path) -> None:
    """Take the mount at ``folder`` away, at once even if it is busy or its server is dead.

    Raises:
        MountError: where that is refused.
    """
    if may_mount():
        if _libc().umount2(os.fsencode(folder), _MNT_DETACH) != 0:
            raise MountError(f"{folder} cannot be unmounted: {os.strerror(ctypes.get_errno())}")
        return
    helper = _helper()
    if helper is None:
        raise MountError(f"{folder} cannot be unmounted: there is no fusermount3; install fuse3")
    done = _run([helper, "-u", "-z", "--", os.fspath(folder)])
    if done.returncode != 0:
        said = os.fsdecode(done.stderr).strip()
        raise MountError(f"{folder} cannot be unmounted: {said}")


def unmount_below(folder: Path) -> list[Path]:
    """Take away every mount below a folder, whatever it is and whoever served it.

    For what a killed process left: a mount without a server answers ENOTCONN to everybody.

    Raises:
        MountError: where one is refused.
    """
    gone = []
    for mount in mounts_below(folder):
        try:
            unmount(mount.path)
        except MountError:
            if find_mount(mount.path) is not None:
                raise
        gone.append(mount.path)
    return gone


def let_read_ahead(folder: Path, size: int) -> bool:
    """Let the kernel read ``size`` bytes ahead in the mount at ``folder``; False where only root
    may say so."""
    mount = find_mount(folder)
    if mount is None:
        return False
    try:
        Path(f"/sys/class/bdi/{mount.device}/read_ahead_kb").write_text(str(size >> 10))
    except OSError:
        return False  # it is slower so, and right all the same
    return True


def _open() -> int:
    return os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC)


def _mount(folder: Path, options: list[str]) -> int:
    device = _open()
    known = [f"fd={device}", f"rootmode={stat.S_IFDIR:o}"]
    known += [f"user_id={os.geteuid()}", f"group_id={os.getegid()}"]
    done = _libc().mount(
        *(NAME.encode(), os.fsencode(folder), KIND.encode()),
        *(ctypes.c_ulong(_MS_RDONLY | _MS_NOSUID | _MS_NODEV), ",".join(known + options).encode()),
    )
    if done != 0:
        number = ctypes.get_errno()
        os.close(device)
        raise MountError(f"{folder} cannot be mounted: {os.strerror(number)}")
    return device


def _mount_by_helper(folder: Path, options: list[str]) -> int:
    helper = _helper()
    assert helper is not None, "availability() has seen it"
    subtype = KIND.partition(".")[2]
    words = ["ro", "nosuid", "nodev", f"fsname={NAME}", f"subtype={subtype}", *options]
    ours, theirs = socket.socketpair()
    with ours, theirs:
        done = _run(
            [helper, "-o", ",".join(words), "--", os.fspath(folder)],
            {**os.environ, "_FUSE_COMMFD": str(theirs.fileno())},
            theirs.fileno(),
        )
        if done.returncode != 0:
            said = os.fsdecode(done.stderr).strip()
            raise MountError(f"{folder} cannot be mounted: {said}")
        _, devices, _, _ = socket.recv_fds(ours, 1, 1)
    os.set_inheritable(devices[0], False)
    return devices[0]


def _run(
    words: list[str], environment: dict[str, str] | None = None, *inherited: int
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            words,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            pass_fds=inherited,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise MountError(
            f"{words[0]} does not end; is {words[-1]} on a file system that hangs?"
        ) from error


def _helper() -> str | None:
    return shutil.which("fusermount3") or shutil.which("fusermount")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
