"""The machine: CPUs, memory, control groups, namespaces, FUSE, and the home's disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from sm_container.cli.diagnosis.finding import Finding
from sm_container.cli.orphans import orphans
from sm_container.harness.sizes import memory, size
from sm_container.harness.store.home import Home
from sm_container.harness.store.jobs import JobStore
from sm_container.machine.cpus import available_cpus
from sm_container.machine.memory import total_memory

_LITTLE_SPACE = 5 * 10**9
_NO_SPACE = 5 * 10**8
_CGROUPS = Path("/sys/fs/cgroup")
_USER_NAMESPACES = (
    # file, the value that forbids, what to do
    ("/proc/sys/user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=15000"),
    (
        "/proc/sys/kernel/unprivileged_userns_clone",
        "0",
        "sysctl kernel.unprivileged_userns_clone=1",
    ),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
)


def findings(home: Home) -> Iterator[Finding]:
    yield Finding.ok("machine", f"{available_cpus()} CPUs, {memory(total_memory())} of memory")
    yield _control_groups()
    yield _user_namespaces()
    yield _fuse()
    yield from _home(home)


def _control_groups() -> Finding:
    subject = "control groups"
    if (_CGROUPS / "cgroup.controllers").exists():
        return Finding.ok(subject, "v2")
    if (_CGROUPS / "memory").is_dir():
        return Finding.ok(subject, "v1")
    return Finding.warning(subject, "none are mounted", "memory limits are then not seen")


def _user_namespaces() -> Finding:
    subject = "user namespaces"
    for file, forbids, what_to_do in _USER_NAMESPACES:
        try:
            value = Path(file).read_text().strip()
        except OSError:  # this kernel has no such switch
            continue
        if value == forbids and os.geteuid() != 0:
            return Finding.warning(subject, f"{file} is {value}", f"sudo {what_to_do}")
    return Finding.ok(subject, "root needs none" if os.geteuid() == 0 else "may be made")


def _fuse() -> Finding:
    device = "/dev/fuse"
    later = "only FastFile mode needs it"
    if not os.path.exists(device):
        return Finding.warning("FUSE", f"{device} is not there", f"modprobe fuse; {later}")
    if not os.access(device, os.R_OK | os.W_OK):
        return Finding.warning(
            "FUSE", f"{device} is not yours to open", f"chmod 666 /dev/fuse; {later}"
        )
    helper = shutil.which("fusermount3") or shutil.which("fusermount")
    if helper is None and os.geteuid() != 0:
        return Finding.warning("FUSE", "fusermount3 is not installed", f"install fuse3; {later}")
    return Finding.ok("FUSE", f"{device}{f', {helper}' if helper else ''}")


def _home(home: Home) -> Iterator[Finding]:
    usage = shutil.disk_usage(home.path)
    said = f"{home.path}: {size(usage.free)} free of {size(usage.total)}"
    what_to_do = "sm-container prune --cache, or set SM_CONTAINER_HOME to a larger disk"
    if usage.free < _NO_SPACE:
        yield Finding.problem("home", said, what_to_do)
    elif usage.free < _LITTLE_SPACE:
        yield Finding.warning("home", said, what_to_do)
    else:
        yield Finding.ok("home", said)
    store = JobStore(home)
    summaries = store.summaries()
    ownerless = orphans(store, summaries)
    if ownerless:
        names = ", ".join(folder.name for folder in ownerless)
        yield Finding.warning(
            "jobs", f"the process of {names} is gone", f"sm-container rm {ownerless[0].name}"
        )
    else:
        yield Finding.ok("jobs", f"{len(summaries)} in the home")
