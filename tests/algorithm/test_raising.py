"""A stop that is raised in an algorithm that never looks, wherever it is."""

from __future__ import annotations

import os
import signal

import pytest

from tests.algorithm.conftest import CALLED, Training


@pytest.mark.parametrize(
    "body",
    [
        "time.sleep(600)",
        "queue.Queue().get()",
        "threading.Event().wait()",
        "sys.stdin.readline()",
        "job.stop.wait()",
        "subprocess.run(['sleep', '600'])",
        "multiprocessing.get_context('fork').Pool(2).map(time.sleep, [600])",
    ],
)
def test_blocked(training: Training, body: str) -> None:
    training.start(
        f"""
        ready()
        try:
            {body}
            say("never")
        except Exception:
            say("never")
        finally:
            say("on the way out")
    """,
        policy="RAISE",
    )
    training.is_ready()
    training.tell()
    assert training.end() == (0, ["on the way out", CALLED])
    assert not training.has_failed


def test_in_a_loop_that_computes(training: Training) -> None:
    training.start(
        """
        count = 0
        say("ready")
        while True:
            try:
                count = count + 1 if count < 1000 else 0
            except Exception:
                say("never")
    """,
        policy="RAISE",
    )
    assert training.line() == "ready"
    training.tell()
    assert training.end() == (0, [CALLED])


def test_after_a_long_call_into_c(training: Training) -> None:
    training.start("wait_in_c(); say('never')", policy="RAISE")
    os.kill(training.is_ready(), signal.SIGTERM)
    training.go_on()
    assert training.end() == (0, [CALLED])


def test_in_an_import(training: Training) -> None:
    training.tree.write_code("slow.py", "import time; print('in', flush=True); time.sleep(600)")
    training.start("import slow", policy="RAISE")
    assert training.line() == "in"
    training.tell()
    assert training.end() == (0, [CALLED])


def test_not_in_a_section_that_must_be_whole(training: Training) -> None:
    training.start(
        """
        with job.stop.deferred():
            ready()
            sys.stdin.readline()
            say("whole")
        say("never")
    """,
        policy="RAISE",
    )
    os.kill(training.is_ready(), signal.SIGTERM)
    training.go_on()
    assert training.end() == (0, ["whole", CALLED])


def test_not_while_a_model_is_saved(training: Training) -> None:
    training.start("job.save_model(write_slowly); say('never')", policy="RAISE")
    os.kill(training.is_ready(), signal.SIGTERM)
    training.go_on()
    assert training.end() == (0, [CALLED])
    assert training.model == ["whole"]


def test_a_second_signal_does_not_disturb_the_callbacks(training: Training) -> None:
    training.start(
        """
        job.stop.callback(lambda: (say("saves"), sys.stdin.readline(), say("saved")))
        ready()
        time.sleep(600)
    """,
        policy="RAISE",
    )
    pid = training.is_ready()
    training.tell()
    assert [training.line(), training.line()] == [CALLED, "saves"]
    os.kill(pid, signal.SIGTERM)
    training.go_on()
    assert training.end() == (0, ["saved"])


def test_in_what_python_ignores_exceptions_of(training: Training) -> None:
    training.start(
        """
        class Ignores:
            def __del__(self):
                ready()
                sys.stdin.readline()
        Ignores()
        while True:
            time.sleep(0.01)
    """,
        policy="RAISE",
    )
    os.kill(training.is_ready(), signal.SIGTERM)
    assert training.end() == (0, [CALLED])


def test_in_a_callback_of_c(training: Training) -> None:
    training.start(
        """
        @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
        def compare(one, other):
            ready()
            time.sleep(600)
        ctypes.CDLL(None).qsort((ctypes.c_int * 2)(2, 1), 2, 4, compare)
        while True:
            time.sleep(0.01)
    """,
        policy="RAISE",
    )
    training.is_ready()
    training.tell()
    assert training.end() == (0, [CALLED])


def test_in_a_fork(training: Training) -> None:
    begin = """
import os, signal
os.register_at_fork(before=lambda: os.kill(os.getpid(), signal.SIGTERM))
"""
    training.start(
        """
        if os.fork() == 0:
            os._exit(0)
        os.wait()
        while True:
            time.sleep(0.01)
    """,
        policy="RAISE",
        begin=begin,
    )
    assert training.end() == (0, [CALLED])


def test_a_checkpoint_of_a_callback_is_where_the_next_start_goes_on(training: Training) -> None:
    body = """
        latest = job.checkpoints.latest()
        say("starts after", latest.step if latest else None)
        steps = 7
        job.stop.callback(
            lambda: job.checkpoints.save(steps, lambda to: (to / "state").write_text("7"))
        )
        ready()
        time.sleep(600)
    """
    for line in ("starts after None", "starts after 7"):
        training.start(body, policy="RAISE")
        assert training.line() == line
        training.is_ready()
        training.tell()
        assert training.end() == (0, [CALLED])
