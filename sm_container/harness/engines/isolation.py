"""How a program of this machine gets a ``/opt/ml`` of its own: bubblewrap, unshare, or not at all.

Each way turns a program's argument vector into one that sets the program's view up and then
becomes it, as process 1 of a process namespace, so that everything it started ends with it. What
happens on the way is told as JSON, a document a line, on a descriptor: ``child-pid`` is the
program as this machine counts it.
"""

from __future__ import annotations

import enum
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sm_container.harness.engines.engine import ML_PATH, EngineError, Mount

_CHECK_SECONDS = 20.0


class IsolationKind(enum.Enum):
    BUBBLEWRAP = "bubblewrap"
    UNSHARE = "unshare"
    PLAIN = "plain"


@dataclass(frozen=True)
class View:
    """What the program is to see: the tree at ``/opt/ml``, mounts over it, its folder."""

    tree: Path
    folder: Path
    mounts: tuple[Mount, ...] = ()
    network: bool = True


class Isolation(Protocol):
    """One way to give a program its view."""

    @property
    def kind(self) -> IsolationKind: ...

    def command(self, argv: Sequence[str], view: View, status: int) -> list[str]:
        """The argument vector that runs ``argv`` in its view and tells ``status`` about it."""
        ...

    def why_not_at(self, target: str) -> str | None:
        """Why nothing can be mounted at an absolute path outside ``/opt/ml``; None if it can."""
        ...


@dataclass(frozen=True)
class MlPlace:
    """Where ``/opt/ml`` can be mounted without a write to this machine's ``/opt``.

    Where the folder is not there, an empty ``/opt`` is laid over the machine's and its other
    entries are bound into it. ``opt`` is None where that is not needed.
    """

    ml: str
    opt: str | None = None
    bound: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()

    @classmethod
    def find(cls) -> MlPlace:
        """Raises :class:`EngineError` where this machine has no ``/opt`` or does not show it."""
        if os.path.isdir(ML_PATH):
            return cls(os.path.realpath(ML_PATH))
        opt = os.path.realpath(os.path.dirname(ML_PATH))
        try:
            entries = sorted(os.scandir(opt), key=lambda entry: entry.name)
        except OSError as fault:
            raise EngineError(f"{opt} cannot be read: {fault.strerror}") from fault
        entries = [entry for entry in entries if entry.name != "ml"]
        return cls(
            ml=os.path.join(opt, "ml"),
            opt=opt,
            bound=tuple(entry.path for entry in entries if not entry.is_symlink()),
            links=tuple((os.readlink(e.path), e.path) for e in entries if e.is_symlink()),
        )

    def why_not_at(self, target: str) -> str | None:
        """A folder is mounted over another one, or where one can be made that this machine does not
        see: in the empty ``/opt``."""
        above = target
        while not os.path.lexists(above):
            above = os.path.dirname(above)
        if (above == target and os.path.isdir(target)) or os.path.realpath(above) == self.opt:
            return None
        if above == target:
            return f"{target} is no folder on this machine; name another place"
        return (
            f"this machine has no folder {target} to show it at, and none is made on it; run: sudo "
            f"mkdir -p {shlex.quote(target)}"
        )


@dataclass(frozen=True)
class Bubblewrap:
    """``bwrap``: works for root, and for others where user namespaces may be made."""

    program: str
    place: MlPlace
    kind: IsolationKind = IsolationKind.BUBBLEWRAP

    def why_not_at(self, target: str) -> str | None:
        return self.place.why_not_at(target)

    def command(self, argv: Sequence[str], view: View, status: int) -> list[str]:
        place = self.place
        over: list[str] = []
        if place.opt is not None:
            over += ["--tmpfs", place.opt]
            for path in place.bound:
                over += ["--bind-try", path, path]
            for target, path in place.links:
                over += ["--symlink", target, path]
        over += ["--bind", str(view.tree), place.ml]
        for mount in view.mounts:
            bind = "--ro-bind" if mount.read_only else "--bind"
            over += [bind, str(mount.source), mount.target]
        return [
            self.program,
            *("--bind", "/", "/", "--dev-bind", "/dev", "/dev"),
            *over,
            *("--unshare-pid", "--proc", "/proc", "--as-pid-1"),
            *(() if view.network else ("--unshare-net",)),
            *("--die-with-parent", "--json-status-fd", str(status)),
            *("--chdir", str(view.folder), "--", *argv),
        ]


