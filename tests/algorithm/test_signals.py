"""Other signals than the stop, and a stop that comes before training begins."""

from __future__ import annotations

import os
import signal

import pytest

from tests.algorithm.conftest import CALLED, Training, children


@pytest.mark.parametrize("policy", ["COOPERATE", "RAISE"])
def test_sigint_alone_is_pythons_own(training: Training, policy: str) -> None:
    training.start("ready(); time.sleep(600)", policy)
    training.is_ready()
    training.tell(signal.SIGINT)
    assert training.end() == (128 + signal.SIGINT, [])
    assert "KeyboardInterrupt" in training.log
    assert not training.has_failed


def test_sigint_ends_who_takes_too_long_after_sigterm(training: Training) -> None:
    training.start("""
        threading.Thread(target=lambda: job.stop.wait() and say("told")).start()
        ready()
        time.sleep(600)
    """)
    training.is_ready()
    training.tell()
    assert training.line() == "told"
    training.tell(signal.SIGINT)
    assert training.end() == (128 + signal.SIGINT, [CALLED])
    assert not training.has_failed


def test_in_the_imports_of_the_program(training: Training) -> None:
    """Nothing is lost yet, so that it ends at once."""
    begin = "import time\nprint('imports', flush=True)\ntime.sleep(600)\n"
    training.start("say('never')", begin=begin)
    assert training.line() == "imports"
    training.tell()
    assert training.end() == (128 + signal.SIGTERM, [])
    assert not training.has_failed


def test_while_the_job_is_loaded(training: Training) -> None:
    hyperparameters = training.tree.layout.hyperparameters
    hyperparameters.unlink()
    os.mkfifo(hyperparameters)
    training.start("say('never')")
    with hyperparameters.open("w") as file:  # once it is open at the other end
        [program] = children(training.process.pid)
        os.kill(program, signal.SIGTERM)
        file.write("{}")
    assert training.end() == (0, [])
    assert "SIGTERM came before training began" in training.log
