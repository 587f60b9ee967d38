"""What a program leaves behind is ended with it, and given its time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runtime.processes import DEADLINE, SM_TRAIN, Tree, is_alive

# Prints the pid of a process that has left its parent, its session and its group.
DAEMON = """
import os, signal, sys, time
def daemon(work):
    read, write = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(write, b"%d\\n" % os.getpid())
            work()
            os._exit(0)
        os._exit(0)
    os.wait()
    os.write(1, os.read(read, 100))
def sleep():
    os.write(2, b"held open\\n")
    time.sleep(600)
"""


def python(*lines: str) -> list[str]:
    return ["--", sys.executable, "-u", "-c", DAEMON + "\n".join(lines)]


def test_a_double_forked_daemon_is_ended(tree: Tree) -> None:
    """It holds standard error open as well, which must not hold up the end."""
    done = tree.run(*python("daemon(sleep)", "sys.exit(5)"))
    assert done.returncode == 5
    assert not is_alive(int(done.stdout))
    assert b"sm-train: 1 process(es) still ran" in done.stderr
    assert b"held open\n" in done.stderr


def test_a_child_in_a_session_of_its_own_is_told_first(tree: Tree) -> None:
    witness = tree.layout.base / "witness"
    done = tree.run(
        *python(
            "def work():",
            "    def stop(*_):",
            "        open(sys.argv[1], 'w').write('told')",
            "        os._exit(0)",
            "    signal.signal(signal.SIGTERM, stop)",
            "    sleep()",
            "daemon(work)",
        ),
        str(witness),
    )
    assert done.returncode == 0
    assert witness.read_text() == "told"


def test_who_will_not_hear_is_killed(tree: Tree) -> None:
    done = tree.run(
        *python(
            "def work():",
            "    signal.signal(signal.SIGTERM, signal.SIG_IGN)",
            "    sleep()",
            "daemon(work)",
        )
    )
    assert done.returncode == 0
    assert not is_alive(int(done.stdout))
    assert f"by SIGKILL: {int(done.stdout)}".encode() in done.stderr


def test_a_stopped_process_is_ended(tree: Tree) -> None:
    witness = tree.layout.base / "witness"
    done = tree.run(
        *python(
            "def work():",
            "    signal.signal(signal.SIGTERM, lambda *_: open(sys.argv[1], 'w').write('told'))",
            "    os.kill(os.getpid(), signal.SIGSTOP)",
            "read, write = os.pipe()",
            "if os.fork() == 0: work(); os._exit(0)",
            "os.waitpid(-1, os.WUNTRACED)",
        ),
        str(witness),
    )
    assert done.returncode == 0
    assert witness.read_text() == "told"


def test_a_whole_family_is_ended(tree: Tree) -> None:
    """Children of leftovers, some in sessions of their own, some waiting for others."""
    member = "sleep 600 & sleep 600 & echo $$ $! > pids.$$.new; mv pids.$$.new pids.$$; wait"
    script = f"""
        for i in 1 2 3; do setsid sh -c '{member}' & done
        while [ "$(cat pids.*[0-9] 2>/dev/null | wc -l)" -lt 3 ]; do sleep 0.01; done
        cat pids.*[0-9]
    """
    done = tree.run("--", "/bin/sh", "-c", script, cwd=tree.layout.base)
    pids = [int(pid) for pid in done.stdout.split()]
    assert len(pids) == 6
    assert not [pid for pid in pids if is_alive(pid)]


def test_after_a_stop_a_worker_has_the_grace_to_write_its_checkpoint(tree: Tree) -> None:
    """The shell dies of the signal at once; its child takes longer than leftovers else get."""
    worker = tree.write_code(
        "worker.py",
        """
import signal, sys, time
def stop(*_):
    time.sleep(3)
    open("checkpoint", "w").write("whole")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
