"""A stop that comes to an algorithm with processes of its own."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.algorithm.conftest import CALLED, Training


def test_forked_ones_outlive_the_signal_and_see_the_stop(training: Training) -> None:
    training.start(
        """
        context = multiprocessing.get_context("fork")
        def work():
            say("works")
            while not job.stop.requested:
                time.sleep(0.01)
            time.sleep(0.3)  # what a default action would have cut short
            sys.exit(0 if job.stop.seconds_left <= 50 else 1)
        worker = context.Process(target=work)
        worker.start()
        job.stop.wait()
        worker.join()
        say("ended with", worker.exitcode)
    """,
        seconds=50,
    )
    assert training.line() == "works"
    training.tell()
    assert training.end() == (0, [CALLED, "ended with 0"])


def test_forked_ones_can_be_terminated(training: Training) -> None:
    training.start("""
        context = multiprocessing.get_context("fork")
        worker = context.Process(target=time.sleep, args=(600,))
        worker.start()
        worker.terminate()
        worker.join()
        say("ended with", worker.exitcode)
        with context.Pool(2) as pool:  # terminates at its end
            say(pool.map(abs, [-1, -2]))
    """)
    assert training.end() == (0, ["ended with -15", "[1, 2]"])


def test_those_that_ignore_everything_are_killed_with_the_program(training: Training) -> None:
    training.start(
        """
        def work():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            ready()
            time.sleep(600)
        worker = multiprocessing.get_context("fork").Process(target=work)
        worker.start()
        worker.join()
    """,
        seconds=0.5,
    )
    worker = training.is_ready()
    training.tell()
    assert training.end() == (128 + signal.SIGKILL, [])
    assert not Path(f"/proc/{worker}").exists()
