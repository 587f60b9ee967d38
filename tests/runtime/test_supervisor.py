"""The supervisor with real processes and signals: exit codes, forwarding, reaping."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.runtime.processes import DEADLINE, Tree, is_alive, wait_until, write_wheel

# Runs commands under the supervisor from one interpreter, forked for each: quick.
_MANY = """
import ctypes, json, os, resource, sys, threading
from sm_container.runtime import launch, leftovers, postmortem, supervisor, tee
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
commands = json.load(sys.stdin)
codes = []
for command in commands:
    pid = os.fork()
    if pid == 0:
        os._exit(supervisor.main(["--", *command]))
    codes.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print(json.dumps(codes))
"""

# The same, each as PID 1 of a namespace of its own.
_MANY_AS_PID_1 = _MANY.replace(
    """    if pid == 0:
""",
    """    if pid == 0:
        if ctypes.CDLL(None).unshare(0x20000000): os._exit(255)  # CLONE_NEWPID
        first = os.fork()
        if first: os._exit(os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]))
        assert os.getpid() == 1
""",
)
MANY_SECONDS = 110.0
ENDING = sorted(
    int(number)
    for number in {signal.SIGRTMIN, signal.SIGRTMAX, *signal.Signals}
    - {
        *(signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU),
        *(signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH),
    }
)
"""The signals that end a process."""


def codes_of(
    tree: Tree, commands: list[list[str]], script: str = _MANY, before: tuple[str, ...] = ()
) -> list[int]:
    done = subprocess.run(
        [*before, sys.executable, "-c", script],
        input=json.dumps(commands),
        env=tree.environ(),
        capture_output=True,
        text=True,
        timeout=MANY_SECONDS,
        check=True,
    )
    codes: list[int] = json.loads(done.stdout)
    return codes


def python(*lines: str) -> list[str]:
    """A command that runs the lines; what they print comes at once."""
    return ["--", sys.executable, "-u", "-c", "\n".join(lines)]


def read_line(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().decode().rstrip("\n")


class TestExitCode:
    def test_every_code_comes_through(self, tree: Tree) -> None:
        commands = [["/bin/sh", "-c", f"exit {code}"] for code in range(256)]
        assert codes_of(tree, commands) == list(range(256))

    def test_a_signal_is_128_more(self, tree: Tree) -> None:
        assert len(ENDING) > 20
        commands = [["/bin/sh", "-c", f"kill -{number} $$"] for number in ENDING]
        assert codes_of(tree, commands) == [128 + number for number in ENDING]

    def test_a_parent_that_ignores_the_end_of_children(self, tree: Tree) -> None:
        done = tree.run(
            *python("import subprocess", "exit(subprocess.run(['sh', '-c', 'exit 7']).returncode)"),
            preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN),
        )
        assert done.returncode == 7, done.stderr.decode()

    def test_the_standard_library_is_all_it_takes(self, tree: Tree) -> None:
        done = tree.run(*python("print('ran')"), before=("env", "-u", "PYTHONPATH"))
        assert (done.returncode, done.stdout) == (0, b"ran\n")

    def test_every_code_and_signal_comes_through_as_pid_1(self, tree: Tree) -> None:
        commands = [["/bin/sh", "-c", f"exit {code}"] for code in range(256)]
        commands += [["/bin/sh", "-c", f"kill -{number} $$"] for number in ENDING]
        codes = [*range(256), *(128 + number for number in ENDING)]
        as_user = () if os.geteuid() == 0 else ("unshare", "--user", "--map-root-user")
        assert codes_of(tree, commands, script=_MANY_AS_PID_1, before=as_user) == codes


class TestForwarding:
    @pytest.mark.parametrize("name", ["TERM", "INT", "HUP", "QUIT", "USR1", "USR2"])
    def test_the_whole_group_gets_a_signal(self, tree: Tree, name: str) -> None:
        process = tree.start(
            *python(
                "import os, signal, time",
                "def got(*_):",
                "    print(role + ' got it\\n', end='')",
                "    if role == 'parent': os.wait()",
                "    os._exit(0)",
                f"signal.signal(signal.SIG{name}, got)",
                "role = 'parent' if os.fork() else 'child'",
                "print('ready\\n', end='')",
                "while True: time.sleep(0.02)",
            )
        )
        assert [read_line(process), read_line(process)] == ["ready", "ready"]
        process.send_signal(getattr(signal, f"SIG{name}"))
        stdout, _ = process.communicate(timeout=DEADLINE)
        assert sorted(stdout.split(b"\n")) == [b"", b"child got it", b"parent got it"]
        assert process.returncode == 0

    def test_twice_and_then_another(self, tree: Tree) -> None:
        process = tree.start(
            *python(
                "import signal, sys, time",
                "def got(number, frame):",
                "    print(signal.Signals(number).name)",
                "    if number == signal.SIGINT: sys.exit(7)",
                "signal.signal(signal.SIGTERM, got)",
                "signal.signal(signal.SIGINT, got)",
                "print('ready\\n', end='')",
                "while True: time.sleep(0.02)",
            )
        )
        assert read_line(process) == "ready"
        for name in ("SIGTERM", "SIGTERM", "SIGINT"):
            process.send_signal(getattr(signal, name))
            assert read_line(process) == name
        assert process.wait(DEADLINE) == 7

    def test_in_the_middle_of_an_import(self, tree: Tree) -> None:
        tree.write_code("slow.py", "import time; print('ready'); time.sleep(600)")
        process = tree.start(
            *python("import sys", "sys.path.insert(0, '')", "import slow"), cwd=tree.layout.code
        )
        assert read_line(process) == "ready"
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE) == 128 + signal.SIGTERM
        assert not tree.layout.failure.exists()  # it was told to stop: that is no failure

    def test_in_c_code(self, tree: Tree) -> None:
        process = tree.start(
            *python("import re", "print('ready')", "re.match('(a+)+$', 'a' * 64 + 'b')")
        )
        assert read_line(process) == "ready"
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE) == 128 + signal.SIGTERM

    def test_blocked_in_the_open_of_a_fifo(self, tree: Tree) -> None:
        fifo = tree.layout.channel_fifo("train", 0)
        os.mkfifo(fifo)
        process = tree.start("sh", "-c", 'echo ready; cat "$0"', str(fifo))
        assert read_line(process) == "ready"
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE) == 128 + signal.SIGTERM

    def test_a_stop_that_came_before_the_supervisor_is_kept(self, tree: Tree) -> None:
        def blocked_with_one_pending() -> None:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
            os.kill(os.getpid(), signal.SIGTERM)

        process = tree.start(
            *python("import time; time.sleep(600)"), preexec_fn=blocked_with_one_pending
        )
        assert process.wait(DEADLINE) == 128 + signal.SIGTERM

    def test_what_was_blocked_on_entry_is_not_for_the_program(self, tree: Tree) -> None:
        done = tree.run(
            *python("import signal", "print(*signal.pthread_sigmask(signal.SIG_BLOCK, ()))"),
            preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM}),
        )
        assert done.stdout == b"\n"

    def test_the_program_starts_with_the_dispositions_of_a_fresh_process(self, tree: Tree) -> None:
        done = tree.run("--", "grep", "-E", "Sig(Blk|Ign)", "/proc/self/status")
        blocked, ignored = (int(line.split()[1], 16) for line in done.stdout.splitlines())
        of_the_c_library = 1 << 31 | 1 << 32  # ignored where subprocess uses posix_spawn
        assert (blocked, ignored & ~of_the_c_library) == (0, 0)

    def test_what_was_ignored_on_entry_stays_ignored(self, tree: Tree) -> None:
        done = tree.run(
            *python("import signal", "print(signal.getsignal(signal.SIGHUP).name)"),
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
        )
        assert done.stdout == b"SIG_IGN\n"


SHORT = {"SM_CONTAINER_STOP_SECONDS": "0.5"}
DEAF = ("import signal, time", "signal.signal(signal.SIGTERM, signal.SIG_IGN)")


class TestGrace:
    """What outlasts the time that the platform gives after SIGTERM."""

    @pytest.mark.parametrize("times", [1, 2])
    def test_a_program_that_does_not_end_is_killed(self, tree: Tree, times: int) -> None:
        process = tree.start(*python(*DEAF, "print('ready')", "time.sleep(600)"), variables=SHORT)
        assert read_line(process) == "ready"
        for _ in range(times):
            process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=DEADLINE)
        assert process.returncode == 128 + signal.SIGKILL
        assert b"the program still ran 0.458333 s after SIGTERM, and was ended by SIGKILL" in log
        assert not tree.layout.failure.exists()  # it was told to stop: that is no failure

    def test_a_stopped_program_is_killed_too(self, tree: Tree) -> None:
        process = tree.start(
            *python("import os, signal", "print(os.getpid())", "os.kill(0, signal.SIGSTOP)"),
            variables=SHORT,
        )
        stat = Path(f"/proc/{read_line(process)}/stat")
        wait_until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T", "a stop")
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=DEADLINE)
        assert process.returncode == 128 + signal.SIGKILL, log.decode()

    def test_a_supervisor_that_was_suspended_when_the_time_ran_out(self, tree: Tree) -> None:
        process = tree.start(
            *python(
                "import os, signal, time",
                "signal.signal(signal.SIGTERM, lambda *_: os.write(1, b'told\\n'))",
                "os.write(1, b'ready\\n')",
                "while True: time.sleep(0.02)",
            ),
            variables={"SM_CONTAINER_STOP_SECONDS": "1"},
        )
        assert read_line(process) == "ready"
        process.send_signal(signal.SIGTERM)
        assert read_line(process) == "told"
        process.send_signal(signal.SIGSTOP)
        over = time.monotonic() + 1
        wait_until(lambda: time.monotonic() > over, "the end of the grace")
        process.send_signal(signal.SIGCONT)
        again, log = process.communicate(timeout=DEADLINE)
        assert (process.returncode, again) == (128 + signal.SIGKILL, b""), log.decode()
        assert not tree.layout.failure.exists()

    def test_with_all_its_processes(self, tree: Tree) -> None:
        """In its group, and in a session of its own: the platform would not wait for any."""
        process = tree.start(
            *python(
                *DEAF,
                "import os",
                "if os.fork():",
                "    if os.fork() == 0: os.setsid()",
                "os.write(1, b'%d\\n' % os.getpid())",
                "time.sleep(600)",
            ),
            variables=SHORT,
        )
        pids = [int(read_line(process)) for _ in range(3)]
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE) == 128 + signal.SIGKILL
        assert not [pid for pid in pids if is_alive(pid)]

    def test_it_begins_with_sigterm_alone(self, tree: Tree) -> None:
        """A shell at a terminal outlives many a Ctrl-C."""
        process = tree.start(
            *python(
                "import signal, sys, time",
                "signal.signal(signal.SIGINT, lambda *_: print('interrupted'))",
                "print('ready')",
                "sys.stdin.readline()",
                "time.sleep(1)  # twice the grace",
                "sys.exit(5)",
            ),
            variables=SHORT,
            stdin=subprocess.PIPE,
        )
        assert read_line(process) == "ready"
        process.send_signal(signal.SIGINT)
        assert read_line(process) == "interrupted"
        process.communicate(b"\n", timeout=DEADLINE)
        assert process.returncode == 5

    def test_a_program_can_learn_when_it_began(self, tree: Tree) -> None:
        process = tree.start(
            *python(
                "import os, signal, time",
                "note = open(os.environ['SM_CONTAINER_STOPPED'])",
                "print([note.read()])",
                "begin = time.monotonic()",
                "def told(*_):",
                "    print(begin < float(note.read()) < time.monotonic())",
                "    os._exit(0)",
                "signal.signal(signal.SIGTERM, told)",
                "print('ready')",
                "while True: time.sleep(0.02)",
            )
        )
        assert [read_line(process), read_line(process)] == ["['']", "ready"]
        process.send_signal(signal.SIGTERM)
        assert read_line(process) == "True"
        assert process.wait(DEADLINE) == 0


class TestPreparation:
    def test_a_stop_ends_it(self, tree: Tree) -> None:
        """pip hangs on a server that never answers; the program is never started."""
        tree.configure({"sagemaker_program": "train.py"})
        tree.write_code("train.py", "print('started')")
        tree.write_code("requirements.txt", "no-such-package")
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(DEADLINE)
            url = f"http://127.0.0.1:{server.getsockname()[1]}/"
            process = tree.start(variables={"PIP_INDEX_URL": url, "PIP_CONFIG_FILE": "/dev/null"})
            connection, _ = server.accept()
            with connection:
                process.send_signal(signal.SIGTERM)
                stdout, _ = process.communicate(timeout=DEADLINE)
        assert process.returncode == 128 + signal.SIGTERM
        assert b"started" not in stdout

    def test_a_requirement_that_cannot_be_installed_is_the_reason(self, tree: Tree) -> None:
        tree.configure({"sagemaker_program": "train.py"})
        tree.write_code("train.py", "print('started')")
        tree.write_code("requirements.txt", "./no-such-folder")
        done = tree.run()
        assert done.returncode == 1
        assert b"started" not in done.stdout
        assert tree.failure().startswith("requirements.txt cannot be installed: 'pip install")
        assert "./no-such-folder" in tree.failure()

    def test_requirements_are_installed_before_the_program_runs(self, tree: Tree) -> None:
        write_wheel(tree.layout.code / "brought-1-py3-none-any.whl")
        tree.write_code("requirements.txt", "./brought-1-py3-none-any.whl")
        tree.write_code("train.py", "import brought; print('value', brought.VALUE)")
        site = tree.layout.base / "site"
        done = tree.run(
            variables={
                "SAGEMAKER_PROGRAM": "train.py",
                "PIP_TARGET": str(site),
                "PIP_NO_INDEX": "1",
                "PYTHONPATH": str(site),
            }
        )
        assert done.returncode == 0, done.stderr.decode()
        assert b"value 42" in done.stdout


class TestReaping:
    def test_an_orphan_leaves_no_zombie(self, tree: Tree) -> None:
        """The orphan's end is seen by the supervisor while the program goes on."""
        process = tree.start(
            *python(
                "import os, sys",
                "if os.fork() == 0:",
                "    orphan = os.fork()",
                "    if orphan: print(orphan)",
                "    os._exit(0)",
                "os.wait()",
                "sys.stdin.read()",
            ),
            stdin=subprocess.PIPE,
        )
        orphan = int(read_line(process))
        wait_until(lambda: not Path(f"/proc/{orphan}").exists(), "the orphan to be reaped")
        assert process.poll() is None
        process.communicate(timeout=DEADLINE)
        assert process.returncode == 0

    def test_the_program_knows_its_supervisor(self, tree: Tree) -> None:
        process = tree.start(
            *python("import os", "print(os.environ['SM_CONTAINER_SUPERVISED'], os.getppid())")
        )
        supervisor = str(process.pid)
        assert read_line(process).split() == [supervisor, supervisor]

    def test_the_program_has_a_session_of_its_own(self, tree: Tree) -> None:
        done = tree.run(*python("import os", "print(os.getsid(0) == os.getpgrp() == os.getpid())"))
        assert done.stdout == b"True\n"