while True: time.sleep(0.02)
""",
    )
    command = f"{sys.executable} worker.py; echo the shell went on"
    process = tree.start("--", "/bin/sh", "-c", command, cwd=worker.parent)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGTERM)
    stdout, _ = process.communicate(timeout=DEADLINE)
    assert process.returncode == 128 + signal.SIGTERM
    assert stdout == b""
    assert (worker.parent / "checkpoint").read_text() == "whole"


def test_what_ran_before_the_supervisor_is_spared(tree: Tree) -> None:
    """An entry script may start a sidecar and become sm-train by exec."""
    script = 'sleep 600 >/dev/null & echo $!; exec "$@"'
    done = tree.run("--", "true", before=("/bin/sh", "-c", script, "sh"), stderr=subprocess.DEVNULL)
    sidecar = int(done.stdout)
    try:
        assert done.returncode == 0
        assert is_alive(sidecar)
    finally:
        os.kill(sidecar, signal.SIGKILL)


@pytest.fixture
def own_namespace(bubblewrap: tuple[str, ...]) -> tuple[str, ...]:
    """A command that runs another as PID 1 of a PID namespace."""
    namespace = ("--unshare-pid", "--proc", "/proc", "--as-pid-1", "--die-with-parent")
    return (*bubblewrap, *namespace, "--")


class TestAsPid1:
    """In a PID namespace of its own, as in a container."""

    def test_codes_and_signals_come_through(
        self, tree: Tree, own_namespace: tuple[str, ...]
    ) -> None:
        script = "import os, sys; print(os.getppid()); " + "sys.stdout.flush(); {}"
        for action, code in (
            ("os._exit(77)", 77),
            ("os.kill(os.getpid(), 9)", 137),
            ("os.kill(os.getpid(), 15)", 143),
        ):
            command = ["--", sys.executable, "-c", script.format(action)]
            done = tree.run(*command, before=own_namespace)
            assert (done.stdout, done.returncode) == (b"1\n", code)

    def test_orphans_are_reaped_and_daemons_ended(
        self, tree: Tree, own_namespace: tuple[str, ...]
    ) -> None:
        done = tree.run(
            *python(
                "daemon(lambda: os._exit(0))",
                "daemon(sleep)",
                "def states():",
                "    pids = [name for name in os.listdir('/proc') if name.isdigit()]",
                "    stats = [open(f'/proc/{pid}/stat').read() for pid in pids]",
                "    return [stat.rpartition(')')[2].split()[0] for stat in stats]",
                "while 'Z' in states(): time.sleep(0.01)",
                "print('no zombies')",
            ),
            before=own_namespace,
        )
        assert done.returncode == 0
        assert done.stdout.splitlines()[-1] == b"no zombies"
        assert b"1 process(es) still ran" in done.stderr

    def test_a_stop_from_outside(self, tree: Tree, own_namespace: tuple[str, ...]) -> None:
        read, write = os.pipe()
        before = (*own_namespace[:-1], "--info-fd", str(write), "--")
        process = tree.start(
            *python(
                "signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))",
                "print('ready')",
                "while True: time.sleep(0.02)",
            ),
            before=before,
            pass_fds=(write,),
        )
        os.close(write)
        with open(read) as info:
            supervisor = int(info.read().partition('"child-pid": ')[2].split("\n")[0].rstrip(","))
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        os.kill(supervisor, signal.SIGTERM)
        assert process.wait(DEADLINE) == 9

    def test_with_the_proc_of_another_namespace(self, tree: Tree) -> None:
        """Then processes cannot be told apart, and PID 1 ends them all."""
        as_user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
        unshare = ("unshare", *as_user, "--pid", "--fork", "--kill-child")
        done = tree.run(*python("daemon(sleep)", "sys.exit(6)"), before=unshare)
        assert done.returncode == 6
        assert b"sm-train: processes still ran" in done.stderr


def test_a_supervisor_in_a_supervisor(tree: Tree) -> None:
    done = tree.run("--", *SM_TRAIN, *python("daemon(sleep)", "sys.exit(5)"))
    assert done.returncode == 5
    assert not is_alive(int(done.stdout))


def test_a_name_with_parentheses_does_not_hide_a_process(tree: Tree) -> None:
    program = tree.layout.base / "a) S 1 (b"
    program.symlink_to(Path("/bin/sleep").resolve())
    done = tree.run("--", "/bin/sh", "-c", '"$0" 600 & echo $!', str(program))
    assert done.returncode == 0
    assert not is_alive(int(done.stdout))
