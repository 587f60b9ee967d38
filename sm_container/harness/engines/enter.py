"""The program that ``unshare`` becomes: forks one that mounts a job's view in the new namespaces
and then becomes the job's program, as process 1. Standard library alone, and no import of this
package.

Its one argument is a plan as JSON (see ``isolation.py``, Unshare). Everything that is bound is
opened before the first mount hides it. It waits for the program itself, since ``unshare --fork``
has no exit code for one that was killed.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import signal
import socket
import struct
import sys
from typing import Any

_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 1, 2, 4, 8
_MS_REMOUNT, _MS_BIND, _MS_REC = 32, 4096, 16384
_KEPT = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC  # a user namespace may not take these from a mount
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_PR_SET_PDEATHSIG = 1
_ENGINE_FAULT = 125

_libc = ctypes.CDLL(None, use_errno=True)


def main(plan: dict[str, Any]) -> int:
    """Run the program to its end; its exit code, 128 + n where signal n ended it."""
    status: int = plan["status"]
    os.set_inheritable(status, False)  # closed by the program's start: that is how it is known
    watcher = _outer_pid()
    program = os.fork()
    if program == 0:
        os._exit(_become(plan, watcher))
    _, ended = os.waitpid(program, 0)
    code = os.waitstatus_to_exitcode(ended)
    code = code if code >= 0 else 128 - code
    _tell(status, {"exit-code": code})
    return code


def _become(plan: dict[str, Any], watcher: int) -> int:
    """Become the program; returns only where it could not be run."""
    status: int = plan["status"]
    _tell(status, {"child-pid": _outer_pid()})
    try:
        _die_with(watcher)
        _mount_view(plan)
        os.chdir(plan["folder"])
    except OSError as fault:
        _tell(status, {"error": f"cannot set /opt/ml up: {fault}"})
        return _ENGINE_FAULT
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and exec would keep that
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(plan["argv"][0], plan["argv"])
    except OSError as fault:
        _tell(status, {"exec-errno": fault.errno})
        return _ENGINE_FAULT


def _die_with(watcher: int) -> None:
    """Have the kernel kill this process, and so its whole namespace, when the watcher dies."""
    if _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    with open("/proc/self/stat") as file:
        parent = int(file.read().rpartition(")")[2].split()[1])
    if parent != watcher:
        raise OSError(errno.ESRCH, "the process that watches this one is gone")


def _outer_pid() -> int:
    """This process as the machine counts it: /proc still belongs to the namespace outside."""
    return int(os.readlink("/proc/self"))


def _mount_view(plan: dict[str, Any]) -> None:
    place = plan["place"]
    sources = {path: os.open(path, os.O_PATH) for path in _sources(plan)}
    if place["opt"] is not None:
        _mount("tmpfs", place["opt"], "tmpfs", 0)
        for path in place["bound"]:
            _make_target(path, sources[path])
            _bind(sources[path], path)
        for target, path in place["links"]:
            os.symlink(target, path)
    _make_target(place["ml"], sources[plan["tree"]])
    _bind(sources[plan["tree"]], place["ml"])
    for source, target, read_only in plan["mounts"]:
        _make_target(target, sources[source])
        _bind(sources[source], target)
        if read_only:
            kept = os.statvfs(target).f_flag & _KEPT
            _mount("", target, "", _MS_REMOUNT | _MS_BIND | _MS_RDONLY | kept)
    for descriptor in sources.values():
        os.close(descriptor)
    _mount("proc", "/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    if plan["loopback"]:
        _raise_loopback()


def _sources(plan: dict[str, Any]) -> list[str]:
    return [*plan["place"]["bound"], plan["tree"], *(mount[0] for mount in plan["mounts"])]


def _make_target(path: str, source: int) -> None:
    """Makes what a source is mounted on: a folder for a folder, a file for anything else."""
    if os.path.lexists(path):
        return
    if os.path.isdir(f"/proc/self/fd/{source}"):
        os.makedirs(path)
    else:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o644))


def _bind(source: int, target: str) -> None:
    _mount(f"/proc/self/fd/{source}", target, "", _MS_BIND | _MS_REC)


def _mount(source: str, target: str, kind: str, flags: int) -> None:
    done = _libc.mount(
        os.fsencode(source), os.fsencode(target), os.fsencode(kind), ctypes.c_ulong(flags), None
    )
    if done != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack_from("16sh", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


def _tell(status: int, document: dict[str, Any]) -> None:
    os.write(status, json.dumps(document).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
