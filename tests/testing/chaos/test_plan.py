"""The plan of the trials: the same for a seed, within the window."""

from __future__ import annotations

from sm_container.testing.chaos.plan import Fault, Window, plan


def test_a_seed_gives_the_same_plan_again() -> None:
    assert plan(9, tuple(Fault), 7) == plan(9, tuple(Fault), 7)
    assert plan(9, tuple(Fault), 7) != plan(9, tuple(Fault), 8)


def test_more_trials_begin_as_fewer_do() -> None:
    assert plan(9, tuple(Fault), 7)[:4] == plan(4, tuple(Fault), 7)


def test_faults_come_in_turn() -> None:
    faults = [trial.fault for trial in plan(5, (Fault.KILL, Fault.SIGTERM), 1)]
    assert faults == [Fault.KILL, Fault.SIGTERM, Fault.KILL, Fault.SIGTERM, Fault.KILL]


def test_moments_lie_in_the_window_and_differ() -> None:
    window = Window(2.0, 5.0)
    moments = [trial.moment(window) for trial in plan(200, (Fault.KILL,), 3)]
    assert all(2 <= moment < 5 for moment in moments)
    assert min(moments) < 2.5
    assert max(moments) > 4.5
    assert len(set(moments)) == 200
