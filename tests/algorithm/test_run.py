"""A stop of ``run``, where a test is the platform."""

from __future__ import annotations

import signal

import pytest

import sm_container as sm
from sm_container.contract.layout import Layout
from tests.algorithm.conftest import Training


@pytest.fixture
def layout(training: Training) -> Layout:
    return training.tree.layout


@pytest.mark.parametrize("on_stop", sm.OnStop)
def test_a_stop_that_a_test_asks_for(layout: Layout, on_stop: sm.OnStop) -> None:
    algorithm = sm.Algorithm("stops", on_stop=on_stop)
    stop, done = sm.Stop(), []

    @algorithm.train
    def train(job: sm.Job[dict[str, str]]) -> None:
        job.stop.callback(lambda: done.append("saved"))
        stop.request()
        done.append("goes on")

    before = signal.getsignal(signal.SIGTERM)
    algorithm.run(layout, {}, stop)
    assert done == (["goes on", "saved"] if on_stop is sm.OnStop.COOPERATE else ["saved"])
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_grace_of_the_environment(layout: Layout) -> None:
    algorithm = sm.Algorithm("stops")

    @algorithm.train
    def train(job: sm.Job[dict[str, str]]) -> None:
        job.stop.request()
        assert job.stop.seconds_left <= 7

    algorithm.run(layout, {"SM_CONTAINER_STOP_SECONDS": "7"})
