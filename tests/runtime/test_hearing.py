"""Which process hears SIGTERM, and how: programs of a few lines, with and without a supervisor."""

from __future__ import annotations

import signal
import subprocess
import sys

from tests.runtime.processes import DEADLINE, Tree

BEGIN = """
import os, signal, sys, threading, time
from sm_container.runtime.hearing import hear
from sm_container.runtime.stop import Stop

stop = Stop()
"""


def run(script: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-u", "-c", BEGIN + script]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)


def test_a_handler_that_was_there_is_called_as_well_and_once() -> None:
    done = run("""
signal.signal(signal.SIGTERM, lambda number, frame: print("its own", number))
hear(stop)
for _ in range(2):
    os.kill(os.getpid(), signal.SIGTERM)
print(stop.reason)
""")
    assert (done.returncode, done.stdout) == (0, "its own 15\nSIGTERM\n"), done.stderr


def test_another_thread_than_the_main_one_changes_nothing() -> None:
    done = run("""
hearing = threading.Thread(target=hear, args=(stop,))
hearing.start()
hearing.join()
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(600)
""")
    assert done.returncode == -signal.SIGTERM, done.stderr


def test_a_forked_child_is_terminated_however_early() -> None:
    done = run("""
hear(stop)
for _ in range(100):
    child = os.fork()
    if child == 0:
        time.sleep(600)
    os.kill(child, signal.SIGTERM)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGTERM
print(signal.pthread_sigmask(signal.SIG_BLOCK, []), stop.requested)
""")
    assert (done.returncode, done.stdout) == (0, "set() False\n"), done.stderr


CHILD = """
os.setpgid(0, 0)
hear(stop)
if os.fork() == 0:
    print(os.getpgrp() == os.getppid(), os.getpgrp() == os.getpid())
    print(signal.getsignal(signal.SIGTERM).name, signal.pthread_sigmask(signal.SIG_BLOCK, []))
    os._exit(0)
os.wait()
"""


def test_a_forked_child_stays_in_its_group_on_a_desk() -> None:
    done = run(CHILD)
    assert done.stdout.splitlines() == ["True False", "SIG_DFL set()"], done.stderr


def test_a_forked_child_has_a_group_of_its_own_under_a_supervisor(tree: Tree) -> None:
    script = BEGIN + CHILD.replace("os.setpgid(0, 0)", "")  # as the supervisor has done
    done = tree.run("--", sys.executable, "-u", "-c", script)
    assert done.stdout.splitlines() == [b"False True", b"SIG_DFL set()"], done.stderr


def test_a_child_of_a_program_that_handles_signals_itself_is_left_alone(tree: Tree) -> None:
    script = CHILD.replace("os.setpgid(0, 0)", "").replace(
        "if os.fork", "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nif os.fork"
    )
    done = tree.run("--", sys.executable, "-u", "-c", BEGIN + script)
    assert done.stdout.splitlines() == [b"True False", b"SIG_IGN set()"], done.stderr