@dataclass(frozen=True)
class Unshare:
    """``unshare`` and a small program of ours that mounts; a user who is not root looks like root
    inside, since only root may mount."""

    program: str
    place: MlPlace
    kind: IsolationKind = IsolationKind.UNSHARE

    def why_not_at(self, target: str) -> str | None:
        return self.place.why_not_at(target)

    def command(self, argv: Sequence[str], view: View, status: int) -> list[str]:
        plan = {
            "place": vars(self.place),
            "tree": str(view.tree),
            "mounts": [[str(m.source), m.target, m.read_only] for m in view.mounts],
            "loopback": not view.network,
            "folder": str(view.folder),
            "status": status,
            "argv": list(argv),
        }
        setpriv = shutil.which("setpriv")
        return [
            *((setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()),
            self.program,
            *(() if os.geteuid() == 0 else ("--user", "--map-root-user")),
            *("--mount", "--pid"),
            *(() if view.network else ("--net",)),
            *("--", sys.executable, "-I", "-S"),
            *(str(Path(__file__).with_name("enter.py")), json.dumps(plan)),
        ]


@dataclass(frozen=True)
class Plain:
    """No namespaces: SAGEMAKER_BASE_DIR names the tree, and nothing is read-only."""

    reason: str = ""
    kind: IsolationKind = IsolationKind.PLAIN

    def why_not_at(self, target: str) -> str | None:
        because = f": {self.reason}" if self.reason else ""
        return f"that needs bubblewrap or unshare{because}; install bubblewrap"

    def command(self, argv: Sequence[str], view: View, status: int) -> list[str]:
        if not view.network:
            raise EngineError(
                "network isolation needs bubblewrap or unshare in the process engine"
                f"{': ' + self.reason if self.reason else ''}; install bubblewrap, or use an image"
            )
        for mount in view.mounts:
            if not _is_in_place(mount, view.tree):
                raise EngineError(
                    f"{mount.source} cannot be mounted at {mount.target} without bubblewrap or "
                    f"unshare{': ' + self.reason if self.reason else ''}; install bubblewrap"
                )
        return list(argv)


def find_isolation() -> Isolation:
    """The best way that works here, each tried by running a program that does nothing."""
    reasons: list[str] = []
    try:
        place = MlPlace.find()
    except EngineError as fault:
        return Plain(str(fault))
    for kind, name in ((Bubblewrap, "bwrap"), (Unshare, "unshare")):
        program = shutil.which(name)
        if program is None:
            reasons.append(f"{name} is not installed")
            continue
        candidate: Bubblewrap | Unshare = kind(program, place)
        reason = why_not(candidate)
        if reason is None:
            return candidate
        reasons.append(f"{name}: {reason}")
    return Plain("; ".join(reasons))


def why_not(isolation: Isolation, network: bool = True) -> str | None:
    """Why a program does not run in this way here; None if it does."""
    nothing = shutil.which("true") or "/bin/true"
    with open(os.devnull, "r+b") as null:
        # Any folder will do, since nothing is written; none is made, which would be left by a kill.
        view = View(Path(tempfile.gettempdir()), Path("/"), network=network)
        try:
            done = subprocess.run(
                isolation.command([nothing], view, null.fileno()),
                pass_fds=[null.fileno()],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_CHECK_SECONDS,
            )
        except subprocess.TimeoutExpired:
            return f"it did not end within {_CHECK_SECONDS:.0f} s"
        except OSError as fault:
            return str(fault)
    if done.returncode == 0:
        return None
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return said[-1] if said else f"it ended with {done.returncode}"


def in_tree(path: str, tree: Path) -> str:
    """Where this machine has what a container sees at ``path``, as far as it is in the tree."""
    if path.startswith(ML_PATH + "/"):
        return str(tree / path[len(ML_PATH) + 1 :])
    return path


def _is_in_place(mount: Mount, tree: Path) -> bool:
    """Whether a mount shows a part of the tree where it is anyway."""
    return str(mount.source) == in_tree(mount.target, tree)