class TestTerminal:
    def test_a_terminal_is_given_through(self, tree: Tree) -> None:
        controller, terminal = pty.openpty()
        process = tree.start(
            *python("import os, sys", "print(os.isatty(2))", "sys.exit(3)"), stderr=terminal
        )
        assert read_line(process) == "True"
        assert process.wait(DEADLINE) == 3
        os.close(terminal)
        os.close(controller)
        assert tree.failure().startswith("exit code 3")


def test_a_killed_supervisor_does_not_leave_preparation_running(tree: Tree) -> None:
    """The child waits for its supervisor, and runs nothing when that is gone."""
    script = """
import os, signal, sys
from sm_container.runtime import leftovers, supervisor
leftovers.adopt_orphans = lambda: os.kill(os.getpid(), signal.SIGKILL)
supervisor.main(["--", "echo", "started"])
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=tree.environ(),
        capture_output=True,
        timeout=DEADLINE,
    )
    assert done.returncode == -signal.SIGKILL
    assert (done.stdout, done.stderr) == (b"", b"")


def test_a_broken_installation_does_not_change_the_exit_code(tree: Tree) -> None:
    """A program may install over what the supervisor would import to explain its failure."""
    broken = "import sys; sys.modules['sm_container.runtime.postmortem'] = None"
    script = f"from sm_container.runtime import supervisor; {broken}; "
    script += "sys.exit(supervisor.main(['--', 'sh', '-c', 'exit 9']))"
    done = subprocess.run(
        [sys.executable, "-c", script], env=tree.environ(), capture_output=True, timeout=DEADLINE
    )
    assert done.returncode == 9
    assert b"import of sm_container.runtime.postmortem halted" in done.stderr


def test_supervised_processes_are_gone_at_the_end(tree: Tree) -> None:
    process = tree.start(*python("import os, time", "print(os.getpid())", "time.sleep(600)"))
    program = int(read_line(process))
    process.send_signal(signal.SIGTERM)
    process.wait(DEADLINE)
    assert not is_alive(program)
